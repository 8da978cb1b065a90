"""The history of a deal as the replay tells it: its shape, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.audit.fold import DealState
from services.audit.records import Place

Standing = Literal["live", "corrected", "retracted", "moved"]
"""Whether an event counts: as recorded, as corrected, not at all, or only for another deal."""


class UnknownDeal(Exception):
    """No record of the tape names the deal (within `known`); `near` are ids like it."""

    def __init__(self, deal: str, near: list[str], message: str) -> None:
        super().__init__(message)
        self.deal = deal
        self.near = near


@dataclass(frozen=True, slots=True)
class Amendment:
    """A correction or retraction of an event."""

    kind: Literal["correction", "retraction"]
    source: str
    id: str
    time: datetime
    """When it was decided; the latest holds."""
    actor: str | None
    place: Place
    target_source: str
    target_id: str
    target_time: datetime
    """When the target happened, as first told."""
    corrected_time: datetime | None
    corrected_payload: Mapping[str, Any] | None
    reason: str | None
    holds: bool
    """Whether it is the one that decides about its target."""
    why_not: str | None
    """Why it does not hold; None where it does."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A later record of the same source and id with another content; it changes nothing."""

    place: Place
    time: datetime
    type: str
    deal: str | None
    account: str | None
    actor: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a deal's history, and where the deal stood after it."""

    standing: Standing
    time: datetime
    """When it happened, after correction."""
    sequence: int
    source: str
    id: str
    type: str
    account: str | None
    actor: str | None
    payload: Mapping[str, Any]
    """What it says, after correction."""
    home: str
    """The partition key it lies under."""
    place: Place
    told_time: datetime
    """When it happened, as first told; equal to `time` unless corrected."""
    told_payload: Mapping[str, Any]
    """What it said first; equal to `payload` unless corrected."""
    known_since: datetime
    """When the tape learnt what the line shows: the event, or the amendment that holds."""
    amendments: tuple[Amendment, ...]
    """All amendments that name it, in the order in which the tape learnt them."""
    repeats: tuple[Place, ...]
    conflicts: tuple[Conflict, ...]
    state: DealState | None
    """Where the deal stood after it; of a line that does not count, after the line before.

    None while no event of the deal itself has come, only activities on it.
    """

    @property
    def counts(self) -> bool:
        """Whether the event is part of what happened."""
        return self.standing in ("live", "corrected")

    @property
    def recorded_at(self) -> datetime:
        """When the tape learnt the event."""
        return self.place.recorded_at


@dataclass(frozen=True, slots=True)
class DealReplay:
    """The history of a deal, as of two clocks."""

    deal: str
    at: datetime | None
    """What happened later is left out."""
    known: datetime | None
    """What the tape learnt later is left out."""
    lines: tuple[Line, ...]
    """In the order (time, sequence, source, id)."""
    states: Mapping[str, DealState]
    """Per home, where the deal stands after the last event; empty where no event counts."""
    unmatched: tuple[Amendment, ...]
    """Amendments under this deal whose target is not (yet) on the tape."""
    notes: tuple[str, ...]
    """What a reader should know besides, such as a deal that lies in two homes."""

    @property
    def state(self) -> DealState | None:
        """Where the deal stands after the last line that counts."""
        counted = [line.state for line in self.lines if line.counts]
        return counted[-1] if counted else None
