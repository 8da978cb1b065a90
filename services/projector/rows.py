"""From records of the tape to rows of the ledger: validated, upcast, as Arrow columns.

Bytes in, columns out; nothing here talks to the tape or to the warehouse.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from events.catalogue.platform import EventCorrected, EventRetracted
from events.envelope import AnyEvent, digest_of
from events.parsing import Rejection, parse_events
from infra.tape import Record

CHUNK = 2_000
"""How many records are validated as one JSON array."""

MOMENT = pa.timestamp("us", tz="UTC")
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
        ("digest", pa.binary(16)),
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
        ("value", pa.binary()),
        ("sha256", pa.binary(32)),
    ]
)


@dataclass(slots=True)
class Judged:
    """Records with what was found of each: an event, or why it is none."""

    records: list[Record] = field(default_factory=list)
    findings: list[AnyEvent | Rejection] = field(default_factory=list)

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


def judge(records: Sequence[Record]) -> Judged:
    """Validate and upcast records, some thousands at a time."""
    findings: list[AnyEvent | Rejection] = []
    for start in range(0, len(records), CHUNK):
        findings += parse_events([record.value for record in records[start : start + CHUNK]])
    return Judged(list(records), findings)


def ledger_rows(judged: Judged) -> pa.Table:
    """Return the rows of `events` for the records that are events."""
    rows = [
        _ledger_row(record, finding)
        for record, finding in zip(judged.records, judged.findings, strict=True)
        if not isinstance(finding, Rejection)
    ]
    return _table(rows, LEDGER)


def tape_rows(judged: Judged) -> pa.Table:
    """Return the rows of `tape`, one per record, good or bad."""
    rows = [
        _tape_row(record, finding)
        for record, finding in zip(judged.records, judged.findings, strict=True)
    ]
    return _table(rows, TAPE)


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _ledger_row(record: Record, event: AnyEvent) -> tuple[Any, ...]:
    data = event.data
    kind, ref_source, ref_id, ref_type = 0, "", "", ""
    filed_time, corrected_time, corrected_data = event.time, NEVER, ""
    if isinstance(data, EventCorrected):
        kind, corrected_time, corrected_data = 1, data.corrected_time, _corrected(data)
    if isinstance(data, EventRetracted):
        kind = 2
    if isinstance(data, (EventCorrected, EventRetracted)):
        ref_source, ref_id, ref_type = data.target_source, data.target_id, data.target_type
        filed_time = data.target_time
    return (
        record.key,
        event.deal or "",
        filed_time,
        event.time,
        event.sequence,
        event.source,
        event.id,
        record.partition,
        record.offset,
        record.recorded_at,
        kind,
        event.type,
        event.subject or "",
        event.account or "",
        event.actor or "",
        event.correlationid or "",
        event.causationid or "",
        event.traceparent or "",
        ref_source,
        ref_id,
        ref_type,
        corrected_time,
        corrected_data,
        bytes.fromhex(digest_of(event)),
        data.model_dump_json(exclude_none=True),
    )


def _corrected(data: EventCorrected) -> str:
    from events.catalogue import CATALOGUE

    payload = CATALOGUE[data.target_type].model_validate(data.payload, strict=False)
    return payload.model_dump_json(exclude_none=True)


def _tape_row(record: Record, finding: AnyEvent | Rejection) -> tuple[Any, ...]:
    if isinstance(finding, Rejection):
        valid, reason, kind, day, actor = 0, finding.reason, "", NEVER.date(), ""
    else:
        filed = getattr(finding.data, "target_time", finding.time)
        valid, reason, kind, day, actor = 1, "", finding.type, filed.date(), finding.actor or ""
    return (
        record.partition,
        record.offset,
        record.recorded_at,
        record.key,
        valid,
        reason,
        kind,
        day,
        actor,
        record.value,
        hashlib.sha256(record.value).digest(),
    )
