"""The embedded warehouse keeps the contract of warehouses."""

import pytest
from warehouse_contract import WarehouseContract

from infra.warehouse import Warehouse


class TestEmbeddedWarehouse(WarehouseContract):
    durable = False  # the tests' engine waits for no disk

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, warehouse: Warehouse) -> Warehouse:
        return warehouse
