"""The warehouse on a server, as `salestape warehouse` is one: the contract over HTTP."""

from collections.abc import Generator

import pytest
from few_questions import tables_with
from pydantic import SecretStr
from serving import served
from warehouse_contract import WarehouseContract

from infra.settings import ServerSettings
from infra.warehouse import Warehouse
from services.warehouse.access import Gate
from services.warehouse.app import warehouse_app
from services.warehouse.house import House

KEY = "a-key/with:odd@signs"


class TestServedWarehouse(WarehouseContract):
    definitions = tables_with("deal_history", "funnel")  # the engine is the embedded one

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, warehouse: Warehouse) -> Generator[Warehouse, None, None]:
        with (
            House(warehouse) as house,
            served(warehouse_app(house, Gate(None, KEY), statements=4)) as address,
        ):
            settings = ServerSettings(user="writer", password=SecretStr(KEY))
            with Warehouse(address.replace("http", "clickhouse"), settings) as opened:
                yield opened
