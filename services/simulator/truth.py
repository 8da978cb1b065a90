"""What a floor was made to do, counted in plain Python, to hold the views against.

Folds the bytes of the events in their order, knowing nothing of how they were made and nothing of
the warehouse. Only the moments of churn come from the floor itself: who leaves silently tells no
event.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import orjson

from services.simulator.accounts import Spell
from services.simulator.careers import period_of
from services.simulator.config import STAGES, FloorConfig
from services.simulator.floor import Floor
from services.simulator.hours import datetime_of


@dataclass(slots=True)
class StageCount:
    """Deals that came to a stage, and what became of them there."""

    entered: int = 0
    advanced: int = 0
    """How many went on to the next stage, or were won from the last."""
    lost: int = 0

    @property
    def open(self) -> int:
        """How many are in the stage now."""
        return self.entered - self.advanced - self.lost

    @property
    def conversion(self) -> float | None:
        """The part that went on, of those that have left the stage; None where none has."""
        done = self.advanced + self.lost
        return self.advanced / done if done else None


@dataclass(slots=True)
class Truth:
    """The counts over all events taken so far."""

    events: int = 0
    leads: int = 0
    qualified: int = 0
    unqualified: int = 0
    stages: dict[str, StageCount] = field(
        default_factory=lambda: {stage: StageCount() for stage in STAGES}
    )
    stage_of: dict[str, str] = field(default_factory=dict)
    """Deal to the stage it is in, or `won` or `lost`."""
    won: dict[tuple[str, date], Decimal] = field(default_factory=dict)
    """Rep and first day of a calendar quarter to the amount won in it."""
    quotas: dict[tuple[str, date], Decimal] = field(default_factory=dict)
    """Rep and first day of a period to the quota last set."""
    purchases: dict[str, int] = field(default_factory=dict)
    """Account to the number of its purchases; accounts without any are absent."""
    purchase_value: dict[str, Decimal] = field(default_factory=dict)
    last_purchase: dict[str, datetime] = field(default_factory=dict)
    churned: dict[str, datetime] = field(default_factory=dict)
    """Account to the moment it stopped buying, unless it was won back since."""
    churns: int = 0
    """How often an account stopped buying, won back since or not."""
    customer_months: float = 0
    """How long all accounts were customers together, in months of a twelfth of 365.25 days."""

    @property
    def opened(self) -> int:
        """The number of deals."""
        return len(self.stage_of)

    def closed_as(self, outcome: str) -> int:
        """Return how many deals are `won` or `lost`."""
        return sum(stage == outcome for stage in self.stage_of.values())

    def take(self, raw: bytes) -> None:
        """Count one more event, given as JSON."""
        self.events += 1
        event = orjson.loads(raw)
        data = event["data"]
        match event["type"]:
            case "sales.lead.captured.v1":
                self.leads += 1
            case "sales.lead.qualified.v1":
                self.qualified += 1
            case "sales.lead.unqualified.v1":
                self.unqualified += 1
            case "sales.deal.opened.v1" | "sales.deal.stage_changed.v1":
                self._enters(event["deal"], data["stage"])
            case "sales.deal.won.v1":
                self._leaves(event["deal"], "won")
                credited = (event["actor"], _quarter(event["time"]))
                self.won[credited] = self.won.get(credited, Decimal()) + Decimal(data["amount"])
            case "sales.deal.lost.v1":
                self._leaves(event["deal"], "lost")
            case "sales.purchase.made.v1":
                self._buys(event["account"], Decimal(data["amount"]), event["time"])
            case "sales.quota.set.v1" | "sales.quota.revised.v1":
                period = (event["actor"], date.fromisoformat(data["period_start"]))
                self.quotas[period] = Decimal(data["amount"])

    def _enters(self, deal: str, stage: str) -> None:
        if deal in self.stage_of:
            self.stages[self.stage_of[deal]].advanced += 1
        self.stages[stage].entered += 1
        self.stage_of[deal] = stage

    def _leaves(self, deal: str, outcome: str) -> None:
        left = self.stages[self.stage_of[deal]]
        if outcome == "won":
            left.advanced += 1
        else:
            left.lost += 1
        self.stage_of[deal] = outcome

    def _buys(self, account: str, amount: Decimal, time: str) -> None:
        self.purchases[account] = self.purchases.get(account, 0) + 1
        self.purchase_value[account] = self.purchase_value.get(account, Decimal()) + amount
        self.last_purchase[account] = datetime.fromisoformat(time)

    def take_spells(self, spells: Iterable[Spell], until: datetime) -> None:
        """Count how long accounts were customers up to a moment, and which have stopped."""
        for spell in spells:
            since = datetime_of(spell.since)
            stopped = None if spell.churned is None else datetime_of(spell.churned)
            ends = until if stopped is None else min(stopped, until)
            self.customer_months += (ends - since).total_seconds() / (365.25 * 86_400 / 12)
            self.churned.pop(spell.account, None)
            if stopped is not None:
                self.churned[spell.account] = stopped
                self.churns += 1


def truth_of(config: FloorConfig, events: Iterable[bytes] | None = None) -> Truth:
    """Return what the floor with these settings does.

    `events` are its events where the caller has them; the floor runs in any case, to know who
    churned.
    """
    floor, truth = Floor(config), Truth()
    for raw in floor.events():
        if events is None:
            truth.take(raw)
    for raw in events or ():
        truth.take(raw)
    truth.take_spells(floor.spells, datetime_of(floor.end))
    return truth


def _quarter(time: str) -> date:
    return period_of(date.fromisoformat(time[:10]), "quarter")[0]
