"""From bytes to events: one at a time, or thousands as one JSON array.

Old versions are upcast here, when they are read. What is wrong with an event is said in a
`Rejection`: which event, which field, what was expected. No input makes these functions raise.

Of a JSON key that stands twice in one object the last one counts, as nearly all JSON readers have
it. Digits of a time beyond microseconds are cut off.
"""

import secrets  # noqa: TID251 - for a word that no input can know, which is no id
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, core_schema, from_json, to_json

from events.catalogue import EVENT, EventUnion
from events.envelope import AnyEvent
from events.explanation import Rejection, explain, explain_mismatch, not_json
from events.upcasts import UPCASTS, OldPayloadMismatch, upcast

__all__ = ["MAX_BYTES", "Rejection", "explain", "parse_event", "parse_events"]

MAX_BYTES = 256 * 1024
"""The largest event, in bytes of JSON."""


class _NoneIfInvalid:
    """Makes the model yield None for what is not valid, instead of failing as a whole."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), default=None, on_error="default")


# Many events are read as one JSON array, so a crafted pair of broken events might read as one good
# event across the comma between them. Each event therefore stands in a slot beside a word nobody
# can know: an array with one slot per input can only have been cut where the inputs were.
_WORD = secrets.token_hex(8)
_SLOTS: TypeAdapter[list[tuple[str, AnyEvent | None]]] = TypeAdapter(
    list[tuple[Literal[_WORD], Annotated[EventUnion, _NoneIfInvalid()]]]  # type: ignore[valid-type]
)
_OPEN, _NEXT, _CLOSE = f'[["{_WORD}",'.encode(), f'],["{_WORD}",'.encode(), b"]]"

_OLD_TYPES = tuple(name.encode() for name in UPCASTS)


def parse_event(raw: bytes) -> AnyEvent | Rejection:
    """Read one event from JSON, or say what is wrong with it."""
    if len(raw) > MAX_BYTES:
        return Rejection(f"the event has {len(raw):,} bytes; at most {MAX_BYTES:,} are allowed")
    try:
        return EVENT.validate_json(raw)
    except ValidationError as error:
        finding = error
    # An old type is unknown to the catalogue, so whatever is old has failed and comes by here.
    try:
        old = from_json(raw)
        current = upcast(old)
        if current is old:
            return explain(finding)
        return EVENT.validate_json(to_json(current))
    except OldPayloadMismatch as error:
        return explain_mismatch(error.mismatch, *error.path)
    except ValidationError as error:
        return explain(error)
    except ValueError as error:
        return Rejection(not_json(str(error)))


def parse_events(raws: Sequence[bytes]) -> list[AnyEvent | Rejection]:
    """Read many events; the answer has one entry per input, in order.

    The usual case, where all can be read, is one pass over one JSON array. Takes time in proportion
    to the input, however many of the events are bad.
    """
    if not raws:
        return []
    events = _parse_together(raws)
    if events is None:
        readable = [index for index, raw in enumerate(raws) if _is_json(raw)]
        some = _parse_together([raws[index] for index in readable]) or [None] * len(readable)
        found = dict(zip(readable, some, strict=True))
        events = [found.get(index) for index in range(len(raws))]
    return [
        parse_event(raw) if event is None else event
        for raw, event in zip(raws, events, strict=True)
    ]


def _parse_together(raws: Sequence[bytes]) -> list[AnyEvent | None] | None:
    """Return an event, or None, per input; only None where the JSON itself is broken."""
    if not raws or max(map(len, raws)) > MAX_BYTES:
        return None
    body = _OPEN + _NEXT.join(raws) + _CLOSE
    if any(name in body for name in _OLD_TYPES):
        body = _OPEN + _NEXT.join(map(_brought_up_to_date, raws)) + _CLOSE
    try:
        slots = _SLOTS.validate_json(body)
    except ValidationError:
        return None  # the inputs are looked at one by one instead, and said what is wrong with
    if len(slots) != len(raws):
        return None
    return [event for _, event in slots]


def _brought_up_to_date(raw: bytes) -> bytes:
    """Return the JSON of an old event in its current version, of any other as it is."""
    if not any(name in raw for name in _OLD_TYPES):
        return raw
    try:
        old = from_json(raw)
        current = upcast(old)
    except ValueError:
        return raw  # it is no better as it is: parse_event says what is wrong with it
    return raw if current is old else to_json(current)


def _is_json(raw: bytes) -> bool:
    if len(raw) > MAX_BYTES:
        return False
    try:
        from_json(raw)
    except ValueError:
        return False
    return True
