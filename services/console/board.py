"""The board: the answers of the panels, asked once for all sessions that have the same clocks.

An answer is asked anew when what it reads has changed, at most once a second, and less often where
it is slow, so that watching never takes more than a part of the engine.
"""

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from infra.clock import monotonic, now
from services.console.churn import churn_model
from services.console.clocks import Clocks
from services.console.funnel import funnel_model
from services.console.ports import Panels
from services.console.quotas import QuotaBook
from services.console.threads import Threads

log = logging.getLogger(__name__)

Name = Literal["funnel", "quotas", "churn"]
NAMES: tuple[Name, ...] = get_args(Name)

LEAST_SECONDS = 1.0
"""The least time between two refreshes of the same panels."""
MOST_SECONDS = 60.0
"""The time after which panels at now are asked again without news: days pass, periods end."""
SHARE_NOW, SHARE_THEN = 0.33, 0.1
"""The part of the time that asking about the same clocks takes at most: at now, and at others,
which cost more and of which an answer hardly ever changes."""
MOST_ACCOUNTS = 100
"""The most accounts with churn signals that a page shows."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One answer. After a failure the last good answer stays, beside the reason."""

    answer: Any = None
    """A funnel model, a `QuotaBook`, a churn model; None before the first answer."""
    at: datetime | None = None
    """When it was asked for."""
    error: str = ""


Answers = Mapping[Name, Panel]


@dataclass(slots=True)
class _Standing:
    """What is known for one setting of the clocks."""

    answers: dict[Name, Panel] = field(default_factory=lambda: {name: Panel() for name in NAMES})
    version: Hashable = None
    asked_at: float = float("-inf")
    not_before: float = 0.0


class Board:
    """Answers by clocks. Used from the event loop only; ports are asked in threads."""

    def __init__(self, panels: Panels, threads: Threads) -> None:
        self._panels = panels
        self._threads = threads
        self._version_error = ""
        self._standings: dict[Clocks, _Standing] = {}

    def answers(self, clocks: Clocks) -> Answers:
        """Return what is known for these clocks, at once."""
        standing = self._standings.get(clocks)
        return standing.answers if standing else {name: Panel() for name in NAMES}

    def keep(self, wanted: set[Clocks]) -> None:
        """Forget the clocks that no session has any more."""
        self._standings = {c: s for c, s in self._standings.items() if c in wanted}

    def is_due(self, clocks: Clocks, version: Hashable) -> bool:
        """Tell whether these clocks are to be asked about now."""
        standing = self._standings.get(clocks)
        if standing is None:
            return True
        if monotonic() < standing.not_before:
            return False
        if version != standing.version or any(p.error for p in standing.answers.values()):
            return True
        return clocks.as_of is None and monotonic() - standing.asked_at >= MOST_SECONDS

    async def version(self) -> Hashable:
        """Return the version of what the questions read; a new one where it cannot be told."""
        try:
            version = await self._threads.run(self._panels.version)
        # Whatever the port raises, the questions are asked all the same, and tell their own errors.
        except Exception as error:  # noqa: BLE001
            if str(error) != self._version_error:
                log.warning("whether the panels have changed cannot be told: %s", error)
            self._version_error = str(error)
            return object()
        self._version_error = ""
        return version

    async def refresh(
        self, clocks: Clocks, version: Hashable, told: Callable[[], None] = lambda: None
    ) -> None:
        """Ask all questions for these clocks; `told` is called after each answer."""
        standing = self._standings.setdefault(clocks, _Standing())
        standing.version, standing.asked_at = version, monotonic()
        for name, ask in self._questions(clocks).items():
            before = standing.answers[name]
            try:
                standing.answers[name] = Panel(await self._threads.run(ask), now())
            # Whatever a port raises is told in its panel; the other panels go on.
            except Exception as error:  # noqa: BLE001
                reason = str(error) or type(error).__name__
                if reason != before.error:
                    log.warning("the panel %s cannot be refreshed: %s", name, reason)
                standing.answers[name] = Panel(before.answer, before.at, reason)
            told()
        took = monotonic() - standing.asked_at
        share = SHARE_NOW if clocks.live else SHARE_THEN
        standing.not_before = standing.asked_at + max(LEAST_SECONDS, took / share)

    def _questions(self, clocks: Clocks) -> dict[Name, Callable[[], Any]]:
        at, known = clocks.as_of, clocks.known_at
        panels = self._panels
        return {
            "funnel": lambda: funnel_model(panels.funnel(at, known)),
            "quotas": lambda: QuotaBook(panels.quota_attainment(at, known), (at or now()).date()),
            "churn": lambda: churn_model(panels.churn_signals(at, known, MOST_ACCOUNTS)),
        }
