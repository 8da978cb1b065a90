"""A real ClickHouse server keeps the contract of warehouses."""

from collections.abc import Generator

import pytest
from emptied import emptied
from warehouse_contract import WarehouseContract

from infra.settings import ServerSettings
from infra.warehouse import Warehouse


class TestClickHouseServer(WarehouseContract):
    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, clickhouse_server: str) -> Generator[Warehouse, None, None]:
        with Warehouse(clickhouse_server, ServerSettings()) as opened:
            yield opened
            emptied(opened)
