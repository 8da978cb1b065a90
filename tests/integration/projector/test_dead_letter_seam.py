"""Records that are no events: kept with the reason, and told before the watermark."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from infra.tape import Entry, Record, Tape, TapeUnavailable
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector import store
from services.projector.append import AppendLoop

GOOD = (
    b'{"specversion":"1.0","id":"1","source":"crm","type":"sales.call.made.v1",'
    b'"time":"2025-01-02T10:00:00Z","account":"acct-1","actor":"rep-1",'
    b'"data":{"direction":"outbound"}}'
)


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    opened = open_tape(f"sqlite:///{tmp_path / 'tape.sqlite'}")
    opened.append([Entry("a", b"nonsense"), Entry("a", GOOD), Entry("b", b"{}")])
    yield opened
    opened.close()


def test_rejected_records_are_told_with_their_reasons_before_the_watermark(
    empty_warehouse: Warehouse, tape: Tape
) -> None:
    client = empty_warehouse.client("append")
    store.prepare(client)
    told: list[list[tuple[bytes, str]]] = []
    away = True

    def letters(rejected: Sequence[tuple[Record, str]]) -> None:
        assert store.watermark(client) == {}
        told.append([(record.value, reason) for record, reason in rejected])
        if away:
            raise TapeUnavailable("the brokers are away")

    loop = AppendLoop(tape, client, dead_letters=letters)
    loop.start()
    with pytest.raises(TapeUnavailable):
        loop.step()
    assert (loop.position, loop.rejected) == ({}, 0)
    away = False
    assert loop.step() == 3
    assert told[0] == told[1]
    assert [value for value, _ in told[0]] == [b"nonsense", b"{}"]
    kept = client.query(
        "SELECT DISTINCT value, reason FROM sales_store.tape WHERE valid = 0 ORDER BY offset"
    ).result_rows
    assert [(value.encode(), reason) for value, reason in kept] == told[0]
    assert store.watermark(client) == {0: 3}
    assert loop.rejected == 2
