"""A small projected warehouse and a reader of it, shared by the tests of one module."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from emptied import SHIPPED, swept

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.reading.limits import Limits
from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.projector import Projector
from services.query.reader import Reader


def _events() -> Generator[dict[str, Any]]:
    stages = ("contact", "needs", "proposal")
    yield {
        "type": "sales.pipeline.defined.v1",
        "time": "2020-12-01T00:00:00Z",
        "subject": "main",
        "data": {
            "pipeline": "main",
            "stages": [{"name": name, "position": n + 1} for n, name in enumerate(stages)],
        },
    }
    for n in range(20):
        about = {"deal": f"D-{n}", "account": f"Acme {n % 4}", "actor": ("ann", "bob")[n % 2]}
        yield about | {
            "type": "sales.deal.opened.v1",
            "time": f"2021-01-{n + 1:02d}T09:00:00Z",
            "data": {"pipeline": "main", "stage": "contact", "amount": "10.50", "currency": "EUR"},
        }
        if n % 2:
            yield about | {
                "type": "sales.deal.won.v1",
                "time": f"2021-02-{n + 1:02d}T09:00:00Z",
                "data": {"amount": f"{n}00.25", "currency": "EUR"},
            }
        yield {k: v for k, v in about.items() if k != "deal"} | {
            "type": "sales.purchase.made.v1",
            "time": f"2021-03-{n + 1:02d}T09:00:00Z",
            "data": {"amount": "7", "currency": "EUR"},
        }


def _entry(number: int, event: dict[str, Any]) -> Entry:
    value = json.dumps(event | {"id": f"e{number}", "source": "crm"}).encode()
    parsed = parse_event(value)
    assert not isinstance(parsed, Rejection), parsed
    return Entry(home_of(parsed), value)


@pytest.fixture(scope="module")
def filled(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Warehouse, None, None]:
    """The engine with twenty deals in it, ten of them won."""
    swept(warehouse)
    tape = open_tape(f"sqlite://{tmp_path_factory.mktemp('query') / 'tape.sqlite'}")
    tape.append([_entry(number, event) for number, event in enumerate(_events())])
    projector = Projector(tape, warehouse, SHIPPED)
    projector.prepare()
    projector.catch_up()
    assert projector.health().failures == {}
    yield warehouse
    tape.close()


@pytest.fixture(scope="module")
def reader(filled: Warehouse) -> Generator[Reader, None, None]:
    limits = Limits(max_seconds=20, max_memory_bytes=400 * 2**20, max_rows=5_000)
    with Reader(filled, limits) as opened:
        yield opened


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file outside the warehouse that no statement may read."""
    path = tmp_path_factory.mktemp("outside") / "secret.csv"
    path.write_text("a\nhunter2\n")
    return path
