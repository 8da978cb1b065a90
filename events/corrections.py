"""What a correction says its target should have been, as the target's model writes it."""

from events.catalogue import CATALOGUE
from events.catalogue.platform import EventCorrected
from events.envelope import AnyEvent, payload_from


def corrected_payload_json(event: AnyEvent) -> str:
    """Return the payload a correction gives its target, as JSON without absent fields.

    Raises `TypeError` when the event is no correction.
    """
    correction = event.data
    if not isinstance(correction, EventCorrected):
        raise TypeError(f"{event.type} is no correction; only event.corrected has a payload")
    payload = payload_from(correction.payload, CATALOGUE[correction.target_type])
    return payload.model_dump_json(exclude_none=True)
