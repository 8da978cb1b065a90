"""How much a round takes at a time changes nothing, nor what it is reckoned by."""

import json
from collections.abc import Iterable
from pathlib import Path

from few_questions import tables_with

from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector import store
from services.projector.projector import Projector


def calls(account: str, numbers: Iterable[int]) -> list[Entry]:
    told = {
        "specversion": "1.0",
        "source": "phone",
        "type": "sales.call.made.v1",
        "account": account,
        "deal": f"deal of {account}",
        "actor": "rep-1",
        "data": {"direction": "outbound"},
    }
    return [
        Entry(
            account,
            json.dumps(
                told
                | {"id": f"{account} {number}", "time": f"2025-01-{1 + number % 28:02d}T10:00Z"}
            ).encode(),
        )
        for number in numbers
    ]


def test_scopes_that_hold_more_than_those_before_are_counted(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    tape = open_tape(f"sqlite:///{tmp_path / 'tape.sqlite'}")
    tape.append([entry for number in range(9) for entry in calls(f"a{number}", [number])])
    projector = Projector(tape, empty_warehouse, tables_with())
    projector.derive.slice_rows, projector.derive._touched.few = 3, 0
    projector.prepare()
    projector.catch_up()
    tape.append([*calls("b", range(50)), *calls("a0", range(20, 40))])
    projector.catch_up()
    tape.close()
    client = empty_warehouse.client("read")
    assert client.query(
        "SELECT account, events FROM sales.accounts WHERE events > 1 ORDER BY account"
    ).result_rows == [("a0", 21), ("b", 50)]
    assert client.query("SELECT count(), sum(events) FROM sales.accounts").result_rows == [(10, 79)]
    assert client.query("SELECT sum(calls) FROM sales.rep_days").result_rows == [(79,)]


def test_a_store_older_than_a_column_gets_it_with_what_it_was(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    tape = open_tape(f"sqlite:///{tmp_path / 'tape.sqlite'}")
    tape.append(calls("a", range(2)))
    projector = Projector(tape, empty_warehouse, tables_with())
    projector.prepare()
    projector.catch_up()
    client = empty_warehouse.client("admin")
    client.command("ALTER TABLE sales_store.tape DROP COLUMN deal")
    store.prepare(client)
    tape.append(calls("b", range(3)))
    projector.catch_up()
    tape.close()
    found = client.query("SELECT deal, count() FROM sales_store.tape GROUP BY deal ORDER BY deal")
    assert found.result_rows == [("deal of a", 2), ("deal of b", 3)]
