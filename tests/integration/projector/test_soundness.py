"""What an unclean stop may have lost from the warehouse is found at the start, and repeated."""

import json
from collections.abc import Iterator

import pytest
from emptied import emptied
from few_questions import tables_with

from infra.tape import Entry, Tape
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.projector import Projector
from services.projector.soundness import restore_watermark


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tape]:
    opened = open_tape(f"sqlite:///{tmp_path_factory.mktemp('tape') / 'tape.sqlite'}")
    call = {
        "specversion": "1.0",
        "source": "crm",
        "type": "sales.call.made.v1",
        "time": "2025-01-01T10:00:00Z",
        "account": "acct-1",
        "actor": "rep-1",
        "data": {"direction": "outbound"},
    }
    entries = [Entry("acct-1", json.dumps(call | {"id": str(n)}).encode()) for n in range(9)]
    opened.append([*entries, Entry("acct-1", b"no event")])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def whole(warehouse: Warehouse, tape: Tape) -> Warehouse:
    """A warehouse with all that is on the tape; what a test takes out of it is to come back."""
    projected(emptied(warehouse), tape)
    return warehouse


def projected(warehouse: Warehouse, tape: Tape) -> Projector:
    projector = Projector(tape, warehouse, tables_with())
    projector.prepare()
    projector.catch_up()
    return projector


@pytest.mark.parametrize(
    ("lost", "hole"),
    [
        ("ALTER TABLE sales_store.tape DELETE WHERE offset IN (3, 7)", 3),
        ("ALTER TABLE sales_store.tape DELETE WHERE offset = 0", 0),
        ("ALTER TABLE sales_store.tape DELETE WHERE offset >= 8", 8),
        ("ALTER TABLE sales_store.events DELETE WHERE offset = 5", 5),
    ],
)
def test_what_is_missing_is_appended_and_derived_again(
    whole: Warehouse, tape: Tape, lost: str, hole: int
) -> None:
    client = whole.client("admin")
    assert restore_watermark(client) == {}
    client.command(f"{lost} SETTINGS mutations_sync = 2")
    assert restore_watermark(client) == {0: hole}
    again = projected(whole, tape)
    assert again.health().lag == 0
    for table, count in (("tape", 10), ("events", 9)):
        found = client.query(f"SELECT uniqExact(offset) FROM sales_store.{table}").result_rows
        assert found == [(count,)]
    assert client.query("SELECT calls FROM sales.rep_days").result_rows == [(9,)]
    assert restore_watermark(client) == {}, "what is whole is left as it is"
