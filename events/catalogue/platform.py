"""The platform's own events: corrections, retractions, merges, erasure, signals, gaps."""

from typing import Any

from events.envelope import Payload
from events.values import Day, Id, Instant, Text


class EventCorrected(Payload, type="sales.event.corrected.v1"):
    """Another event was wrong: from now on its `time` and `data` are these.

    Everything else about the target stays as it was; to change that, retract it and append a new
    event. `account`, `deal`, `actor` and `partitionkey` of the envelope are the target's.
    """

    target_source: Id
    target_id: Id
    target_type: Id
    """The type of the target; `payload` is a payload of this type."""
    target_time: Instant
    """The time the target was recorded with: the ledger files the correction there."""
    corrected_time: Instant
    """When the target really happened."""
    payload: dict[str, Any]
    """The target's payload as it should have been."""
    reason: Text | None = None


class EventRetracted(Payload, type="sales.event.retracted.v1"):
    """Another event should not have been recorded: it never happened."""

    target_source: Id
    target_id: Id
    target_type: Id
    target_time: Instant
    reason: Text | None = None


class SignalRaised(Payload, type="sales.signal.raised.v1"):
    """The platform noticed something that a person should look at."""

    signal: Id
    rule: Id
    evidence: Text


class ImportGapDetected(Payload, type="sales.import_gap.detected.v1"):
    """An import found that data is missing where some must have been."""

    gap_start: Day
    gap_end: Day
    reason: Text
