"""What is appended within a round changes no figure: not even a batch that is repeated."""

import json
from pathlib import Path

from few_questions import tables_with

from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.append import AppendLoop
from services.projector.projector import Projector


def test_a_batch_that_is_repeated_within_a_round_is_counted_once(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    tape = open_tape(f"sqlite:///{tmp_path / 'tape.sqlite'}")
    purchase = {
        "specversion": "1.0",
        "source": "till",
        "type": "sales.purchase.made.v1",
        "time": "2025-01-01T10:00:00Z",
        "account": "acct-1",
        "actor": "rep-1",
        "data": {"amount": "10.00", "currency": "EUR"},
    }
    raws = [json.dumps(purchase | {"id": str(number)}).encode() for number in range(5)]
    tape.append([Entry("acct-1", raw) for raw in raws])
    projector = Projector(tape, empty_warehouse, tables_with())
    projector.prepare()
    repeated = []

    def repeat(step: str) -> None:
        """Append everything once more, as who takes over from a worker that died may do."""
        if step == "judged":
            again = AppendLoop(tape, empty_warehouse.client("admin"))
            repeated.append(again.step())
            again.stop()

    projector.derive.between_steps = repeat
    projector.catch_up()
    assert repeated
    assert set(repeated) == {5}
    projector.derive.between_steps = lambda _step: None
    more = json.dumps(purchase | {"id": "more", "account": "acct-2"}).encode()
    tape.append([Entry("acct-2", more)])
    projector.catch_up()
    tape.close()
    client = empty_warehouse.client("read")
    assert client.query("SELECT sum(purchases) FROM sales.accounts").result_rows == [(6,)]
    assert client.query("SELECT sum(purchases) FROM sales.rep_days").result_rows == [(6,)]
