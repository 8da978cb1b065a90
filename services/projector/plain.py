"""Events that are plainly right, read at a fraction of the cost.

What an event is, the models of the catalogue say, and `events.parsing` reads with them. Most events
of a tape are written by programs and hold nothing that calls for judgement; they are read here,
with structs of `msgspec` that are made from the same models. What is read here is an event there
too, with the same attributes and the same payload as text. Whatever is not (an escape, a leap day,
an old version, an amendment, an error) is left to `events.parsing`, which alone says why.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from events.catalogue import CATALOGUE
from events.envelope import Envelope, Payload
from events.parsing import MAX_BYTES
from events.values import CONTROL_FREE, NUL_FREE

_PLAIN_DAY = Annotated[
    str,
    msgspec.Meta(
        pattern="^(?:19[0-9]{2}|20[0-9]{2}|21[0-9]{2})-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
        "|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)$"
    ),
]
"""A day within the bounds of `events.values`, but for leap days."""

_TIME = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,6})?"
    "(?:Z|[+-][0-9]{2}:[0-9]{2})$"
)
"""A time as Arrow and the models read it alike, or not at all."""

_FROM, _TO = "1900-01-02", "2199-12-31"
"""Within the bounds of `events.values`, whatever the offset."""

_ESCAPE, _DEL = b"\\\x7f"

_IMPLIED = frozenset({CONTROL_FREE, NUL_FREE})
"""Patterns that hold for every string of a JSON text without an escape and without DEL."""


MOMENT = pa.timestamp("us", tz="UTC")
"""How a column of times is typed."""


class PlainEvent(Protocol):
    """What a plain event has; the attributes are those of the envelope, `time` as it is written,
    `data` is a struct.
    """

    id: str
    source: str
    type: str
    time: str
    sequence: int
    subject: str | None
    account: str | None
    deal: str | None
    actor: str | None
    correlationid: str | None
    causationid: str | None
    traceparent: str | None
    data: Any


class _NotPlainError(Exception):
    """A type of which some field calls for judgement."""


def read_plain(raws: Sequence[bytes]) -> list[PlainEvent | None]:
    """Read events that are plainly such; None in the place of one `events.parsing` is to judge."""
    decode, checks = _reader()
    found: list[PlainEvent | None] = []
    for raw in raws:
        event = None
        if len(raw) <= MAX_BYTES and _ESCAPE not in raw and _DEL not in raw:
            try:
                read = decode(raw)
                for check in checks[read.type]:
                    check(read.data)
                event = read
            except ValueError:  # msgspec's errors are among these
                pass
        found.append(event)
    # Times are looked at all at once, which costs a fourth of one by one.
    times = pa.array([None if event is None else event.time for event in found], pa.string())
    return [
        event if plain else None
        for event, plain in zip(found, _plain_times(times).to_pylist(), strict=True)
    ]


def moments(times: Sequence[str]) -> pa.Array:
    """Return times of plain events as a column of `MOMENT`."""
    return pa.array(times, pa.string()).cast(MOMENT)


def plain_payload(event: PlainEvent) -> bytes:
    """Return the payload as `events.envelope.payload_json` writes it, in UTF-8."""
    return _encode(event.data)


def _plain_times(times: pa.Array) -> pa.Array:
    """Return for each text whether it is plainly a time; NULL for NULL."""
    written = pc.match_substring_regex(times, _TIME)
    within = pc.and_(pc.greater_equal(times, _FROM), pc.less(times, _TO))
    plain = pc.and_(written, within)
    try:
        times.filter(plain).cast(MOMENT)
    except pa.ArrowInvalid:  # one of them is on no day, or at no hour
        both = zip(plain.to_pylist(), times.to_pylist(), strict=True)
        there = [bool(one) and _is_one(time) for one, time in both]
        return pa.array(there, pa.bool_())
    return plain


def _is_one(time: str) -> bool:
    try:
        moments([time])
    except pa.ArrowInvalid:
        return False
    return True


_encode = msgspec.json.Encoder().encode

_Check = Callable[[Any], object]
"""Raises `ValueError` for a payload whose fields do not go together."""


@cache
def _reader() -> tuple[Callable[[bytes], Any], Mapping[str, tuple[_Check, ...]]]:
    """Return what reads an event of any plain type, and what is checked of each afterwards."""
    structs, checks = [], {}
    envelope = _fields(Envelope, leave=("type", "time"))
    for name, model in CATALOGUE.items():
        try:
            payload = _struct(model)
        except _NotPlainError:
            continue
        structs.append(
            msgspec.defstruct(
                model.__name__ + "Event",
                [("time", str), *envelope, ("data", payload)],
                namespace={"type": name},
                tag_field="type",
                tag=name,
                kw_only=True,
                forbid_unknown_fields=True,
                gc=False,
            )
        )
        checks[name] = _checks(model)
    return msgspec.json.Decoder(Union[tuple(structs)]).decode, checks  # noqa: UP007


def _struct(model: type[BaseModel]) -> type[msgspec.Struct]:
    if model.__pydantic_decorators__.field_validators:
        raise _NotPlainError(f"a field of {model.__name__} is checked by a function")
    return msgspec.defstruct(
        model.__name__,
        _fields(model),
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _fields(model: type[BaseModel], leave: tuple[str, ...] = ()) -> list[Any]:
    """Return the fields of a model for a struct, in the model's order."""
    hints = get_type_hints(model, include_extras=True)
    fields: list[Any] = []
    for name, field in model.model_fields.items():
        if name in leave:
            continue
        kind = _type(hints[name])
        if field.default is PydanticUndefined:
            fields.append((name, kind))
        elif field.default is None:
            fields.append((name, kind, None))
        else:  # by a factory, since it is written though it is the default
            fields.append((name, kind, msgspec.field(default_factory=_always(field.default))))
    return fields


def _always(value: Any) -> Callable[[], Any]:
    return lambda: value


def _type(hint: Any) -> Any:
    """Return the type for `msgspec` that takes nothing that a type of the vocabulary does not."""
    origin = get_origin(hint)
    if origin is Annotated:
        base, *told = get_args(hint)
        return _PLAIN_DAY if base is date else _bounded(_type(base), told)
    if origin in (Union, UnionType):
        return Union[tuple(_type(part) for part in get_args(hint))]  # noqa: UP007
    if origin is tuple:
        return tuple[_type(get_args(hint)[0]), ...]  # type: ignore[misc]
    if isinstance(hint, type) and issubclass(hint, Payload) and not _checks(hint):
        return _struct(hint)
    if origin is Literal or hint in (str, int, bool, type(None)):
        return hint
    raise _NotPlainError(f"{hint} calls for judgement")


def _bounded(kind: Any, told: list[Any]) -> Any:
    """Return a type with the bounds that annotations of the vocabulary set."""
    bounds: dict[str, Any] = {}
    for note in told:
        if isinstance(note, StringConstraints):
            bounds |= {"min_length": note.min_length, "max_length": note.max_length}
            if note.pattern is not None and note.pattern not in _IMPLIED:
                bounds["pattern"] = note.pattern
        elif isinstance(note, FieldInfo):
            for bound in note.metadata:
                bounds |= _bound(bound)
        else:
            raise _NotPlainError(f"{note} calls for judgement")
    return Annotated[kind, msgspec.Meta(**bounds)]


def _bound(bound: Any) -> dict[str, Any]:
    match bound:
        case MinLen(min_length=least):
            return {"min_length": least}
        case MaxLen(max_length=most):
            return {"max_length": most}
        case Ge(ge=least):
            return {"ge": least}
        case Le(le=most):
            return {"le": most}
    raise _NotPlainError(f"{bound} calls for judgement")


def _checks(model: type[BaseModel]) -> tuple[_Check, ...]:
    return tuple(check.func for check in model.__pydantic_decorators__.model_validators.values())
