"""The engine the importers run in, and the bench their tests write importers on."""

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from import_bench import ABOUT, Bench, MemorySink

from infra.warehouse import Warehouse


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture(scope="session")
def engine(warehouse: Warehouse) -> Client:
    return warehouse.client("import")


@pytest.fixture
def bench(tmp_path: Path, engine: Client, sink: MemorySink) -> Bench:
    """An importer with one input, `rows`, whose SELECT and files the test writes."""
    (tmp_path / "importer").mkdir()
    (tmp_path / "files").mkdir()
    made = Bench(tmp_path, engine, sink)
    made.about(ABOUT)
    return made
