"""The fold of a deal: from its events, in order, to where it stands. Pure, and independent of SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Status = Literal["open", "won", "lost"]


@dataclass(frozen=True, slots=True)
class DealEvent:
    """What the fold needs of an event that counts."""

    type: str
    time: datetime
    sequence: int
    source: str
    id: str
    account: str | None
    actor: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DealState:
    """Where a deal stands. None means that no event has told it."""

    pipeline: str | None = None
    stage: str | None = None
    stage_since: datetime | None = None
    status: Status = "open"
    amount: Decimal | None = None
    currency: str | None = None
    owner: str | None = None
    account: str | None = None
    product: str | None = None
    lead: str | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    expected_close: date | None = None
    reason: str | None = None
    competitor: str | None = None
    path: tuple[tuple[str, datetime], ...] = ()
    """Stages in the order they were entered, and when."""
    last_event_at: datetime | None = None
    events: int = 0

    def days_in_stage(self, moment: datetime) -> float | None:
        """Return days of 24 hours from entering the stage to a moment, or to the close if earlier."""
        raise NotImplementedError


def evolve(state: DealState, event: DealEvent) -> DealState:
    """Return where the deal stands after one more event; events come in their order."""
    raise NotImplementedError
