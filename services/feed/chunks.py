"""Reads the tape for all readers of the feed together: each stretch once, while it is in demand.

The tape is cut into chunks of 128 offsets. A chunk is read and parsed in a thread, shared by all
who want it at that time, and kept until others are wanted more. What is new is handed in by who
follows the tape's end: there, reading on costs less than going to a place. Lives on one event loop.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from infra import clock
from infra.tape.contract import Record, Tape, TapeRefused
from services.feed.items import Item, items_of, size_of

CHUNK = 128
CACHE_BYTES = 32 * 1024 * 1024

READ_AT_ONCE = 1_000

Key = tuple[int, int]


@contextmanager
def half_of_the_time(closed: threading.Event) -> Generator[None, None, None]:
    """Pause for as long as the work within took, or until `closed`.

    Parsing holds the interpreter, which those who append need as well.
    """
    began = clock.monotonic()
    yield
    closed.wait(clock.monotonic() - began)


class FeedEnded(Exception):
    """The feed has ended, because the server stops or the tape cannot be read any more."""


class Chunks:
    """The latest used stretches of a tape, as items. `ends` tells how far the tape is published."""

    def __init__(
        self,
        tape: Tape,
        ends: Callable[[], Mapping[int, int]],
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._tape = tape
        self._ends = ends
        self._cache_bytes = cache_bytes
        self._kept: OrderedDict[Key, list[Item | None]] = OrderedDict()
        self._sizes: dict[Key, int] = {}
        self._reading: dict[Key, asyncio.Task[list[Item | None]]] = {}
        # What is new is not to wait behind those who go through all of the tape.
        self._news = ThreadPoolExecutor(1, "feed-news")
        self._history = ThreadPoolExecutor(1, "feed-history")
        self._closed = threading.Event()

    @property
    def kept_bytes(self) -> int:
        """About how many bytes are kept."""
        return sum(self._sizes.values())

    async def read(self, partition: int, offset: int, end: int) -> list[Item | None]:
        """Return one entry per record from `offset` on, at least one and at most a chunk.

        `end` is the offset up to which is wanted; there must be a record before it. An entry is
        None where the record is no event. Raises what reading the tape raises.
        """
        key = (partition, offset // CHUNK)
        first = key[1] * CHUNK
        wanted = min(end - first, CHUNK)
        items = self._kept.get(key, [])
        while len(items) < wanted:
            task = self._reading.get(key)
            if task is None:
                task = asyncio.create_task(self._fill(key, items))
                task.add_done_callback(_seen)
                self._reading[key] = task
            items = await asyncio.shield(task)
        if key in self._kept:
            self._kept.move_to_end(key)
        return items[offset - first : wanted]

    def add(self, partition: int, items: Sequence[Item | None], offset: int) -> None:
        """Take what somebody has read from `offset` on, as far as it goes on from what is kept."""
        at, end = offset, offset + len(items)
        while at < end:
            index, place = divmod(at, CHUNK)
            until = min((index + 1) * CHUNK, end)
            kept = self._kept.get((partition, index), [])
            if len(kept) == place:
                self._keep((partition, index), [*kept, *items[at - offset : until - offset]])
            at = until

    def close(self) -> None:
        """Read nothing more. What is being read is waited for by nobody."""
        self._closed.set()
        for threads in (self._news, self._history):
            threads.shutdown(wait=False)

    async def _fill(self, key: Key, items: list[Item | None]) -> list[Item | None]:
        try:
            partition, index = key
            start = index * CHUNK + len(items)
            isnew = self._ends().get(partition, 0) - start <= 2 * CHUNK
            reading = partial(self._read, partition, start, (index + 1) * CHUNK)
            more = await self._in_thread(self._news if isnew else self._history, reading)
            items = max(items + more, self._kept.get(key, []), key=len)
            self._keep(key, items)
            return items
        finally:
            del self._reading[key]

    async def _in_thread(
        self, threads: ThreadPoolExecutor, reading: Callable[[], list[Item | None]]
    ) -> list[Item | None]:
        try:
            found = asyncio.get_running_loop().run_in_executor(threads, reading)
        except RuntimeError as error:  # the threads take nothing more
            raise FeedEnded("the feed has ended") from error
        return await found

    def _read(self, partition: int, start: int, end: int) -> list[Item | None]:
        position = {**self._ends(), partition: start}
        limit = end - start if len(position) == 1 else READ_AT_ONCE
        records: list[Record] = []
        with half_of_the_time(self._closed):
            while not records and not self._closed.is_set():
                # Other partitions get records meanwhile, which are read too and may come first.
                found = self._tape.read(position, limit)
                own = [one for one in found if one.partition == partition]
                if not found or (own and own[0].offset != start):
                    raise TapeRefused(
                        f"the tape ends before offset {start} of partition {partition}"
                    )
                records = [one for one in own if one.offset < end]
                position |= {one.partition: one.offset + 1 for one in found}
            return items_of(records)

    def _keep(self, key: Key, items: list[Item | None]) -> None:
        self._kept[key] = items
        self._kept.move_to_end(key)
        self._sizes[key] = size_of(items)
        while self.kept_bytes > self._cache_bytes and len(self._kept) > 1:
            oldest, _ = self._kept.popitem(last=False)
            del self._sizes[oldest]


def _seen(task: "asyncio.Task[list[Item | None]]") -> None:
    """Take note of how a task ended: those who wanted it may all have left."""
    if not task.cancelled():
        task.exception()
