"""Old versions of event types, brought up to date when they are read.

An upcast is a pure function from the JSON of version n to the JSON of version n+1. The tape keeps
what was recorded; nothing is ever rewritten.
"""

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
UPCASTS: dict[str, Callable[[Json], Json]] = {}
"""Old type to the function that returns the event as the next version."""


def upcast(event: Any) -> Any:
    """Return the event in its current version; what is no old event is returned as it is."""
    while isinstance(event, dict) and event.get("type") in UPCASTS:
        event = UPCASTS[event["type"]](event)
    return event
