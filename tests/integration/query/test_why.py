"""Every question can show its events: put alone into an empty platform, they give the row again.

For every question that has a `why`, some rows of a simulated floor and of one example of every
event are explained; then the ledger is emptied, the shown events alone are appended, and the
columns that the question says follow from them are the same. What is explained is read off the
tables, with a clock that stands still: that takes a fraction of computing it from the ledger. With
that clock, what answers otherwise as time goes by is asked as of the same time as well.
"""

import json
import os
import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from emptied import SHIPPED as DEFINITIONS
from emptied import swept, take_rows_out
from few_questions import hangs_on_the_time

import events
from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from projections import forms
from projections.registry import Question
from services.projector.append import AppendLoop
from services.projector.derive import DeriveLoop
from services.projector.projector import Projector
from services.projector.trial_events import example_entries
from services.query.answers import Answer, Slices
from services.query.reader import Reader
from services.simulator.config import FloorConfig
from services.simulator.floor import simulate

EXPLAINED = [question for question in DEFINITIONS.questions.values() if question.why]
FLOOR = FloorConfig(seed=5, days=120, accounts=20)
STILL = "toDateTime64('2031-01-01 23:59:59.999999', 6, 'UTC')"
"""After all events: the examples that are corrected move to 2030."""
STOOD_AT = "as_of = '2031-01-01', known_at = '2100-01-01'"
TIMED = [name for name, asked in DEFINITIONS.questions.items() if hangs_on_the_time(asked)]
FEW = min(len(TIMED), 2 * int(os.environ.get("SALESTAPE_LAW_EXAMPLES", "3")))
"""How many of those are asked as of two clocks: planning one takes half a second."""
NUMBERS = ("Int", "UInt", "Float", "Decimal")
CUTS = (Slices(by="rep", period="quarter"),)
"""How a question that can be cut so is cut as well."""
CUT = list({tuple(one.sliced[0].given): one for one in EXPLAINED if one.sliced}.values())
"""One question of those that are cut by the same: how that is done is the same."""


@dataclass(frozen=True)
class Told:
    """A row of a question, and the events that are shown for it."""

    question: Question
    slices: Slices
    row: dict[str, Any]
    types: dict[str, str]
    events: list[dict[str, Any]]

    @property
    def columns(self) -> list[str]:
        return list(self.question.explains) or [
            name
            for name, kind in self.types.items()
            if kind.replace("Nullable(", "").startswith(NUMBERS)
        ]


def entry_of(raw: bytes) -> Entry:
    parsed = parse_event(raw)
    assert not isinstance(parsed, Rejection), parsed
    return Entry(home_of(parsed), raw)


def told_by(event: dict[str, Any]) -> bytes:
    """Return an event, as the ledger shows it, as it is appended."""
    names = ("type", "source", "id", "subject", "account", "deal", "actor")
    told = {name: event[name] for name in names if event[name]}
    told["time"] = f"{event['time'].isoformat()}Z"
    if event["sequence"]:
        told["sequence"] = event["sequence"]
    return json.dumps(told | {"data": json.loads(event["data"])}).encode()


def as_dicts(answer: Answer) -> list[dict[str, Any]]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def record(warehouse: Warehouse, entries: list[Entry], question: Question, path: Path) -> None:
    """Let these events be all that ever happened, and derive the tables the question reads."""
    take_rows_out(warehouse.client("admin"))
    tape = open_tape(f"sqlite:///{path}")
    tape.append(entries)
    append = AppendLoop(tape, warehouse.client("append"))
    append.start()
    while append.step():
        pass
    tape.close()
    read, _ = forms.made_of(question, DEFINITIONS)
    tables = {name: table for name, table in DEFINITIONS.tables.items() if name in read}
    derive = DeriveLoop(warehouse.client("derive"), replace(DEFINITIONS, tables=tables))
    derive.resume()
    while derive.step():
        pass
    assert derive.failures == {}


def cuts_of(question: Question) -> Iterator[Slices]:
    yield Slices()
    if question not in CUT:
        return
    dimensions, periods = forms.dimensions_of(question, DEFINITIONS), forms.periods_of(question)
    for cut in CUTS:
        if cut.by in ("", *dimensions) and cut.period in ("", *periods):
            yield cut


def one_of(rows: list[dict[str, Any]], slices: Slices) -> list[dict[str, Any]]:
    """Return the first row, or of what is cut the last."""
    return rows[-1:] if slices.given() else rows[:1]


def as_text(value: Any) -> str:
    return "" if value is None else str(value)


def explained(reader: Reader, question: Question, slices: Slices) -> Iterator[Told]:
    answer = reader.show(question.name, slices=slices)
    types = dict(zip(answer.columns, answer.types, strict=True))
    for row in one_of(as_dicts(answer), slices):
        named = {name: as_text(row[name]) for name in question.key}
        told = reader.why(question.name, named, slices=slices)
        (told_row,) = as_dicts(told.row)
        assert all(told_row[name] == row[name] for name in question.key)
        yield Told(question, slices, told_row, types, as_dicts(told.events))


@dataclass(frozen=True)
class Asked:
    """What was asked while all of it was there."""

    told: list[Told]
    """Rows of every question, explained."""
    apart: dict[str, Any]
    """Of a few questions, rows that differ between now and the same time as of two clocks."""


@pytest.fixture(scope="module")
def asked(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Asked, None, None]:
    """The clock stands still until the last row is told again."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(forms, "CLOCK", STILL)
        yield ask_all(warehouse, tmp_path_factory.mktemp("why"))


@pytest.fixture(scope="module")
def told(asked: Asked) -> list[Told]:
    return asked.told


def ask_all(warehouse: Warehouse, folder: Path) -> Asked:
    swept(warehouse)
    examples = Path(events.__file__).parent / "examples"
    entries, _ = example_entries({path: path.read_bytes() for path in examples.glob("*.json")})
    entries += [entry_of(raw) for raw in simulate(FLOOR)]
    tape = open_tape(f"sqlite:///{folder / 'all.sqlite'}")
    tape.append(entries)
    projector = Projector(tape, warehouse, DEFINITIONS)
    projector.prepare()
    projector.catch_up()
    tape.close()
    found: list[Told] = []
    with Reader(warehouse, definitions=DEFINITIONS) as reader:
        for question in EXPLAINED:
            for slices in cuts_of(question):
                found += explained(reader, question, slices)
        return Asked(found, apart_as_of_two_clocks(reader))


def apart_as_of_two_clocks(reader: Reader) -> dict[str, Any]:
    """Return what differs, of a few of the questions that hang on the time."""

    def rows(source: str) -> set[str]:
        return {repr(row) for row in reader.query(f"SELECT * FROM {source}").rows}

    answers = {one: (rows(one), rows(f"{one}_at({STOOD_AT})")) for one in random.sample(TIMED, FEW)}
    return {one: now ^ then for one, (now, then) in answers.items() if now != then or not now}


def test_now_is_as_of_now(asked: Asked) -> None:
    assert asked.apart == {}


@pytest.mark.parametrize("question", EXPLAINED, ids=lambda one: one.name)
def test_the_events_shown_for_a_row_give_the_row(
    question: Question, told: list[Told], warehouse: Warehouse, tmp_path: Path
) -> None:
    rows = [one for one in told if one.question == question]
    assert rows, "no row to explain: neither the floor nor the examples have what it asks for"
    with Reader(warehouse, definitions=DEFINITIONS) as reader:
        for place, one in enumerate(rows):
            entries = [entry_of(told_by(event)) for event in one.events]
            assert entries, one.row
            record(warehouse, entries, question, tmp_path / f"{place}.sqlite")
            again = as_dicts(reader.show(question.name, slices=one.slices))
            same = [row for row in again if all(row[n] == one.row[n] for n in question.key)]
            assert len(same) == 1, (one.slices, one.row)
            for column in one.columns:
                expected = one.row[column]
                if isinstance(expected, float):
                    expected = pytest.approx(expected, rel=1e-9)
                assert same[0][column] == expected, (column, one.slices, one.row)
