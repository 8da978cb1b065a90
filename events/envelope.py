"""The envelope around every event: CloudEvents 1.0 attributes and a typed payload.

Defines what an event is, in which order events stand and where an event is at home. Which types
exist is the catalogue's matter (`events.catalogue`); reading bytes is `events.parsing`'s.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import to_json

from events.values import Count, Id, Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

TYPE_NAME = re.compile(r"^sales\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$")


class Payload(BaseModel):
    """Base of every payload: frozen, strict, closed to unknown fields.

    A subclass names its event type: ``class Won(Payload, type="sales.deal.won.v1")``. A payload
    without a type is a part of others (such as a stage of a pipeline).
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        use_attribute_docstrings=True,
        defer_build=True,  # many processes read no event of most types
    )

    event_type: ClassVar[str | None] = None

    def __init_subclass__(cls, *, type: str | None = None, **kwargs: Any) -> None:  # noqa: A002
        super().__init_subclass__(**kwargs)
        if type is not None and not TYPE_NAME.match(type):
            raise TypeError(f"{type!r} is not of the form sales.<noun>.<past_tense>.v<n>")
        cls.event_type = type


P = TypeVar("P", bound=Payload)


class PayloadMismatch(ValueError):
    """A payload that stands where a payload of `model` is called for is none."""

    def __init__(self, model: type[Payload], error: ValidationError) -> None:
        super().__init__(f"not a payload of {model.event_type}: {error.error_count()} findings")
        self.model = model
        self.error = error


def payload_from(content: Any, model: type[P]) -> P:
    """Return the payload of `model` that `content`, values as JSON has them, stands for.

    Raises `PayloadMismatch` when it stands for none.
    """
    try:
        return model.model_validate_json(to_json(content))
    except ValidationError as error:
        raise PayloadMismatch(model, error) from error


def together(*names: str) -> Any:
    """Return a validator for a payload: these fields are all present or all absent.

    An amount without its currency is no money. Written as ``_money = together("amount",
    "currency")`` in the body of a payload where both are optional.
    """

    def check(payload: Payload) -> Payload:
        absent = [name for name in names if getattr(payload, name) is None]
        if absent and len(absent) < len(names):
            raise ValueError(f"{' and '.join(names)} go together; {', '.join(absent)} is missing")
        return payload

    return model_validator(mode="after")(check)


def in_order(first: str, last: str) -> Any:
    """Return a validator for a payload: where both days are present, `last` is not before `first`.

    Written as ``_period = in_order("period_start", "period_end")`` in the body of a payload.
    """

    def check(payload: Payload) -> Payload:
        start, end = getattr(payload, first), getattr(payload, last)
        if start is not None and end is not None and end < start:
            raise ValueError(f"{last} lies before {first}")
        return payload

    return model_validator(mode="after")(check)


TraceParent = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
]


class Envelope(BaseModel):
    """The attributes around a payload, as CloudEvents 1.0 and its extensions have them."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True
    )

    specversion: Literal["1.0"] = "1.0"
    """The version of CloudEvents."""
    id: Id
    """Names the event together with `source`."""
    source: Id
    """Where the event comes from: a system, an import, a simulator."""
    type: str
    """What happened: a type of the catalogue."""
    time: Instant
    """When it happened: a time with an offset, stored in UTC."""
    sequence: Count = 0
    """Breaks ties of `time`."""
    subject: Id | None = None
    """The id of what the event is about."""
    account: Id | None = None
    """The customer account, as far as it is known at the time of the event."""
    deal: Id | None = None
    """The deal the event belongs to."""
    actor: Id | None = None
    """The sales rep who acts, is credited, or whom an event of the team is about."""
    partitionkey: Id | None = None
    """The home of what the event is about; set by the gateway."""
    correlationid: Id | None = None
    """Shared by the events of one undertaking, such as one request or one import."""
    causationid: Id | None = None
    """The `id` of the event that led to this one."""
    traceparent: TraceParent | None = None
    """The W3C trace context of the request that brought the event."""
    datacontenttype: Literal["application/json"] | None = None
    """The form of `data`: always JSON."""


class Event(Envelope, Generic[P]):
    """One immutable fact. `(source, id)` names it; `(time, sequence, source, id)` orders it."""

    # Descriptions are read from source text, which is slow, and every type has an event model.
    model_config = ConfigDict(use_attribute_docstrings=False)

    data: P


AnyEvent = Event[Any]


def order_of(event: AnyEvent) -> tuple[datetime, int, str, str]:
    """Return the place of an event among those of its key: a property of the event alone."""
    return (event.time, event.sequence, event.source, event.id)


def home_of(event: AnyEvent, deal_home: str | None = None) -> str:
    """Return the partition key: where all history of what the event is about lies.

    `deal_home` is the home its deal already has. Without one a deal is at home in its account,
    or in itself; everything else in its account, else its actor, else its subject, else its source.
    """
    if event.deal is not None and deal_home is not None:
        return deal_home
    return event.account or event.deal or event.actor or event.subject or event.source


def digest_of(event: AnyEvent, data: str | None = None) -> str:
    """Return 32 hexadecimal digits over the content of an event.

    `data` is the payload as its model writes it, where the caller has it already. The home is left
    out, which the gateway sets, and the trace: a retry may carry another one. Two events with the
    same `(source, id)` and the same digest are one event told twice; with different digests they
    are in conflict.
    """
    has = event.__dict__
    told = (
        str((has["time"] - _EPOCH) // _MICROSECOND),
        str(has["sequence"]),
        *(has[name] or "" for name in _DIGESTED),
        payload_json(event) if data is None else data,
    )
    # No attribute holds a control character, so what is joined by one cannot be read two ways.
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:32]


_DIGESTED = (
    "source", "id", "type", "subject", "account", "deal", "actor", "correlationid", "causationid"
)  # fmt: skip
"""The attributes that a digest covers beside time, sequence and payload."""


def payload_json(event: AnyEvent) -> str:
    """Return the payload as its model writes it, absent fields left out."""
    payload = event.data
    written: bytes = payload.__pydantic_serializer__.to_json(payload, exclude_none=True)
    return written.decode()
