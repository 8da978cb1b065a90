"""The digest that the engine writes beside an event is the one that the vocabulary gives it."""

from pathlib import Path

from few_questions import tables_with

from events.envelope import digest_of
from events.examples import examples
from events.parsing import Rejection, parse_event
from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.projector import Projector

ODD = b"""{"specversion": "1.0", "id": "odd \xc3\xa9\xf0\x9f\x98\x80 '\\\\", "source": "crm",
"type": "sales.note.written.v1", "time": "1901-02-03T04:05:06.000007-11:30", "sequence": 1,
"subject": "x", "account": "a\\\\0", "correlationid": "c", "causationid": "d",
"data": {"note": "tab \\t quote \\" line \\n \xe2\x82\xac"}}"""


def test_both_give_the_same_digest(empty_warehouse: Warehouse, tmp_path: Path) -> None:
    raws = [*examples().values(), ODD]
    tape = open_tape(f"sqlite:///{tmp_path / 'tape.sqlite'}")
    tape.append([Entry("home", raw) for raw in raws])
    projector = Projector(tape, empty_warehouse, tables_with())
    projector.prepare()
    projector.catch_up()
    tape.close()
    events = [parse_event(raw) for raw in raws]
    expected = [(n, digest_of(e)) for n, e in enumerate(events) if not isinstance(e, Rejection)]
    assert len(expected) == len(raws)
    for ledger in ("events", "events_by_day"):
        sql = f"SELECT toUInt32(offset), lower(hex(digest)) FROM sales_store.{ledger} ORDER BY ALL"
        found = empty_warehouse.client("read").query(sql).result_rows
        assert found == expected
