"""The tail of the tape: the newest events, followed once for all sessions.

However fast events come, one tick takes at most `PER_TICK` of them; what is left out is counted.
"""

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from services.console.lines import is_wanted
from services.console.ports import Feed, FeedFilter, FeedItem
from services.console.threads import Threads

KEPT = 5_000
"""Events at hand for a filter that is changed."""
PER_TICK = 1_250
"""Events taken up per tick; with four ticks a second that is 5,000 events/s."""


@dataclass(frozen=True, slots=True)
class News:
    """What one tick brought: new events, oldest first, and how many were left out before them."""

    items: Sequence[FeedItem] = ()
    skipped: int = 0
    first: bool = False
    """Whether these are the newest events there were when the tail was taken up."""


@dataclass(slots=True)
class Tail:
    """The newest events and where the tape goes on."""

    feed: Feed
    threads: Threads
    items: deque[FeedItem] = field(default_factory=lambda: deque(maxlen=KEPT))
    _position: Hashable = None
    begun: bool = False
    """Whether the newest events have been taken up."""

    async def advance(self) -> News:
        """Take up what is new. The first call brings the newest events there are."""
        first = not self.begun
        if first:
            found = await self.threads.run(self.feed.latest, KEPT)
        else:
            found = await self.threads.run(self.feed.since, self._position, PER_TICK)
        self.begun = True
        self._position = found.position
        self.items.extend(found.items)
        return News(found.items, found.skipped, first)

    def forget(self) -> None:
        """Begin anew at the next call: nobody has watched for a while."""
        self.items.clear()
        self.begun = False

    async def matching(self, wanted: FeedFilter, limit: int) -> list[FeedItem]:
        """Return the newest wanted events, oldest first; with a filter also older ones.

        Raises whatever the port raises when it searches.
        """
        found = self._at_hand(wanted, limit)
        if not wanted or len(found) == limit:
            return found
        older = await self.threads.run(self.feed.search, wanted, limit)
        known = {(item.partition, item.offset) for item in self.items}
        older = [item for item in older if (item.partition, item.offset) not in known]
        return [*older, *self._at_hand(wanted, limit)][-limit:]

    def _at_hand(self, wanted: FeedFilter, limit: int) -> list[FeedItem]:
        found: list[FeedItem] = []
        for item in reversed(self.items):
            if is_wanted(item, wanted):
                found.append(item)
                if len(found) == limit:
                    break
        found.reverse()
        return found
