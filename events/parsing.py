"""From bytes to events: one at a time, or thousands as one JSON array.

Old versions are upcast here, when they are read. What is wrong with an event is said in a
`Rejection`: which event, which field, what was expected.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic_core import from_json

from events.catalogue import CATALOGUE, EVENT, EventUnion
from events.envelope import AnyEvent
from events.upcasts import UPCASTS, upcast

MAX_BYTES = 256 * 1024
"""The largest event, in bytes of JSON."""

_SLOT = secrets.token_hex(8)
# Many events are read as one JSON array, so a crafted pair of broken events might read as two good
# ones across the comma between them. Each event therefore stands in an object under a key nobody
# can know: an array with one slot per input can only have been cut where the inputs were.
_SLOTS: TypeAdapter[list[Any]] = TypeAdapter(
    list[create_model("_Slot", __config__=ConfigDict(extra="forbid"), **{"s" + _SLOT: EventUnion})]  # type: ignore[call-overload]
)
_OPEN, _NEXT, _CLOSE = (
    f'[{{"s{_SLOT}":'.encode(),
    f'}},{{"s{_SLOT}":'.encode(),
    b"}]",
)

_OLD_TYPES = tuple(name.encode() for name in UPCASTS)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why something is not an event."""

    reason: str
    """What was wrong and where: one sentence a field, joined by semicolons."""
    field: str | None = None
    """The first field that is wrong, such as ``data.amount``."""


def parse_event(raw: bytes) -> AnyEvent | Rejection:
    """Read one event from JSON, or say what is wrong with it."""
    if len(raw) > MAX_BYTES:
        return Rejection(f"the event has {len(raw):,} bytes; at most {MAX_BYTES:,} are allowed")
    try:
        if any(name in raw for name in _OLD_TYPES):
            return EVENT.validate_json(json.dumps(upcast(from_json(raw))))
        return EVENT.validate_json(raw)
    except ValidationError as error:
        return explain(error)
    except ValueError as error:
        return Rejection(f"not readable as JSON: {error}")


def parse_events(raws: Sequence[bytes]) -> list[AnyEvent | Rejection]:
    """Read many events; the answer has one entry per input, in order.

    The usual case, where all are good and current, is one pass over one JSON array.
    """
    if not raws:
        return []
    body = _OPEN + _NEXT.join(raws) + _CLOSE
    if not any(name in body for name in _OLD_TYPES) and max(map(len, raws)) <= MAX_BYTES:
        try:
            slots = _SLOTS.validate_json(body)
        except ValidationError:
            pass
        else:
            if len(slots) == len(raws):
                name = "s" + _SLOT
                return [getattr(slot, name) for slot in slots]
    if len(raws) > 64:
        middle = len(raws) // 2
        return parse_events(raws[:middle]) + parse_events(raws[middle:])
    return [parse_event(raw) for raw in raws]


def explain(error: ValidationError) -> Rejection:
    """Turn pydantic's findings into one sentence a field."""
    findings = error.errors(include_url=False, include_context=True)
    sentences = [_sentence(finding) for finding in findings[:10]]
    if len(findings) > 10:
        sentences.append(f"and {len(findings) - 10} more")
    return Rejection("; ".join(sentences), field=_field(findings[0]) or None)


def _field(finding: Any) -> str:
    return ".".join(str(part) for part in finding["loc"] if part not in CATALOGUE)


def _sentence(finding: Any) -> str:
    kind, field = finding["type"], _field(finding)
    if kind == "union_tag_invalid":
        return f"type: {finding['ctx']['tag']} is not an event type of the catalogue"
    if kind == "union_tag_not_found":
        return "type: is missing; every event names its type"
    if kind == "json_invalid":
        return f"not readable as JSON: {finding['ctx']['error']}"
    if kind == "extra_forbidden":
        return f"{field}: is not a field of this type"
    if kind == "missing":
        return f"{field}: is missing"
    shown = json.dumps(finding["input"], default=str)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return f"{field or 'event'}: {finding['msg']}; found {shown}"
