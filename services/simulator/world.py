"""Simulated time: a queue of processes, each asleep until its moment, which then tells events.

A process is a generator that yields the moment it wants to go on at. Processes of one account may
look at each other's state, because everything before their moment has happened. Nothing here
knows what a sale is.
"""

import heapq
from collections.abc import Callable, Generator, Iterator
from typing import Any

import orjson

from services.simulator.config import FloorConfig
from services.simulator.hours import datetime_of, day_of

Process = Generator[int, None, None]
"""Yields moments, never earlier than the present, in microseconds since 1970."""

_FORMAT = orjson.OPT_UTC_Z


class World:
    """Simulated time, and the events told so far that nobody has taken yet.

    `run` sets the names of a live run apart from those of others; it is empty otherwise.
    """

    __slots__ = ("_queue", "_started", "config", "now", "run", "stamp", "told")

    def __init__(self, config: FloorConfig, now: int, run: str = "") -> None:
        self.config = config
        self.run = f"{run}." if run else ""
        self.now = now
        """The simulated moment."""
        self.stamp: Callable[[], int] = self._simulated
        """Gives the time that events are told with: the simulated moment, or the present."""
        self.told: list[bytes] = []
        self._queue: list[tuple[int, int, Process]] = []
        self._started = 0

    def _simulated(self) -> int:
        return self.now

    def start(self, process: Process) -> None:
        """Let a process begin at the present moment, after what is running now."""
        self._started += 1
        heapq.heappush(self._queue, (self.now, self._started, process))

    def advance(self, until: int | None = None) -> Iterator[bytes]:
        """Yield events in the order of time, those before `until`; without it, as long as any
        process goes on."""
        queue = self._queue
        while queue and (until is None or queue[0][0] < until):
            self.now, place, process = queue[0]
            wake = next(process, None)
            if wake is None:
                heapq.heappop(queue)
            else:
                heapq.heapreplace(queue, (max(wake, self.now), place, process))
            if self.told:
                told, self.told = self.told, []
                yield from told


class Line:
    """The events about one account, one rep or the floor itself, one after another.

    Numbers them, and gives those told at the same moment an order.
    """

    __slots__ = ("_key", "_sequence", "_source", "_told", "_told_at", "world")

    def __init__(self, world: World, key: str) -> None:
        self.world = world
        self._key = world.run + key
        self._source = world.config.source
        self._told = 0
        self._told_at = -1
        self._sequence = 0

    def tell(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        subject: str,
        account: str | None = None,
        deal: str | None = None,
        actor: str | None = None,
    ) -> None:
        """Tell that something happened now. `data` is the payload, as it stands in JSON."""
        world = self.world
        at = world.stamp()
        if at == self._told_at:
            self._sequence += 1
        else:
            self._told_at, self._sequence = at, 0
        self._told += 1
        event = {
            "specversion": "1.0",
            "id": f"{self._key}.{self._told}",
            "source": self._source,
            "type": kind,
            "time": datetime_of(at),
            "sequence": self._sequence,
            "subject": subject,
        }
        if account is not None:
            event["account"] = account
        if deal is not None:
            event["deal"] = deal
        if actor is not None:
            event["actor"] = actor
        event["data"] = data
        world.told.append(orjson.dumps(event, option=_FORMAT))

    def day(self, after: int = 0) -> str:
        """Return the day that lies some microseconds after now, as it stands in a payload."""
        return day_of(self.world.stamp() + after).isoformat()


def money(amount: float) -> str:
    """Return an amount as a decimal string with two decimals."""
    return f"{amount:.2f}"
