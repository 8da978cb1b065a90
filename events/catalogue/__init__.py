"""The catalogue: every event type there is, each a registered name with a typed payload.

`CATALOGUE` maps a type to its payload model. A family is one or more modules beside this one; a
payload is registered by standing in one of them with ``type=…``.
"""

from collections.abc import Mapping
from functools import cache
from itertools import chain
from types import MappingProxyType, ModuleType
from typing import Annotated, Any, Literal, Union

from pydantic import Field, TypeAdapter, create_model

from events.catalogue import (
    activity,
    commerce,
    customer,
    deal,
    growth,
    incentive,
    lead,
    market,
    negotiation,
    plan,
    platform,
    reference,
    risk,
    service,
    team,
)
from events.catalogue.fields import FieldSpec, collect_fields
from events.envelope import AnyEvent, Event, Payload

FAMILIES: Mapping[str, tuple[ModuleType, ...]] = MappingProxyType(
    {
        "lead": (lead,),
        "activity": (activity,),
        "deal": (deal, negotiation),
        "customer": (customer, commerce, service),
        "team": (team, growth, incentive),
        "plan": (plan, market),
        "risk": (risk,),
        "reference": (reference,),
        "platform": (platform,),
    }
)
"""Each family and the modules its types stand in."""


def _payloads_of(module: ModuleType) -> list[tuple[str, type[Payload]]]:
    return [
        (found.event_type, found)
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, Payload)
        and found.__module__ == module.__name__
        and found.event_type is not None
    ]


def _collect() -> dict[str, type[Payload]]:
    catalogue: dict[str, type[Payload]] = {}
    for module in chain.from_iterable(FAMILIES.values()):
        for name, payload in _payloads_of(module):
            if name in catalogue:
                raise TypeError(f"{name} is registered twice: {catalogue[name]} and {payload}")
            catalogue[name] = payload
    return catalogue


CATALOGUE: MappingProxyType[str, type[Payload]] = MappingProxyType(_collect())
"""Event type to payload model, current versions only."""


def event_model(name: str, payload: type[Payload]) -> type[AnyEvent]:
    """Return the model of a whole event of the type `name`."""
    return create_model(
        payload.__name__ + "Event",
        __base__=Event,
        __module__=payload.__module__,
        __doc__=payload.__doc__,
        type=(Literal[name], Field(description="What happened.")),  # type: ignore[arg-type]
        data=(payload, Field(description="The payload of the type.")),
    )


# The models of whole events take half a second to make, and who only asks and shows needs none.


@cache
def event_models() -> Mapping[str, type[AnyEvent]]:
    """Return event type to the model of the whole event; made at the first call."""
    models = {name: event_model(name, payload) for name, payload in CATALOGUE.items()}
    return MappingProxyType(models)


@cache
def event_union() -> Any:
    """Return the type of all events: one of the event models, chosen by `type`."""
    return Annotated[
        Union[tuple(event_models().values())],  # noqa: UP007
        Field(discriminator="type"),
    ]


@cache
def event_adapter() -> TypeAdapter[AnyEvent]:
    """Return what reads one event of any current type; `events.parsing` says what is wrong where
    it fails."""
    return TypeAdapter(event_union())


FIELDS: Mapping[str, FieldSpec] = collect_fields(CATALOGUE)
"""Every field name of the payloads, its one type and its meaning."""
