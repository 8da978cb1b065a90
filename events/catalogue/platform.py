"""The platform's own events: corrections, retractions, merges, erasure, signals, gaps."""

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from events.envelope import Payload, in_order, payload_from
from events.values import Day, Id, Instant, Text

SubjectType = Literal["contact", "lead", "account", "rep"]
"""What kind of person or company is to be forgotten."""


class Amendment(Payload):
    """What a correction and a retraction have in common: the event they are about.

    `account`, `deal`, `actor` and `partitionkey` of the envelope are the target's.
    """

    target_source: Id
    """The `source` of the target."""
    target_id: Id
    """The `id` of the target."""
    target_type: Id
    """The `type` of the target."""
    target_time: Instant
    """The time the target was recorded with: the ledger files the amendment there."""
    reason: Text | None = None

    @field_validator("target_type")
    @classmethod
    def _can_be_amended(cls, target_type: str) -> str:
        if issubclass(_payload_model(target_type), Amendment):
            raise ValueError(  # noqa: TRY004 - pydantic turns only this one into a finding
                "an amendment may not target an amendment; amend the same target again instead"
            )
        return target_type


class EventCorrected(Amendment, type="sales.event.corrected.v1"):
    """Another event was wrong: from now on its `time` and `data` are these.

    Everything else about the target stays as it was; to change that, retract it and append a new
    event.
    """

    corrected_time: Instant
    """When the target really happened."""
    payload: dict[str, Any]
    """The target's payload as it should have been: a payload of `target_type`."""

    @field_validator("payload")
    @classmethod
    def _is_one_of_the_target(cls, payload: dict[str, Any], info: ValidationInfo) -> Any:
        """Return the payload as the target's model writes it, so that equal ones are equal."""
        if "target_type" not in info.data:
            return payload  # already found wrong
        model = _payload_model(info.data["target_type"])
        return payload_from(payload, model).model_dump(mode="json", exclude_none=True)


class EventRetracted(Amendment, type="sales.event.retracted.v1"):
    """Another event should not have been recorded: it never happened."""


def _payload_model(name: str) -> type[Payload]:
    from events.catalogue import CATALOGUE  # this module is a part of it
    from events.explanation import unknown_type

    if name not in CATALOGUE:
        raise ValueError(unknown_type(name))
    return CATALOGUE[name]


class AccountMerged(Payload, type="sales.account.merged.v1"):
    """Two accounts are one. `account` of the envelope is the one that stays."""

    merged_account: Id
    """The account whose history counts for the other one from now on."""
    reason: Text | None = None


class SubjectErased(Payload, type="sales.subject.erased.v1"):
    """A person or company must be forgotten: what names them is to be made unreadable."""

    erased_subject: Id
    """Who is to be forgotten, by the id the tape knows them under."""
    subject_type: SubjectType
    requested_on: Day | None = None
    """When the person asked for it."""
    reason: Text | None = None


class SignalRaised(Payload, type="sales.signal.raised.v1"):
    """The platform noticed something that a person should look at."""

    signal: Id
    """The name of this occurrence, which acknowledging and clearing refer to."""
    rule: Id
    """The rule that fired."""
    evidence: Text
    """What it fired on, in words or as JSON."""


class SignalAcknowledged(Payload, type="sales.signal.acknowledged.v1"):
    """A person looks after a signal. `actor` is who."""

    signal: Id
    note: Text | None = None


class SignalCleared(Payload, type="sales.signal.cleared.v1"):
    """What a signal pointed at is no more, or never was."""

    signal: Id
    outcome: Id | None = None
    """Such as solved, false_alarm, passed."""
    reason: Text | None = None


class ImportGapDetected(Payload, type="sales.import_gap.detected.v1"):
    """An import found that data is missing where some must have been."""

    gap_start: Day
    """The first day without data."""
    gap_end: Day
    """The last day without data."""
    reason: Text

    _gap = in_order("gap_start", "gap_end")
