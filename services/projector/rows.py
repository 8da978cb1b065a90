"""From records of the tape to rows of the ledger: validated, upcast, as Arrow columns.

Bytes in, columns out; nothing here talks to the tape or to the warehouse. Columns are built one
by one, not row by row: that is where the time of the append loop goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pyarrow as pa

from events.catalogue import CATALOGUE
from events.catalogue.platform import Amendment, EventCorrected
from events.corrections import corrected_payload_json
from events.envelope import AnyEvent, Event, payload_json
from events.parsing import Rejection, parse_event
from infra.tape import Record
from services.projector.plain import MOMENT, PlainEvent, moments, plain_payload, read_plain

# A batch's columns are gone with it, and this allocator gives their memory back to the system.
pa.set_memory_pool(pa.system_memory_pool())

AMENDMENTS = frozenset(name for name, model in CATALOGUE.items() if issubclass(model, Amendment))

CHUNK = 2_000
"""How many records are events at one time: more would only fall out of the processor's caches."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(1900, 1, 1, tzinfo=UTC)

LEDGER = pa.schema(
    [
        ("key", pa.string()),
        ("deal", pa.string()),
        ("filed_time", MOMENT),
        ("time", MOMENT),
        ("sequence", pa.uint64()),
        ("source", pa.string()),
        ("id", pa.string()),
        ("partition", pa.uint32()),
        ("offset", pa.uint64()),
        ("recorded_at", MOMENT),
        ("kind", pa.uint8()),
        ("type", pa.string()),
        ("subject", pa.string()),
        ("account", pa.string()),
        ("actor", pa.string()),
        ("correlationid", pa.string()),
        ("causationid", pa.string()),
        ("traceparent", pa.string()),
        ("ref_source", pa.string()),
        ("ref_id", pa.string()),
        ("ref_type", pa.string()),
        ("corrected_time", MOMENT),
        ("corrected_data", pa.string()),
        ("data", pa.string()),
    ]
)

TAPE = pa.schema(
    [
        ("partition", pa.uint32()),
        ("offset", pa.uint64()),
        ("recorded_at", MOMENT),
        ("key", pa.string()),
        ("valid", pa.uint8()),
        ("reason", pa.string()),
        ("type", pa.string()),
        ("day", pa.date32()),
        ("actor", pa.string()),
        ("deal", pa.string()),
        ("value", pa.binary()),
    ]
)

NAMES = (
    "time", "sequence", "source", "id", "type", "deal", "subject", "account", "actor",
    "correlationid", "causationid", "traceparent",
)  # fmt: skip
_attributes = attrgetter(*NAMES)
OPTIONAL = ("deal", "subject", "account", "actor", "correlationid", "causationid", "traceparent")


Told = AnyEvent | PlainEvent
"""An event, however it was read."""


@dataclass(slots=True)
class Judged:
    """Records with what was found of each: an event, or why it is none."""

    records: list[Record] = field(default_factory=list)
    findings: list[Told | Rejection] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """How many of the records are no events."""
        return sum(isinstance(finding, Rejection) for finding in self.findings)

    def halves(self) -> "tuple[Judged, Judged]":
        """Return the first and the second half."""
        middle = len(self.records) // 2
        return (
            Judged(self.records[:middle], self.findings[:middle]),
            Judged(self.records[middle:], self.findings[middle:]),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """What records become: rows of `events`, rows of `tape`, and how many are no events."""

    ledger: pa.Table
    tape: pa.Table
    rejected: int


def rows_of(records: Sequence[Record]) -> Rows:
    """Validate and upcast records and lay them out as rows."""
    parts = []
    for start in range(0, len(records), CHUNK):
        judged = judge(records[start : start + CHUNK])
        ledger = ledger_rows(judged)
        parts.append((ledger, tape_rows(judged, ledger), judged.rejected))
    ledgers, tapes, rejected = zip(*parts, strict=True)
    return Rows(pa.concat_tables(ledgers), pa.concat_tables(tapes), sum(rejected))


def judge(records: Sequence[Record]) -> Judged:
    """Validate and upcast records."""
    plain = read_plain([record.value for record in records])
    found = [
        event or parse_event(record.value) for event, record in zip(plain, records, strict=True)
    ]
    return Judged(list(records), found)


def ledger_rows(judged: Judged) -> pa.Table:
    """Return the rows of `events` for the records that are events."""
    records, events = judged.records, judged.findings
    if judged.rejected:
        both = zip(records, events, strict=True)
        good = [(record, event) for record, event in both if not isinstance(event, Rejection)]
        records, events = [record for record, _ in good], [event for _, event in good]
    return _table(_ledger_columns(records, events), LEDGER)  # type: ignore[arg-type]


def _ledger_columns(records: Sequence[Record], events: Sequence[Told]) -> dict[str, Any]:
    columns: dict[str, Any] = dict(
        zip(NAMES, zip(*map(_attributes, events), strict=True), strict=True)
        if events
        else ((name, ()) for name in NAMES)
    )
    for name in OPTIONAL:
        columns[name] = pa.array(columns[name], pa.string()).fill_null("")
    times = _times(events)
    return columns | {
        "time": times,
        "key": [record.key for record in records],
        "partition": [record.partition for record in records],
        "offset": [record.offset for record in records],
        "recorded_at": _moments([record.recorded_at for record in records]),
        "data": [_payload(event) for event in events],
        **_amendment_columns(columns["type"], events, times),
    }


def _payload(event: Told) -> bytes:
    return payload_json(event).encode() if isinstance(event, Event) else plain_payload(event)


def _amendment_columns(
    types: Sequence[str], events: Sequence[Told], times: pa.Array
) -> dict[str, Any]:
    """Return the columns that only amendments fill; most batches have none."""
    count = len(events)
    if AMENDMENTS.isdisjoint(types):
        nothing = pa.repeat("", count)
        return {
            "filed_time": times,
            "kind": pa.repeat(pa.scalar(0, pa.uint8()), count),
            "ref_source": nothing,
            "ref_id": nothing,
            "ref_type": nothing,
            "corrected_time": pa.repeat(pa.scalar(NEVER, MOMENT), count),
            "corrected_data": nothing,
        }
    rows = [_amendment(event) for event in events]
    names = (
        "filed_time", "kind", "ref_source", "ref_id", "ref_type", "corrected_time", "corrected_data"
    )  # fmt: skip
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _amendment(event: Told) -> tuple[datetime, int, str, str, str, datetime, str]:
    data = event.data
    if not isinstance(event, Event) or not isinstance(data, Amendment):
        return _time(event), 0, "", "", "", NEVER, ""
    target = data.target_source, data.target_id, data.target_type
    if isinstance(data, EventCorrected):
        return data.target_time, 1, *target, data.corrected_time, corrected_payload_json(event)
    return data.target_time, 2, *target, NEVER, ""


def tape_rows(judged: Judged, ledger: pa.Table) -> pa.Table:
    """Return the rows of `tape`, one per record, good or bad; `ledger` has those of the good."""
    records = judged.records
    values = pa.array([record.value for record in records], pa.binary())
    if judged.rejected:
        return _table(_tape_columns(judged) | {"value": values}, TAPE)
    count = len(records)
    columns = {name: ledger[name] for name in ("partition", "offset", "recorded_at", "key")}
    columns |= {name: ledger[name] for name in ("type", "actor", "deal")} | {"value": values}
    columns["day"] = ledger["filed_time"].cast(pa.date32())
    columns["valid"] = pa.repeat(pa.scalar(1, pa.uint8()), count)
    columns["reason"] = pa.repeat("", count)
    return pa.table(columns).select(TAPE.names).cast(TAPE)


def _tape_columns(judged: Judged) -> dict[str, Any]:
    records, findings = judged.records, judged.findings
    bad = [finding if isinstance(finding, Rejection) else None for finding in findings]
    good = [None if isinstance(finding, Rejection) else finding for finding in findings]
    return {
        "partition": [record.partition for record in records],
        "offset": [record.offset for record in records],
        "recorded_at": _moments([record.recorded_at for record in records]),
        "key": [record.key for record in records],
        "valid": [1 if rejection is None else 0 for rejection in bad],
        "reason": ["" if rejection is None else rejection.reason for rejection in bad],
        "type": ["" if event is None else event.type for event in good],
        "day": [NEVER.date() if event is None else _filed(event).date() for event in good],
        "actor": ["" if event is None else event.actor or "" for event in good],
        "deal": ["" if event is None else event.deal or "" for event in good],
    }


def _filed(event: Told) -> datetime:
    data = event.data
    return data.target_time if isinstance(data, Amendment) else _time(event)


def _time(event: Told) -> datetime:
    if isinstance(event, Event):
        return event.time
    return datetime.fromisoformat(event.time).astimezone(UTC)


def _times(events: Sequence[Told]) -> pa.Array:
    """Return the times of events, however they were read, as a column."""
    plain = [event.time for event in events if not isinstance(event, Event)]
    if len(plain) == len(events):
        return moments(plain)
    return _moments([_time(event) for event in events])


def _moments(moments: Sequence[datetime]) -> pa.Array:
    """Return moments as a column; made from time spans, which costs a third."""
    spans = pa.array([moment - EPOCH for moment in moments], pa.duration("us"))
    return spans.cast(pa.int64()).cast(MOMENT)


def _table(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, kind)
        for column, kind in ((columns[field.name], field.type) for field in schema)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
