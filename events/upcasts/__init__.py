"""Old versions of event types, brought up to date when they are read.

An old version is a file here: its payload as it was, and a pure function from that payload to the
one of the next version. The tape keeps what was recorded; nothing is ever rewritten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from events.catalogue.platform import EventCorrected, EventRetracted
from events.envelope import Payload, PayloadMismatch, payload_from
from events.upcasts import forecast_submitted_v1

Json = dict[str, Any]
_AMENDMENTS = (EventCorrected.event_type, EventRetracted.event_type)


@dataclass(frozen=True, slots=True)
class Upcast:
    """One step from an old version of a type to the next one."""

    old: type[Payload]
    """The payload of the old version."""
    new: str
    """The type of the next version."""
    function: Callable[[Any], Payload]
    """From a payload of the old version to one of the next."""


UPCASTS: Mapping[str, Upcast] = MappingProxyType(
    {
        "sales.forecast.submitted.v1": Upcast(
            old=forecast_submitted_v1.ForecastSubmittedV1,
            new="sales.forecast.submitted.v2",
            function=forecast_submitted_v1.upcast,
        ),
    }
)
"""Old type to the step that leads away from it."""


class OldPayloadMismatch(ValueError):
    """The payload of an event of an old type does not fit that type.

    `path` says where in the event the payload stands, `mismatch` what is wrong with it.
    """

    def __init__(self, mismatch: PayloadMismatch, *path: str) -> None:
        super().__init__(f"{'.'.join(path)}: {mismatch}")
        self.mismatch = mismatch
        self.path = path


def upcast(event: Any) -> Any:
    """Return an event, as JSON has it, in its current version.

    An amendment of an event of an old type becomes one of the current type. What is no old event
    is returned as it is: the same object. Raises `OldPayloadMismatch`.
    """
    if not isinstance(event, dict):
        return event
    if _is_old(event.get("type")):
        name, payload = _current(event["type"], event.get("data"), "data")
        return {**event, "type": name, "data": payload}
    data = event.get("data")
    if (
        event.get("type") in _AMENDMENTS
        and isinstance(data, dict)
        and _is_old(data.get("target_type"))
    ):
        return {**event, "data": _current_amendment(data)}
    return event


def _is_old(name: Any) -> bool:
    return isinstance(name, str) and name in UPCASTS


def _current_amendment(data: Json) -> Json:
    if "payload" in data:
        name, payload = _current(data["target_type"], data["payload"], "data", "payload")
        return {**data, "target_type": name, "payload": payload}
    name = data["target_type"]
    while name in UPCASTS:
        name = UPCASTS[name].new
    return {**data, "target_type": name}


def _current(name: str, content: Any, *path: str) -> tuple[str, Json]:
    try:
        payload: Payload = payload_from(content, UPCASTS[name].old)
    except PayloadMismatch as mismatch:
        raise OldPayloadMismatch(mismatch, *path) from mismatch
    while name in UPCASTS:
        step = UPCASTS[name]
        name, payload = step.new, step.function(payload)
    return name, payload.model_dump(mode="json", exclude_none=True)
