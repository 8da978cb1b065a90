"""A small floor told event by event, for questions whose answers are worked by hand."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from emptied import SHIPPED as DEFINITIONS
from emptied import swept

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from projections import forms
from projections.slices import PARAMETERS
from services.projector import store
from services.projector.append import AppendLoop
from services.projector.derive import DeriveLoop

STORED = ("events", "events_by_day", "tape", "appended", "positions")
ENVELOPE = ("id", "source", "account", "deal", "actor", "subject", "sequence")


def told(kind: str, time: str, **named: Any) -> dict[str, Any]:
    """Return an event of `sales.<kind>.v1` on a day, or at a time, of 2024: `03-01 12:00`.

    What is named like an attribute of the envelope is one, all else is the payload.
    """
    day, _, hour = time.partition(" ")
    about = {name: named.pop(name) for name in ENVELOPE if name in named}
    return {
        "specversion": "1.0",
        "id": f"{kind} {time} {sorted(about.items())} {sorted(named.items())}"[:120],
        "source": "crm",
        "type": f"sales.{kind}.v1",
        "time": f"2024-{day}T{hour or '00:00'}:00Z",
        **about,
        "data": named,
    }


def corrected(target: dict[str, Any], time: str | None = None, **payload: Any) -> dict[str, Any]:
    """Return the correction of an event: other fields of the payload, or another time."""
    day, _, hour = (time or "").partition(" ")
    data = {
        "corrected_time": f"2024-{day}T{hour or '00:00'}:00Z" if time else target["time"],
        "payload": {
            name: value for name, value in (target["data"] | payload).items() if value is not None
        },
    }
    return _amendment(target, "sales.event.corrected.v1", data)


def retracted(target: dict[str, Any]) -> dict[str, Any]:
    """Return the retraction of an event."""
    return _amendment(target, "sales.event.retracted.v1", {})


def _amendment(target: dict[str, Any], kind: str, data: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: target[name] for name in ("account", "deal", "actor", "subject") if name in target
    }
    named: dict[str, Any] = {
        f"target_{name}": target[name] for name in ("source", "id", "type", "time")
    }
    return {
        "specversion": "1.0", "id": f"amends {target['id']} {data}"[:120], "source": "desk",
        "type": kind, "time": "2024-12-01T00:00:00Z", **kept, "data": named | data,
    }  # fmt: skip


def at(time: str) -> datetime:
    """Return a time of 2024 as the engine tells it."""
    day, _, hour = time.partition(" ")
    return datetime.fromisoformat(f"2024-{day}T{hour or '00:00'}:00")


class Floor:
    """One warehouse, prepared once; each telling begins with an empty one."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.client: Client = warehouse.client("derive")
        self.folder = folder
        self.tapes = 0
        self.answers: dict[str, str] = {}
        swept(warehouse)
        store.prepare(self.client)
        loop = DeriveLoop(self.client, DEFINITIONS)
        loop.start()
        assert loop.failures == {}
        self.generations = list(loop.shown.values())

    def tell(self, *events: dict[str, Any]) -> None:
        """Let these events be all that ever happened; in the order in which they are recorded."""
        for table in (*STORED, *self.generations):
            self.client.command(f"TRUNCATE TABLE sales_store.{table}")
        self.answers.clear()
        self.tapes += 1
        tape = open_tape(f"sqlite:///{self.folder / f'{self.tapes}.sqlite'}")
        for event in events:
            value = json.dumps(event).encode()
            parsed = parse_event(value)
            assert not isinstance(parsed, Rejection), (event, parsed)
            tape.append([Entry(home_of(parsed), value)])
        append = AppendLoop(tape, self.client)
        append.start()
        append.step()
        derive = DeriveLoop(self.client, DEFINITIONS)
        derive.resume()
        while derive.step():
            pass
        assert derive.failures == {}
        tape.close()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(sql).result_rows]

    def answer(self, question: str) -> str:
        """Return the table that holds a question's answer; each is asked once in a telling.

        What to ask as of two clocks takes is planning it, however little there is to read.
        """
        if question not in self.answers:
            name = f"default.answer_{len(self.answers)}"
            asked, clocks, _ = question.partition("_at(")
            if clocks:
                # Its columns are those of the question now; to be told them would be to plan it.
                self.client.command(
                    f"CREATE OR REPLACE TABLE {name} AS sales.{asked} ENGINE = Memory"
                )
                self.client.command(f"INSERT INTO {name} SELECT * FROM sales.{question}")
            else:
                self.client.command(
                    f"CREATE OR REPLACE TABLE {name} ENGINE = Memory "
                    f"AS SELECT * FROM sales.{question}"
                )
            self.answers[question] = name
        return self.answers[question]


def ask(floor: Floor, columns: str, question: str, where: str = "1") -> list[tuple[Any, ...]]:
    """Ask a question; fractions are told to three places."""
    return rounded(floor.ask(f"SELECT {columns} FROM {floor.answer(question)} WHERE {where}"))


def ask_cut(
    floor: Floor, columns: str, question: str, as_of: str, where: str = "1", **cut: str
) -> list[tuple[Any, ...]]:
    """Ask a question in slices or periods as of a time, as `show` does."""
    asked = DEFINITIONS.questions[question]
    text = forms.question_in(forms.BY_AT, asked, DEFINITIONS, cut.get("by", ""))
    sql = f"SELECT {columns} FROM ({text}) WHERE {where}"
    given = dict.fromkeys(PARAMETERS, "") | cut | {"as_of": as_of, "known_at": "2100-01-01"}
    found = floor.client.query(sql, parameters=forms.only_named(sql, given)).result_rows
    return rounded([tuple(row) for row in found])


def rounded(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [
        tuple(round(value, 3) if isinstance(value, float) else value for value in row)
        for row in rows
    ]
