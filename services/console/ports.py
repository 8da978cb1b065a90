"""What the console needs of the rest of the platform: the ports that a composition root fills.

The console knows neither tape nor warehouse. Every method here is called in a thread and may block;
several may be called at the same time. Whatever a port raises is told on the page, in the panel it
concerns, in the words of the exception.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Row = Mapping[str, Any]
"""One row of a question: column to value."""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One event as it came onto the tape. Names that are not told are empty."""

    partition: int
    offset: int
    recorded_at: datetime
    """When the tape learnt it; aware, UTC."""
    time: datetime
    """When it happened; aware, UTC."""
    type: str
    account: str = ""
    deal: str = ""
    actor: str = ""
    team: str = ""
    """The team of the actor, as far as it is known."""
    subject: str = ""
    source: str = ""
    id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The payload, as in JSON."""


@dataclass(frozen=True, slots=True)
class FeedSlice:
    """A stretch of the feed."""

    items: Sequence[FeedItem]
    """Oldest first."""
    position: Hashable
    """Where the stretch ends; `Feed.since` goes on from here. Opaque to the console."""
    skipped: int = 0
    """Events between the position asked for and the first item, left out for being too many."""


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """Which events are wanted; what is empty is not asked for.

    `family` is a family of the catalogue and must be met exactly; the others are met by any name
    that contains them, whatever the case.
    """

    family: str = ""
    account: str = ""
    deal: str = ""
    actor: str = ""
    team: str = ""

    def __bool__(self) -> bool:
        return any((self.family, self.account, self.deal, self.actor, self.team))


class Feed(Protocol):
    """The tape as it grows."""

    def latest(self, limit: int) -> FeedSlice:
        """Return the newest events, at most `limit`."""

    def since(self, position: Hashable, limit: int) -> FeedSlice:
        """Return what came after a position: the newest of it, at most `limit`.

        Returns at once; no items say that nothing has come.
        """

    def search(self, wanted: FeedFilter, limit: int) -> Sequence[FeedItem]:
        """Return the newest events that are wanted, oldest first, at most `limit`.

        They may lie anywhere on the tape. What cannot be searched for is answered with nothing.
        """


@dataclass(frozen=True, slots=True)
class ChurnSignals:
    """The answer about churn: the accounts that show most, and counts over all of them."""

    rows: Sequence[Row]
    """Rows of `churn_signals` with rules that fired, in the question's order, up to a limit."""
    accounts: int
    """All accounts that ever bought."""
    flagged: int
    """Those of them with at least one rule that fired."""
    fired: Mapping[str, int]
    """Rule to the number of accounts for which it fired."""


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One event of a deal's history and where the deal stood after it."""

    time: datetime
    recorded_at: datetime
    type: str
    actor: str
    payload: Mapping[str, Any]
    standing: Literal["live", "corrected", "retracted", "moved"] = "live"
    """Whether the event counts: as recorded, as corrected, not at all, or only for another deal."""
    amended_at: datetime | None = None
    """When the tape learnt the amendment that holds."""
    source: str = ""
    id: str = ""
    status: str = ""
    """After the event: open, won or lost; empty where no event has told it."""
    stage: str = ""
    amount: str = ""
    """A decimal number."""
    currency: str = ""
    owner: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """How the platform is."""

    events: int
    """Records on the tape."""
    lag: int
    """Records on the tape that the ledger does not have yet."""
    trouble: Mapping[str, str] = field(default_factory=dict)
    """What does not work, such as a table or a loop, and why."""
    last_event_at: datetime | None = None
    """The latest time at which an event of the tape happened."""


class Panels(Protocol):
    """The questions of the page. A clock that is None stands at now."""

    def version(self) -> Hashable:
        """Return something that changes whenever what the questions read has changed. Cheap."""

    def funnel(self, as_of: datetime | None, known_at: datetime | None) -> Sequence[Row]:
        """Return the rows of `funnel`."""

    def quota_attainment(self, as_of: datetime | None, known_at: datetime | None) -> Sequence[Row]:
        """Return the rows of `quota_attainment`."""

    def churn_signals(
        self, as_of: datetime | None, known_at: datetime | None, limit: int
    ) -> ChurnSignals:
        """Return counts over `churn_signals`, and at most `limit` rows with rules that fired."""

    def deal_history(
        self, deal: str, as_of: datetime | None, known_at: datetime | None
    ) -> Sequence[HistoryStep]:
        """Return the history of a deal in order; nothing where there is no such deal."""

    def health(self) -> Health:
        """Return how the platform is. Cheap; asked once a second while somebody looks."""


@dataclass(frozen=True, slots=True)
class ConsolePorts:
    """Everything the console is given."""

    panels: Panels
    feed: Feed
