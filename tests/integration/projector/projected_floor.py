"""Brings a simulated floor into the warehouse over a tape, for the tests that look for it there."""

from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from few_questions import tables_with

from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.projector import Projector
from services.simulator.config import FloorConfig
from services.simulator.floor import simulate


def project(floor: FloorConfig, warehouse: Warehouse, folder: Path) -> None:
    """Bring all that a floor does into the warehouse, over a tape."""
    tape = open_tape(f"sqlite:///{folder / 'tape.sqlite'}")
    told = iter(simulate(floor))
    while lot := [Entry(home_in(raw), raw) for raw in islice(told, 2_000)]:
        tape.append(lot)
    projector = Projector(tape, warehouse, tables_with("funnel", "churn_signals"))
    projector.prepare()
    projector.catch_up()
    tape.close()


def home_in(raw: bytes) -> str:
    event = orjson.loads(raw)
    names = ("account", "deal", "actor", "subject", "source")
    return next(str(event[name]) for name in names if event.get(name))


def ask(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in warehouse.client("read").query(sql).result_rows]
