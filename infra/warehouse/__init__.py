"""The warehouse: ClickHouse, embedded or on a server, through one API."""

from infra.warehouse.contract import Role, WarehouseError, WarehouseRefused, WarehouseUnavailable
from infra.warehouse.failures import (
    FAILURES,
    Outlook,
    blames_a_value,
    brief,
    code_of,
    may_pass_later,
    outlook,
)
from infra.warehouse.layout import Layout, layout_of
from infra.warehouse.opening import Warehouse

__all__ = [
    "FAILURES",
    "Layout",
    "Outlook",
    "Role",
    "Warehouse",
    "WarehouseError",
    "WarehouseRefused",
    "WarehouseUnavailable",
    "blames_a_value",
    "brief",
    "code_of",
    "layout_of",
    "may_pass_later",
    "outlook",
]
