"""The catalogue: every event type there is, each a registered name with a typed payload.

`CATALOGUE` maps a type to its payload model. A family is a module beside this one; a payload is
registered by standing in it with ``type=…``.
"""

from types import MappingProxyType, ModuleType
from typing import Annotated, Any, Literal, Union

from pydantic import Field, TypeAdapter, create_model

from events.catalogue import activity, customer, deal, plan, platform, reference
from events.envelope import AnyEvent, Event, Payload

FAMILIES: tuple[ModuleType, ...] = (activity, deal, customer, plan, reference, platform)


def _payloads_of(family: ModuleType) -> list[tuple[str, type[Payload]]]:
    return [
        (found.event_type, found)
        for found in vars(family).values()
        if isinstance(found, type)
        and issubclass(found, Payload)
        and found.__module__ == family.__name__
        and found.event_type is not None
    ]


def _collect() -> dict[str, type[Payload]]:
    catalogue: dict[str, type[Payload]] = {}
    for family in FAMILIES:
        for name, payload in _payloads_of(family):
            if name in catalogue:
                raise TypeError(f"{name} is registered twice: {catalogue[name]} and {payload}")
            catalogue[name] = payload
    return catalogue


CATALOGUE: MappingProxyType[str, type[Payload]] = MappingProxyType(_collect())
"""Event type to payload model, current versions only."""


def _event_model(name: str, payload: type[Payload]) -> type[AnyEvent]:
    return create_model(
        payload.__name__ + "Event",
        __base__=Event[payload],  # type: ignore[valid-type]
        __module__=payload.__module__,
        __doc__=payload.__doc__,
        type=(Literal[name], ...),
    )


EVENT_MODELS: MappingProxyType[str, type[AnyEvent]] = MappingProxyType(
    {name: _event_model(name, payload) for name, payload in CATALOGUE.items()}
)
"""Event type to the model of the whole event."""

EventUnion: Any = Annotated[
    Union[tuple(EVENT_MODELS.values())],  # noqa: UP007
    Field(discriminator="type"),
]

EVENT: TypeAdapter[AnyEvent] = TypeAdapter(EventUnion)
