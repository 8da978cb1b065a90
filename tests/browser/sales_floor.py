"""A sales floor by hand: what the console is given in its tests, in place of tape and warehouse.

Run as a program it serves the console on a port, for the test that starts the server anew.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import uvicorn
from fastapi import FastAPI

from services.console import (
    ChurnSignals,
    ConsolePorts,
    FeedFilter,
    FeedItem,
    FeedSlice,
    Health,
    HistoryStep,
    mount_console,
)
from services.console.lines import is_wanted

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Row = dict[str, Any]
Asked = tuple[str, datetime | None, datetime | None]


def stage(name: str, position: int, reached: int, before: int | None, **more: Any) -> Row:
    """A row of `funnel`; the pipeline has 200 deals."""
    return {
        "pipeline": "direct",
        "stage": name,
        "position": position,
        "entered": reached,
        "reached": reached,
        "advanced": 0,
        "conversion": None,
        "reached_before": before,
        "conversion_from_previous": reached / before if before else None,
        "conversion_from_start": reached / 200,
        "won": 0,
        "lost": 0,
        "open": 0,
        "median_days": 4.5,
        "p90_days": 12.0,
        "open_amount": None,
        "won_amount": None,
        "currency": "EUR",
    } | more


def quota(rep: str, actual: int, quota: int = 1_000, start: date | None = None) -> Row:
    """A row of `quota_attainment`, of the running year unless told otherwise."""
    this_year = datetime.now(UTC).year
    start = start or date(this_year, 1, 1)
    return {
        "rep": rep,
        "measure": "won_amount",
        "period_start": start,
        "period_end": date(start.year, 12, 31),
        "quota": Decimal(quota),
        "currency": "EUR",
        "actual": Decimal(actual),
        "attainment": actual / quota,
        "gap": Decimal(quota - actual),
        "expected_by_now": Decimal(quota) / (2 if start.year == this_year else 1),
        "source": "crm",
    }


def signal(account: str, idle: int, **evidence: str) -> Row:
    """A row of `churn_signals`, with rules and what each saw."""
    return {
        "account": account,
        "last_purchase_at": DAY - timedelta(days=idle),
        "purchases": 7,
        "idle_days": idle,
        "median_gap_days": 30.0,
        "rules": list(evidence),
        "evidence": list(evidence.values()),
        "sources": ["crm"],
    }


class SalesFloor:
    """Panels and feed, as a test wants them."""

    def __init__(self, *, empty: bool = False) -> None:
        self.changes = 0
        self.items: list[FeedItem] = []
        self.reset()
        if empty:
            self.clear()
        else:
            self.happen("sales.deal.opened.v1", deal="D-1", account="Cedar Labs", actor="Rep 01")

    def reset(self) -> None:
        """Answer with a little of everything again. The tape stays: it only ever grows."""
        self.changes += 1
        self.archive: list[FeedItem] = []
        self.asked: list[Asked] = []
        self.failing: dict[str, Exception] = {}
        self.trouble: dict[str, str] = {}
        self.lag = 0
        self.stages = [
            stage("research", 1, 200, None, open=60, lost=20),
            stage("contact", 2, 120, 200, open=10, lost=10),
            stage("closing", 3, 100, 120, won=90, lost=5, open=5, won_amount=Decimal(2_500_000)),
        ]
        self.stages_then = self.stages
        self.quotas = [quota(f"Rep {n:02}", 100 * n) for n in range(1, 13)]
        self.signals = [
            signal("Amber Foods", 120, idle_long="no purchase for 120 days"),
            signal("Birch Media", 20, payment_trouble="payment failed or overdue since 2026-02-01"),
        ]
        self.accounts = 40
        self.steps: dict[str, list[HistoryStep]] = {}

    def clear(self) -> None:
        """Answer with nothing."""
        self.stages, self.stages_then, self.quotas, self.signals, self.accounts = [], [], [], [], 0

    def happen(self, event_type: str, **told: Any) -> FeedItem:
        """Put an event onto the tape."""
        offset = len(self.items)
        at = DAY + timedelta(seconds=offset)
        item = FeedItem(0, offset, at, told.pop("time", at), event_type, **told)
        self.items.append(item)
        return item

    def change(self) -> None:
        """Say that what the questions read has changed."""
        self.changes += 1

    def times_asked(self, question: str) -> int:
        return sum(1 for asked in self.asked if asked[0] == question)

    def _ask(self, question: str, as_of: datetime | None, known_at: datetime | None) -> None:
        self.asked.append((question, as_of, known_at))
        if question in self.failing:
            raise self.failing[question]

    # Panels

    def version(self) -> int:
        return self.changes

    def funnel(self, as_of: datetime | None, known_at: datetime | None) -> Sequence[Row]:
        self._ask("funnel", as_of, known_at)
        return self.stages if as_of is None else self.stages_then

    def quota_attainment(self, as_of: datetime | None, known_at: datetime | None) -> Sequence[Row]:
        self._ask("quota_attainment", as_of, known_at)
        return self.quotas

    def churn_signals(
        self, as_of: datetime | None, known_at: datetime | None, limit: int
    ) -> ChurnSignals:
        self._ask("churn_signals", as_of, known_at)
        fired: dict[str, int] = {}
        for row in self.signals:
            for rule in row["rules"]:
                fired[rule] = fired.get(rule, 0) + 1
        return ChurnSignals(self.signals[:limit], self.accounts, len(self.signals), fired)

    def deal_history(
        self, deal: str, as_of: datetime | None, known_at: datetime | None
    ) -> Sequence[HistoryStep]:
        self._ask("deal_history", as_of, known_at)
        return self.steps.get(deal, [])

    def health(self) -> Health:
        if "health" in self.failing:
            raise self.failing["health"]
        last = self.items[-1].time if self.items else None
        return Health(len(self.items), self.lag, self.trouble, last)

    # Feed

    def latest(self, limit: int) -> FeedSlice:
        return self.since(max(0, len(self.items) - limit), limit)

    def since(self, position: Any, limit: int) -> FeedSlice:
        if "feed" in self.failing:
            raise self.failing["feed"]
        end = len(self.items)
        first = max(position, end - limit)
        return FeedSlice(self.items[first:end], end, first - position)

    def search(self, wanted: FeedFilter, limit: int) -> Sequence[FeedItem]:
        return [item for item in self.archive if is_wanted(item, wanted)][-limit:]


def application(floor: SalesFloor) -> FastAPI:
    """An application with one address of its own, and the console."""
    app = FastAPI()
    mount_console(app, ConsolePorts(floor, floor))

    @app.post("/events")
    def events() -> Mapping[str, str]:
        return {"status": "accepted"}

    return app


if __name__ == "__main__":
    served = SalesFloor(empty=sys.argv[2] == "empty")
    uvicorn.run(application(served), port=int(sys.argv[1]), log_level="warning")
