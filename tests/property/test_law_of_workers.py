"""The law, among workers: what several derive side by side, each its partitions, is what one would.

Each appends and derives only its own partition, in any order and with crashes, while the others are
anywhere in their rounds; partitions change hands in between.
"""

from collections.abc import Sequence

import pytest
from clickhouse_connect.driver.client import Client
from emptied import swept
from histories import PARTITIONS, History, RevealedTape, histories
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_law import EXAMPLES, Crash, Floor, differences, told_at_once

from infra.tape import Positions, Record
from infra.warehouse import Warehouse
from services.projector import store
from services.projector.append import Appender, prepared
from services.projector.derive import DeriveLoop

FEW = max(1, EXAMPLES // 4)


@pytest.fixture(scope="module")
def floor(warehouse: Warehouse) -> Floor:
    swept(warehouse)
    return Floor(warehouse)


def append_some(tape: RevealedTape, client: Client, part: int, limit: int) -> bool:
    """Append at most so many records of a partition, as its worker does."""
    start = {part: store.watermark(client).get(part, 0)}
    records = of_partition(tape, start, part)[:limit]
    if records:
        Appender(client).append(prepared(start, records, full=False))
    return bool(records)


def of_partition(tape: RevealedTape, start: Positions, part: int) -> Sequence[Record]:
    return [record for record in tape.read(start, 10_000) if record.partition == part]


@pytest.mark.timeout(300 + 30 * FEW)
@given(history=histories(), data=st.data())
@settings(
    max_examples=FEW,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_workers_that_share_the_partitions_derive_what_one_would(
    floor: Floor, history: History, data: st.DataObject
) -> None:
    expected = told_at_once(floor, history)
    floor.empty()
    tape = RevealedTape(history)
    tape.reveal_all()
    depth = 0

    def others_go_on(step: str) -> None:
        nonlocal depth
        if step != "slice" or depth:
            return
        if data.draw(st.integers(0, 1), label="another works in the middle at 1"):
            depth += 1
            try:
                work("w1")
            finally:
                depth -= 1
        if data.draw(st.integers(0, 7), label="crash at 0") == 0:
            raise Crash

    def loop(part: int, worker: str) -> DeriveLoop:
        made = floor.loop(worker, others_go_on)
        made.partitions, made.leads = frozenset({part}), False
        made.resume()
        return made

    def work(worker: str) -> None:
        part = data.draw(st.integers(0, PARTITIONS - 1), label="partition")
        doing = data.draw(st.sampled_from(["append", "derive", "both"]), label="doing")
        if doing != "derive":
            append_some(tape, floor.client, part, data.draw(st.integers(1, 12), label="records"))
        if doing != "append":
            loop(part, worker).step()

    for _ in range(data.draw(st.integers(1, 10), label="turns")):
        try:
            work("w0")
        except Crash:
            continue
    depth = 1  # from here on nobody is in the way
    for part in range(PARTITIONS):
        while append_some(tape, floor.client, part, 50):
            pass
    for part in range(PARTITIONS):
        last = loop(part, "w0")
        while last.step():
            pass
        assert not last.failures, last.failures
    assert differences(expected, floor.answers()) == {}
