"""A real ClickHouse server keeps the contract: one named in the environment, or in a container."""

import os
from collections.abc import Generator

import pytest
from conftest import docker_answers
from warehouse_contract import WarehouseContract, emptied

from infra.settings import ServerSettings
from infra.warehouse import Warehouse

IMAGE = "clickhouse/clickhouse-server:26.8.20.9"


@pytest.fixture(scope="module")
def server() -> Generator[str, None, None]:
    """The URL of a server that the tests may fill: SALESTAPE_CLICKHOUSE, else a container's."""
    if named := os.environ.get("SALESTAPE_CLICKHOUSE"):
        yield named
        return
    if not docker_answers():
        pytest.skip(
            "cannot be otherwise: no Docker engine answers, and SALESTAPE_CLICKHOUSE names no "
            "server (clickhouse://user:password@host:port)"
        )
    from testcontainers.clickhouse import ClickHouseContainer

    with ClickHouseContainer(IMAGE, username="writer", password="writes-here") as container:
        port = container.get_exposed_port(8123)
        yield f"clickhouse://writer:writes-here@{container.get_container_host_ip()}:{port}"


class TestClickHouseServer(WarehouseContract):
    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, server: str) -> Generator[Warehouse, None, None]:
        with Warehouse(server, ServerSettings()) as opened:
            yield opened
            emptied(opened)
