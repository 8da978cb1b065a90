"""The replay and the SQL of `deals` are two readings of one ledger, and they agree."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from deal_histories import EPOCH, Neighbourhood
from emptied import emptied
from few_questions import tables_with

from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from projections.moments import as_parameter
from services.audit.fold import DealState
from services.audit.history import Line, UnknownDeal
from services.audit.records import LedgerRecord, records_of
from services.audit.replay import replay_of
from services.projector.projector import Projector

NEIGHBOURHOODS = 70
RECORDS_EACH = 30
ROUNDS = 6


@dataclass
class Town:
    """Many deals on one tape, projected."""

    client: Client
    records: dict[str, list[LedgerRecord]]
    """Deal to what the ledger holds of it."""
    learnt: list[datetime]
    """When the tape had learnt a sixth, two sixths, … of all."""


@pytest.fixture(scope="module")
def town(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Generator[Town]:
    client = emptied(warehouse).client("admin")
    tape = open_tape(f"sqlite://{tmp_path_factory.mktemp('town') / 'tape.sqlite'}")
    neighbourhoods = [Neighbourhood(f"n{n}", Random(n)) for n in range(NEIGHBOURHOODS)]
    learnt = []
    for _ in range(ROUNDS):
        entries = [e for n in neighbourhoods for e in n.records(RECORDS_EACH // ROUNDS)]
        learnt.append(tape.append(entries)[-1].recorded_at)
    projector = Projector(tape, warehouse, tables_with())
    projector.prepare()
    projector.catch_up()
    assert projector.health().rejected == 0
    deals = [deal for n in neighbourhoods for deal in n.deals]
    yield Town(client, {deal: records_of(client, deal) for deal in deals}, learnt)
    tape.close()


def rows_of(client: Client, source: str) -> dict[tuple[str, str], dict[str, Any]]:
    result = client.query(f"SELECT * FROM {source}")
    rows = [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]
    return {(row["key"], row["deal"]): row for row in rows}


def row_of(home: str, deal: str, state: DealState, changes: list[dict[str, Any]]) -> dict[str, Any]:
    """A state as a row of `deals`."""

    def told(value: str | None) -> str:
        return value or ""

    def naive(moment: datetime | None) -> datetime | None:
        return moment.astimezone(UTC).replace(tzinfo=None) if moment else None

    return {
        "key": home,
        "deal": deal,
        "account": told(state.account),
        "pipeline": told(state.pipeline),
        "stage": told(state.stage),
        "status": state.status,
        "owner": told(state.owner),
        "amount": state.amount,
        "currency": told(state.currency),
        "product": told(state.product),
        "lead": told(state.lead),
        "opened_at": naive(state.opened_at),
        "closed_at": naive(state.closed_at),
        "stage_since": naive(state.stage_since) or datetime(1970, 1, 1),  # noqa: DTZ001
        "expected_close": state.expected_close,
        "reason": told(state.reason),
        "competitor": told(state.competitor),
        "path": [{"stage": s, "entered_at": naive(since)} for s, since in state.path],
        "changes": changes,
        "last_event_at": naive(state.last_event_at),
        "events": state.events,
    }


def changes_of(lines: Iterable[Line], home: str) -> list[dict[str, Any]]:
    """What a deal was from when on: its states after each of its own events, where they differ."""
    found: list[dict[str, Any]] = []
    for line in lines:
        if not line.counts or line.home != home or not line.type.startswith("sales.deal."):
            continue
        state = line.state
        assert state is not None
        change = {
            "at": line.time.astimezone(UTC).replace(tzinfo=None),
            "status": state.status,
            "pipeline": state.pipeline or "",
            "stage": state.stage or "",
            "amount": state.amount,
            "currency": state.currency or "",
            "expected_close": state.expected_close,
        }
        if not found or found[-1] | {"at": None} != change | {"at": None}:
            found.append(change)
    return found


def replayed(town: Town, at: datetime | None, known: datetime | None) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    for deal, records in town.records.items():
        try:
            replay = replay_of(deal, records, at, known)
        except UnknownDeal:
            continue
        found |= {
            (home, deal): row_of(home, deal, state, changes_of(replay.lines, home))
            for home, state in replay.states.items()
        }
    return found


def assert_alike(left: dict[tuple[str, str], Any], right: dict[tuple[str, str], Any]) -> None:
    assert left.keys() == right.keys()
    odd = {
        where: {
            n: (row.get(n), right[where][n]) for n in right[where] if row.get(n) != right[where][n]
        }
        for where, row in left.items()
        if row != right[where]
    }
    assert odd == {}


def test_the_state_after_the_last_event_is_the_row_of_deals(town: Town) -> None:
    rows = rows_of(town.client, "sales.deals")
    assert len(rows) > 200
    assert {row["status"] for row in rows.values()} == {"open", "won", "lost"}
    assert_alike(rows, replayed(town, None, None))


@pytest.mark.parametrize(
    ("at", "known"),
    [
        (EPOCH.replace(day=2), None),
        (None, 2),
        (EPOCH.replace(day=3, hour=0), 1),
        (EPOCH.replace(day=1, hour=20), 4),
    ],
)
def test_it_is_that_row_as_of_any_two_clocks(
    town: Town, at: datetime | None, known: int | None
) -> None:
    learnt = None if known is None else town.learnt[known]
    as_of = as_parameter(at or datetime(2190, 1, 1, tzinfo=UTC))
    known_at = as_parameter(learnt or datetime(2190, 1, 1, tzinfo=UTC))
    rows = rows_of(town.client, f"sales.deals_at(as_of = '{as_of}', known_at = '{known_at}')")
    assert len(rows) > 50
    assert_alike(rows, replayed(town, at, learnt))


def test_the_lines_that_count_are_the_steps_of_deal_history(town: Town) -> None:
    steps: dict[str, list[tuple[Any, ...]]] = {}
    for deal, *step in town.client.query(
        "SELECT deal, time, type, source, id, key FROM sales.events WHERE deal != '' "
        "ORDER BY deal, time, sequence, source, id, key"
    ).result_rows:
        steps.setdefault(deal, []).append(tuple(step))
    for deal, records in town.records.items():
        lines = replay_of(deal, records).lines
        told = [
            (line.time.replace(tzinfo=None), line.type, line.source, line.id, line.home)
            for line in lines
            if line.counts
        ]
        assert told == steps.get(deal, [])


def test_every_standing_and_every_trouble_occurs_in_these_histories(town: Town) -> None:
    lines = [
        line for deal, records in town.records.items() for line in replay_of(deal, records).lines
    ]
    assert {line.standing for line in lines} == {"live", "corrected", "retracted", "moved"}
    assert any(line.repeats for line in lines)
    assert any(line.conflicts for line in lines)
    whys = {a.why_not for line in lines for a in line.amendments}
    assert "a later one holds" in whys
    assert "it names another rep than its target" in whys
