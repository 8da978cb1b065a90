"""What the feed shows of a record: the event as JSON, framed once for all readers.

Pure: records in, items out. What is no event is left out of the feed; that it is on the tape is
for the ledger to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from events.envelope import AnyEvent
from events.parsing import Rejection, parse_events
from infra.tape.contract import Record

_OVERHEAD_BYTES = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One event of the feed. `frame` is all of a server-sent event but its id."""

    offset: int
    type: str
    account: str | None
    deal: str | None
    actor: str | None
    frame: bytes


def items_of(records: Sequence[Record]) -> list[Item | None]:
    """Return an item per record, in order; None where a record is no event."""
    events = parse_events([record.value for record in records])
    return [
        None if isinstance(event, Rejection) else _item(record, event)
        for record, event in zip(records, events, strict=True)
    ]


def size_of(items: Sequence[Item | None]) -> int:
    """Return about how many bytes items take in memory."""
    return sum(len(item.frame) + _OVERHEAD_BYTES for item in items if item is not None)


def _item(record: Record, event: AnyEvent) -> Item:
    json = event.__pydantic_serializer__.to_json(event, exclude_none=True)
    recorded = record.recorded_at.isoformat().replace("+00:00", "Z")
    frame = b'event: %b\ndata: %b,"recordedtime":"%b"}\n\n' % (
        event.type.encode(),
        json[:-1],
        recorded.encode(),
    )
    return Item(record.offset, event.type, event.account, event.deal, event.actor, frame)
