"""The fold of a deal: from its events, in order, to where it stands.

Pure, and independent of the SQL that derives `deals`: tests hold the two against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

Status = Literal["open", "won", "lost"]

OPENED = "sales.deal.opened.v1"
REOPENED = "sales.deal.reopened.v1"
WON = "sales.deal.won.v1"
LOST = "sales.deal.lost.v1"
OWNER_CHANGED = "sales.deal.owner_changed.v1"

STAGED = frozenset({OPENED, REOPENED, "sales.deal.stage_changed.v1"})
"""Types that put a deal into a stage."""
PRICED = frozenset({OPENED, "sales.deal.amount_changed.v1", WON, LOST})
"""Types that tell what a deal is worth."""
ASSIGNED = frozenset({OPENED, OWNER_CHANGED})
"""Types that tell who owns a deal; other events only where none of these does."""
OUTCOMES: Mapping[str, Status] = {OPENED: "open", REOPENED: "open", WON: "won", LOST: "lost"}
"""Types that open or close a deal."""

_DAY = timedelta(days=1)


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

    @property
    def own(self) -> bool:
        """Whether it is an event of the deal itself, not an activity on it."""
        return self.type.startswith("sales.deal.")


@dataclass(frozen=True, slots=True)
class DealState:
    """Where a deal stands. None means that no event has told it."""

    pipeline: str | None = None
    stage: str | None = None
    stage_since: datetime | None = None
    """Since when it is in its stage; being told the same stage again is no new entry."""
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
    """Why it was won or lost."""
    competitor: str | None = None
    """Who won it instead."""
    path: tuple[tuple[str, datetime], ...] = ()
    """Stages in the order they were entered, and when."""
    last_event_at: datetime | None = None
    events: int = 0
    """Events so far, activities on the deal among them."""
    own_events: int = 0
    """Events of the deal itself; without one there is no deal."""
    opened: bool = False
    """Whether an event has told the opening."""
    assigned: bool = False
    """Whether an event has told the owner."""

    def days_in_stage(self, moment: datetime) -> float | None:
        """Return days of 24 hours from entering the stage to a moment, or to the close if earlier.

        None while it is in no stage.
        """
        if self.stage_since is None:
            return None
        end = moment if self.closed_at is None else min(moment, self.closed_at)
        return max((end - self.stage_since) / _DAY, 0.0)


def evolve(state: DealState, event: DealEvent) -> DealState:
    """Return where the deal stands after one more event; events come in their order."""
    state = replace(
        state,
        account=event.account or state.account,
        opened_at=state.opened_at or event.time,
        last_event_at=event.time,
        events=state.events + 1,
    )
    if not event.own:
        return state
    told = event.payload
    state = replace(
        state,
        own_events=state.own_events + 1,
        pipeline=_told(told, "pipeline", state.pipeline),
        product=_told(told, "product", state.product),
        lead=_told(told, "lead", state.lead),
        expected_close=_day(told, state.expected_close),
    )
    for apply in (_owned, _staged, _priced, _decided):
        state = apply(state, event)
    return state


def _owned(state: DealState, event: DealEvent) -> DealState:
    if event.actor is None:
        return state
    if event.type in ASSIGNED:
        return replace(state, owner=event.actor, assigned=True)
    return state if state.assigned else replace(state, owner=event.actor)


def _staged(state: DealState, event: DealEvent) -> DealState:
    stage = event.payload.get("stage")
    if event.type not in STAGED or stage is None or stage == state.stage:
        return state
    return replace(
        state, stage=stage, stage_since=event.time, path=(*state.path, (stage, event.time))
    )


def _priced(state: DealState, event: DealEvent) -> DealState:
    amount = event.payload.get("amount")
    if event.type not in PRICED or amount is None:
        return state
    return replace(state, amount=Decimal(amount), currency=event.payload.get("currency"))


def _decided(state: DealState, event: DealEvent) -> DealState:
    status = OUTCOMES.get(event.type)
    if status is None:
        return state
    closed = status != "open"
    opened = event.type == OPENED
    return replace(
        state,
        status=status,
        opened_at=event.time if opened and not state.opened else state.opened_at,
        opened=state.opened or opened,
        closed_at=event.time if closed else None,
        reason=event.payload.get("reason") if closed else None,
        competitor=event.payload.get("competitor") if status == "lost" else None,
    )


def _told(payload: Mapping[str, Any], name: str, otherwise: str | None) -> str | None:
    value = payload.get(name)
    return otherwise if value is None else str(value)


def _day(payload: Mapping[str, Any], otherwise: date | None) -> date | None:
    value = payload.get("expected_close")
    return otherwise if value is None else date.fromisoformat(value)
