"""The endpoint over the real engine with a few deals in it, and clients of both its users."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client
from emptied import emptied
from few_questions import tables_with
from serving import served

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.reading.limits import Limits
from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.projector import Projector
from services.warehouse.access import WRITER, Gate
from services.warehouse.app import warehouse_app
from services.warehouse.house import House

KEY = "a-key-for-those-who-write"
AS_WRITER = {"X-ClickHouse-User": WRITER, "X-ClickHouse-Key": KEY}
LIMITS = Limits(max_seconds=2, max_memory_bytes=400 * 2**20, max_rows=2_000_000)


def _entry(number: int) -> Entry:
    event = {
        "id": f"e{number}",
        "source": "crm",
        "type": "sales.deal.opened.v1",
        "time": f"2021-01-{number + 1:02d}T09:00:00Z",
        "deal": f"D-{number}",
        "account": f"Acme {number % 3}",
        "actor": "ann",
        "data": {"pipeline": "main", "stage": "contact", "amount": "10.50", "currency": "EUR"},
    }
    value = json.dumps(event).encode()
    parsed = parse_event(value)
    assert not isinstance(parsed, Rejection), parsed
    return Entry(home_of(parsed), value)


@pytest.fixture(scope="module")
def filled(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Warehouse, None, None]:
    """The engine with nine deals in it."""
    emptied(warehouse)
    tape = open_tape(f"sqlite://{tmp_path_factory.mktemp('endpoint') / 'tape.sqlite'}")
    tape.append([_entry(number) for number in range(9)])
    projector = Projector(
        tape, warehouse, tables_with("funnel", "churn_signals", "quota_attainment")
    )
    projector.prepare()
    projector.catch_up()
    assert projector.health().failures == {}
    yield warehouse
    tape.close()


@pytest.fixture(scope="module")
def house(filled: Warehouse) -> Generator[House, None, None]:
    with House(filled, LIMITS) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(house: House) -> Generator[str, None, None]:
    with served(warehouse_app(house, Gate(None, KEY), statements=4)) as served_at:
        yield served_at


@pytest.fixture(scope="module")
def http(address: str) -> Generator[httpx.Client, None, None]:
    """A plain HTTP client that says nothing of its own, such as which compression it takes."""
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as client:
        client.headers.pop("accept-encoding")
        yield client


@pytest.fixture(scope="module")
def connect(address: str) -> Generator[Callable[..., Client], None, None]:
    """Opens clickhouse-connect clients; those that a test leaves open are closed."""
    opened = []

    def open_one(**options: Any) -> Client:
        at = httpx.URL(address)
        opened.append(clickhouse_connect.get_client(host=at.host, port=at.port, **options))
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture
def reader(connect: Callable[..., Client]) -> Client:
    return connect()


@pytest.fixture
def writer(connect: Callable[..., Client]) -> Client:
    client = connect(username=WRITER, password=KEY)
    client.command("CREATE DATABASE IF NOT EXISTS made ENGINE = Atomic")
    client.command("DROP TABLE IF EXISTS made.things")
    client.command(
        "CREATE TABLE made.things (n UInt32, name String, kind LowCardinality(String), "
        "weight Nullable(Float64)) ENGINE = MergeTree ORDER BY n"
    )
    return client


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file outside the warehouse that no statement may read."""
    path = tmp_path_factory.mktemp("outside") / "secret.csv"
    path.write_text("a\nhunter2\n")
    return path
