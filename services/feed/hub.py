"""Follows the tape for all readers of the feed, and wakes those who wait for news.

A reader is nothing but a position: however slow it is, it holds up nobody, misses nothing and
costs no queue. The hub lives on the event loop of its first reader; only waiting for the tape
happens in a thread.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress

from infra.tape.contract import Positions, Record, Tape, TapeRefused, TapeUnavailable
from services.feed.chunks import (
    CACHE_BYTES,
    READ_AT_ONCE,
    Chunks,
    FeedEnded,
    half_of_the_time,
)
from services.feed.items import Item, items_of

MAX_READERS = 1_000

_WAIT_SECONDS = 0.5
# News come at most this often, or many small appends would wake every reader every time.
_PAUSE_SECONDS = 0.02
_TAPE_AWAY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class HubFull(Exception):
    """There are as many readers as there may be."""


class FeedHub:
    """The feed of one tape. `close` may be called from any thread; the tape stays open."""

    def __init__(
        self, tape: Tape, *, max_readers: int = MAX_READERS, cache_bytes: int = CACHE_BYTES
    ) -> None:
        self._tape = tape
        self._max_readers = max_readers
        self._ends: Mapping[int, int] = {}
        self._chunks = Chunks(tape, lambda: self._ends, cache_bytes)
        self._readers = 0
        self._waiting: set[asyncio.Event] = set()
        self._closed = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def closed(self) -> bool:
        """True once the feed has ended."""
        return self._closed.is_set()

    @property
    def readers(self) -> int:
        """How many read the feed."""
        return self._readers

    @property
    def kept_bytes(self) -> int:
        """About how many bytes of events are kept for readers to share."""
        return self._chunks.kept_bytes

    def close(self) -> None:
        """End the feed. Readers that wait are woken; closing twice is allowed."""
        self._closed.set()
        self._chunks.close()
        if self._loop is not None:
            self._call(self._wake)

    async def ends(self) -> dict[int, int]:
        """Return where the tape ends now. From the first call on the feed follows the tape.

        Raises what the tape raises.
        """
        ends = await asyncio.to_thread(self._tape.ends)
        self._start(ends)
        return ends

    @contextmanager
    def reader(self) -> Generator[None, None, None]:
        """Hold a place among the readers. Raises `HubFull` and `FeedEnded`."""
        if self.closed:
            raise FeedEnded("the feed has ended")
        if self._readers >= self._max_readers:
            raise HubFull(
                f"{self._max_readers:,} read the feed already, more are not served; try again later"
            )
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1

    def is_behind(self, position: Positions) -> bool:
        """Tell whether there are records after this position."""
        return any(end > position.get(partition, 0) for partition, end in self._ends.items())

    async def read(self, position: Positions, partition: int) -> list[Item | None]:
        """Return what follows in a partition: one entry per record, none where it is no event.

        Empty when there is nothing yet. Raises what reading the tape raises, and `FeedEnded`.
        """
        offset, end = position.get(partition, 0), self._ends.get(partition, 0)
        if self.closed:
            raise FeedEnded("the feed has ended")
        return await self._chunks.read(partition, offset, end) if offset < end else []

    def partitions(self) -> list[int]:
        """Return the partitions that have records."""
        return sorted(self._ends)

    async def wait(self, position: Positions, seconds: float) -> None:
        """Return when there is something after this position, the feed ends or time is up."""
        if not self.is_behind(position):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news()

    async def wait_closed(self) -> None:
        """Return when the feed ends."""
        while not self.closed:
            await self._news()

    async def _news(self) -> None:
        """Return when something was published, or the feed ends."""
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            if not self.closed:
                await news.wait()
        finally:
            self._waiting.discard(news)

    def _start(self, ends: Mapping[int, int]) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop, self._ends = loop, ends
            threading.Thread(target=self._follow, name="feed", daemon=True).start()
        elif self._loop is not loop:
            raise RuntimeError("a feed has one event loop; make another hub for another server")

    def _follow(self) -> None:
        """Read on at the tape's end, and publish how far it is, until the feed ends.

        Runs in a thread of its own. Where nobody reads, only how far the tape is.
        """
        position = self._ends
        try:
            while not self.closed:
                try:
                    if self._tape.wait(position, _WAIT_SECONDS):
                        position = self._read_on(position)
                        self._closed.wait(_PAUSE_SECONDS)
                except TapeUnavailable as error:
                    _log.warning("the feed waits for the tape: %s", error)
                    self._closed.wait(_TAPE_AWAY_SECONDS)
        except TapeRefused as error:
            if not self.closed:
                _log.error("the feed has ended, the tape cannot be read: %s", error)
                self.close()

    def _read_on(self, position: Mapping[int, int]) -> Mapping[int, int]:
        """Publish what follows a position, and return the position after it."""
        if not self._readers:
            ends = self._tape.ends()
            self._call(self._publish, ends, {})
            return ends
        news: dict[int, list[Record]] = {}
        with half_of_the_time(self._closed):
            for record in self._tape.read(position, READ_AT_ONCE):
                news.setdefault(record.partition, []).append(record)
            ends = {**position, **{part: found[-1].offset + 1 for part, found in news.items()}}
            items = {part: (found[0].offset, items_of(found)) for part, found in news.items()}
            self._call(self._publish, ends, items)
        return ends

    def _publish(
        self, ends: Mapping[int, int], news: Mapping[int, tuple[int, list[Item | None]]]
    ) -> None:
        for partition, (offset, items) in news.items():
            self._chunks.add(partition, items, offset)
        self._ends = ends
        self._wake()

    def _wake(self) -> None:
        for news in self._waiting:
            news.set()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the event loop has ended, and all readers with it
            self._closed.set()
