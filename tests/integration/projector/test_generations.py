"""Generations of derived tables: built beside what serves, shown when they have come as far."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from few_questions import tables_with
from waiting import wait_until

from infra.tape import Entry, Tape
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from projections.registry import Definitions
from services.projector import store
from services.projector.append import AppendLoop
from services.projector.projector import Projector

DEFINITIONS = tables_with("funnel", "quota_attainment")


def event(number: int, kind: str, data: Mapping[str, Any]) -> Entry:
    told = {
        "specversion": "1.0",
        "id": str(number),
        "source": "crm",
        "type": kind,
        "time": f"2025-01-{1 + number:02d}T10:00:00Z",
        "account": "acct-1",
        "deal": "deal-1",
        "actor": "rep-1",
        "data": dict(data),
    }
    return Entry("acct-1", json.dumps(told).encode())


OPENED = event(1, "sales.deal.opened.v1", {"pipeline": "main", "stage": "a"})
WON = event(2, "sales.deal.won.v1", {"amount": "10", "currency": "EUR"})
CALL = event(3, "sales.call.made.v1", {"direction": "outbound"})

QUESTIONS = "SELECT name, uuid FROM system.tables WHERE name LIKE 'funnel%' ORDER BY name"


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    opened = open_tape(f"sqlite:///{tmp_path / 'tape.sqlite'}")
    opened.append([OPENED, WON, CALL])
    yield opened
    opened.close()


def projector(warehouse: Warehouse, tape: Tape, definitions: Definitions) -> Projector:
    made = Projector(tape, warehouse, definitions)
    made.prepare()
    return made


def changed(table: str, *, old: str, new: str) -> Definitions:
    """The definitions with one derivation changed."""
    before = DEFINITIONS.tables[table]
    assert old in before.derive_sql
    after = replace(before, derive_sql=before.derive_sql.replace(old, new))
    return replace(DEFINITIONS, tables={**DEFINITIONS.tables, table: after})


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in warehouse.client("read").query(sql).result_rows]


def test_a_table_whose_sql_fails_lags_alone_and_says_why(
    empty_warehouse: Warehouse, tape: Tape
) -> None:
    broken = changed(
        "deals",
        old="sum(positions) AS version",
        new="toUInt64(throwIf(sum(positions) > 0, 'broken on purpose')) AS version",
    )
    followed = projector(empty_warehouse, tape, broken)
    followed.append.step()
    followed.derive.step()
    health = followed.health()
    assert set(health.failures) == {"deals"}
    assert "broken on purpose" in health.failures["deals"]
    assert health.tables[broken.tables["deals"].generation] == {}
    assert health.tables[broken.tables["accounts"].generation] == {0: 3}
    assert rows(empty_warehouse, "SELECT calls, wins FROM sales.rep_days WHERE calls > 0") == [
        (1, 0)
    ]

    mended = projector(empty_warehouse, tape, DEFINITIONS)
    mended.catch_up()
    assert mended.health().failures == {}
    assert rows(empty_warehouse, "SELECT status FROM sales.deals") == [("won",)]


@pytest.mark.parametrize("part", ["table_sql", "read_sql"])
def test_a_table_that_cannot_be_made_leaves_the_others_alone(
    empty_warehouse: Warehouse, tape: Tape, part: str
) -> None:
    broken = replace(DEFINITIONS.tables["quotas"], **{part: "SELECT nothing FROM nowhere"})
    tables = {**DEFINITIONS.tables, "quotas": broken}
    followed = projector(empty_warehouse, tape, replace(DEFINITIONS, tables=tables))
    followed.catch_up()
    assert set(followed.health().failures) == {"quotas", "quota_attainment"}
    assert rows(empty_warehouse, "SELECT status FROM sales.deals") == [("won",)]

    mended = projector(empty_warehouse, tape, DEFINITIONS)
    mended.catch_up()
    assert mended.health().failures == {}
    assert rows(empty_warehouse, "SELECT count() FROM sales.quota_attainment") == [(0,)]


def test_a_changed_definition_is_shown_when_it_has_come_as_far(
    empty_warehouse: Warehouse, tape: Tape
) -> None:
    projector(empty_warehouse, tape, DEFINITIONS).catch_up()
    other = changed(
        "deals",
        old="'open', statuses[-1])",
        new="'open', concat('it was ', statuses[-1]))",
    )
    following = projector(empty_warehouse, tape, other)
    assert following.derive.building == [other.tables["deals"].generation]
    assert rows(empty_warehouse, "SELECT status FROM sales.deals") == [("won",)]
    following.catch_up()
    assert following.derive.building == []
    assert rows(empty_warehouse, "SELECT status FROM sales.deals") == [("it was won",)]
    at = "as_of = '2025-01-02', known_at = '2100-01-01'"
    assert rows(empty_warehouse, f"SELECT status FROM sales.deals_at({at})") == [("it was open",)]
    old = DEFINITIONS.tables["deals"].generation
    assert rows(empty_warehouse, f"EXISTS TABLE sales_store.{old}") == [(0,)]


def test_a_rebuild_takes_over_and_changes_nothing(empty_warehouse: Warehouse, tape: Tape) -> None:
    followed = projector(empty_warehouse, tape, DEFINITIONS)
    followed.catch_up()
    before = rows(empty_warehouse, "SELECT * FROM sales.deals")
    questions = rows(empty_warehouse, QUESTIONS)
    generation = followed.derive.shown["deals"]
    followed.rebuild(["deals"])
    assert rows(empty_warehouse, "SELECT * FROM sales.deals") == before
    followed.catch_up()
    assert followed.derive.shown["deals"] == f"{generation}_1"
    assert rows(empty_warehouse, "SELECT * FROM sales.deals") == before
    again = projector(empty_warehouse, tape, DEFINITIONS)
    assert again.derive.building == []
    assert again.derive.shown["deals"] == f"{generation}_1"
    assert rows(empty_warehouse, QUESTIONS) == questions, "a view was made anew for nothing"


def test_a_view_that_is_defined_no_more_is_gone(empty_warehouse: Warehouse, tape: Tape) -> None:
    projector(empty_warehouse, tape, DEFINITIONS)
    questions = {n: q for n, q in DEFINITIONS.questions.items() if n != "funnel"}
    projector(empty_warehouse, tape, replace(DEFINITIONS, questions=questions))
    found = rows(empty_warehouse, "SELECT name FROM system.tables WHERE database = 'sales'")
    names = {name for (name,) in found}
    assert "deals" in names
    assert not {"funnel", "funnel_at"} & names


def test_a_record_the_engine_refuses_is_singled_out_and_the_others_go_in(
    empty_warehouse: Warehouse, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = store.insert

    def refusing(client: Client, table: str, batch: pa.Table) -> None:
        if table == "events" and "2" in batch.column("id").to_pylist():
            raise DatabaseError("Cannot parse it", code=26)
        really(client, table, batch)

    monkeypatch.setattr(store, "insert", refusing)
    followed = projector(empty_warehouse, tape, DEFINITIONS)
    followed.catch_up()
    assert rows(empty_warehouse, "SELECT id FROM sales.events ORDER BY id") == [("1",), ("3",)]
    kept = "SELECT offset, valid, reason FROM sales_store.tape ORDER BY offset"
    assert rows(empty_warehouse, kept) == [
        (0, 1, ""),
        (1, 0, "the warehouse refuses it: Cannot parse it"),
        (2, 1, ""),
    ]
    assert followed.health().rejected == 1


def test_an_error_that_may_pass_rejects_nothing(
    empty_warehouse: Warehouse, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.projector.append import AppendLater

    followed = projector(empty_warehouse, tape, DEFINITIONS)

    def full(*_: object) -> None:
        raise DatabaseError("No space left on device", code=243)

    with monkeypatch.context() as patched:
        patched.setattr(store, "insert", full)
        with pytest.raises(AppendLater, match="No space left"):
            followed.append.step()
    followed.catch_up()
    assert followed.health().rejected == 0
    assert rows(empty_warehouse, "SELECT count() FROM sales.events") == [(3,)]


def test_what_nobody_expected_does_not_end_the_loop(
    empty_warehouse: Warehouse, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = projector(empty_warehouse, tape, DEFINITIONS)
    really, told = AppendLoop.step, []

    def failing_at_first(loop: AppendLoop) -> int:
        if not told:
            told.append(loop)
            raise SystemError("bad argument to internal function")
        return really(loop)

    monkeypatch.setattr(AppendLoop, "step", failing_at_first)
    followed.start()
    try:
        wait_until(lambda: rows(empty_warehouse, "SELECT count() FROM sales.events") == [(3,)])
        wait_until(lambda: followed.health().failures == {})
    finally:
        followed.stop()
    assert told


def test_no_table_is_derived_by_conflicts_that_are_not_kept_up_any_more(
    empty_warehouse: Warehouse, tape: Tape
) -> None:
    projector(empty_warehouse, tape, DEFINITIONS).catch_up()
    other = changed("conflicts", old="toUInt64(1) AS version", new="toUInt64(2) AS version")
    # Under the name of the first call and with another content, on another day: it counts nowhere.
    again = json.loads(CALL.value) | {"time": "2025-02-01T10:00:00Z"}
    tape.append([Entry("acct-1", json.dumps(again).encode())])
    projector(empty_warehouse, tape, other).catch_up()
    client = empty_warehouse.client("read")
    assert client.query("SELECT sum(calls) FROM sales.rep_days").result_rows == [(1,)]
    assert client.query("SELECT count() FROM sales.conflicts").result_rows == [(1,)]
