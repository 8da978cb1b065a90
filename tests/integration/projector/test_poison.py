"""Records that are no events, or hold odd values, stop nothing and are lost nowhere."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from few_questions import tables_with

from events.parsing import MAX_BYTES
from infra.tape import Record
from infra.warehouse import Warehouse
from services.projector import store
from services.projector.append import Appender, prepared
from services.projector.derive import DeriveLoop

BEGIN = datetime(2025, 6, 1, tzinfo=UTC)
GOOD = {
    "specversion": "1.0",
    "source": "till",
    "type": "sales.purchase.made.v1",
    "time": "2025-01-01T10:00:00Z",
    "account": "acct-1",
    "actor": "rep-1",
    "data": {"amount": "10.00", "currency": "EUR"},
}


def good(number: int, **changed: Any) -> bytes:
    return json.dumps(GOOD | {"id": f"good-{number}"} | changed).encode()


POISON = (
    b"",
    b"\xff\xfe no text",
    b"{",
    b"[]",
    b"null",
    b'"sales.purchase.made.v1"',
    b"[" * 5_000,
    good(0, type="sales.purchase.dreamt.v1"),
    good(0, type="sales.purchase.made.v9"),
    good(0, data={"amount": "10.00", "currency": "EUR", "text": "x" * MAX_BYTES}),
    good(0, time="yesterday"),
    good(0, sequence=2**63),
    good(0, data={"amount": 10.5, "currency": "EUR"}),
)
"""What is no event, whoever looks at it."""

AMOUNTS = (
    "NaN", "Infinity", "1e400", "1e2", "1_000", "1" * 31, "1" * 29, "9" * 29 + "." + "9" * 9, " 1",
    "1 ", "+1", "-0", "00012", ".5", "1.", "0x10", "\uff11\uff12", "\u0661\u0662",
    "1,5", "", "-", "1\n", "1\x00",
)  # fmt: skip
TIMES = (
    "2025-01-01T10:00:00.123456789Z", "2025-01-01 10:00:00+00:00", "2025-01-01t10:00:00z",
    "2025-01-01T10:00Z", "2025-01-01T10:00:00-00:00", "2025-01-01T23:59:60Z",
    "1900-01-01T00:00:00Z", "2199-12-31T23:59:59.999999Z", "2025-01-01T10:00:00+23:59",
    "1735725600", "2025-W01-3T10:00Z",
    "2025-01-01T10:00:00,5Z", "1899-12-31T23:59:59Z", "+12025-01-01T00:00:00Z",
)  # fmt: skip
IDS = ("\ud800", "\U0001f600", "a\tb", "x" * 256, "x" * 257, "'; DROP TABLE x; --", "\\N", "\u2028")
ODD = (
    *(
        good(n, id=f"amount-{n}", data={"amount": a, "currency": "EUR"})
        for n, a in enumerate(AMOUNTS)
    ),
    *(good(n, id=f"time-{n}", time=t) for n, t in enumerate(TIMES)),
    *(good(n, id=f"id-{n}", subject=i) for n, i in enumerate(IDS)),
    good(0, id="twice").replace(b'"amount": "10.00"', b'"amount": "1", "amount": "2"'),
    good(0, id="number").replace(b'"10.00"', b"NaN"),
    good(0, id="great", sequence=2**63 - 1),
    good(0, id="greater").replace(b'"id"', b'"sequence": 18446744073709551616, "id"'),
)
"""What some reader would take and another refuse."""


class Ledger:
    """The append steps and the derive loop on a real engine, fed with records."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.client = warehouse.client("append")
        store.prepare(self.client)
        self.letters: list[tuple[Record, str]] = []
        self.appender = Appender(self.client, dead_letters=self.letters.extend)
        self.derive = DeriveLoop(self.client, tables_with())
        self.derive.start()

    def take(self, values: Sequence[bytes]) -> list[Record]:
        records = [
            Record(0, offset, BEGIN + timedelta(seconds=offset), "acct-1", value)
            for offset, value in enumerate(values)
        ]
        self.appender.append(prepared({0: 0}, records, full=False))
        self.derive.step()
        assert self.derive.failures == {}
        return records

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self.client.query(sql).result_rows)


@pytest.fixture
def ledger(empty_warehouse: Warehouse) -> Ledger:
    return Ledger(empty_warehouse)


@pytest.mark.parametrize("percent", [1, 50, 100])
def test_each_is_kept_with_its_reason_and_the_good_are_in_the_tables(
    ledger: Ledger, percent: int
) -> None:
    values = [
        POISON[number % len(POISON)] if number % 100 < percent else good(number)
        for number in range(600)
    ]
    records = ledger.take(values)
    bad = [record for record in records if record.value in POISON]
    assert [(one.offset, one.value) for one, _ in ledger.letters] == [
        (one.offset, one.value) for one in bad
    ]
    assert all(reason for _, reason in ledger.letters)
    kept = ledger.rows(
        "SELECT offset, reason != '', hex(value) FROM sales_store.tape WHERE NOT valid "
        "ORDER BY offset"
    )
    assert kept == [(one.offset, 1, one.value.hex().upper()) for one in bad]
    fine = len(values) - len(bad)
    assert ledger.rows("SELECT count() FROM sales.events") == [(fine,)]
    assert ledger.rows("SELECT sum(purchases) FROM sales.accounts") == [(fine,)]


def test_odd_values_are_taken_or_refused_and_stop_nothing(ledger: Ledger) -> None:
    ledger.take([good(1), *ODD, good(2)])
    refused = {one.offset for one, _ in ledger.letters}
    taken = ledger.rows("SELECT offset FROM sales_store.events")
    assert {offset for (offset,) in taken} == set(range(len(ODD) + 2)) - refused
    assert not {0, len(ODD) + 1} & refused
    # The engine reads every field of what it has taken, and every table is derived.
    everything = ledger.rows("SELECT * FROM sales.events")
    assert len(everything) == len(taken)
    assert ledger.rows("SELECT sum(purchases) FROM sales.accounts") == [(len(taken),)]
    amounts = dict(ledger.rows("SELECT id, toString(amount) FROM sales.events WHERE amount != 10"))
    assert amounts["amount-6"] == "1" * 29
    assert amounts["amount-7"] == "9" * 29 + "." + "9" * 9
    assert amounts["twice"] == "2"
