"""What a correction says its target should have been."""

from pydantic_core import to_json

from events.catalogue.platform import EventCorrected
from events.envelope import AnyEvent


def corrected_payload_json(event: AnyEvent) -> str:
    """Return the payload a correction gives its target, as the target's model writes it.

    Absent fields are left out. Raises `TypeError` when the event is no correction.
    """
    correction = event.data
    if not isinstance(correction, EventCorrected):
        raise TypeError(f"{event.type} is no correction; only event.corrected has a payload")
    return to_json(correction.payload).decode()
