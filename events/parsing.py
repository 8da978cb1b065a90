"""From bytes to events.

Old versions are upcast here, when they are read. What is wrong with an event is said in a
`Rejection`: which event, which field, what was expected. No input makes these functions raise.

Of a JSON key that stands twice in one object the last one counts, as nearly all JSON readers have
it. Digits of a time beyond microseconds are cut off.
"""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from events.catalogue import event_adapter
from events.envelope import AnyEvent
from events.explanation import Rejection, explain, explain_mismatch, not_json
from events.upcasts import OldPayloadMismatch, upcast

__all__ = ["MAX_BYTES", "Rejection", "explain", "parse_event", "parse_events"]

MAX_BYTES = 256 * 1024
"""The largest event, in bytes of JSON."""


def parse_event(raw: bytes) -> AnyEvent | Rejection:
    """Read one event from JSON, or say what is wrong with it."""
    if len(raw) > MAX_BYTES:
        return Rejection(f"the event has {len(raw):,} bytes; at most {MAX_BYTES:,} are allowed")
    try:
        return event_adapter().validate_json(raw)
    except ValidationError as error:
        finding = error
    # An old type is unknown to the catalogue, so whatever is old has failed and comes by here.
    try:
        old = from_json(raw)
        current = upcast(old)
        if current is old:
            return explain(finding)
        return event_adapter().validate_json(to_json(current))
    except OldPayloadMismatch as error:
        return explain_mismatch(error.mismatch, *error.path)
    except ValidationError as error:
        return explain(error)
    except ValueError as error:
        return Rejection(not_json(str(error)))


def parse_events(raws: Iterable[bytes]) -> list[AnyEvent | Rejection]:
    """Read many events; the answer has one entry per input, in order."""
    return [parse_event(raw) for raw in raws]
