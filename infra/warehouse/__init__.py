"""The warehouse: ClickHouse, embedded or on a server, through one API."""

from infra.warehouse.opening import Role, Warehouse, WarehouseError

__all__ = ["Role", "Warehouse", "WarehouseError"]
