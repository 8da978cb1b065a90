"""The tape of the cluster size: one Kafka topic, behind the same blocking calls as every tape.

aiokafka lives in an event loop of its own, in a thread of this tape. An append is acknowledged when
all replicas in sync have it. What is on the topic beside offsets, keys and values is the business
of `kafka_times`; who shares partitions among workers reads with a consumer group and not through
this class.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra import clock
from infra.settings import KafkaSettings
from infra.tape.checking import checked
from infra.tape.contract import (
    Entry,
    Positions,
    Receipt,
    Record,
    Tape,
    TapeRefused,
    TapeUnavailable,
)
from infra.tape.kafka_client import knock, options, told
from infra.tape.kafka_reader import Reader, start_consumer, stop_consumer
from infra.tape.kafka_times import Stamps
from infra.tape.kafka_topic import Topic, prepare
from infra.tape.kafka_writer import Item, Writer

TOPIC = "sales.events.v1"

_READERS = 4
"""How many readers are kept for who comes back to read on."""

_RETRY_SECONDS = 0.2
_TURN_SECONDS = 0.5
_END_SECONDS = 5.0

T = TypeVar("T")


class KafkaTape(Tape):
    """A tape in one topic, which is made when it is not there.

    `servers` are host:port. Each call takes at most about `seconds` before it raises
    `TapeUnavailable`, and so does opening while no broker answers; `TapeRefused` when the topic is
    configured to forget, or the brokers do not let this user in.
    """

    def __init__(
        self,
        servers: Sequence[str],
        topic: str = TOPIC,
        settings: KafkaSettings | None = None,
        seconds: float | None = None,
    ) -> None:
        settings = KafkaSettings() if settings is None else settings
        self.topic = topic
        self._name = f"the tape {topic} at {','.join(servers)}"
        self._settings = settings
        self._seconds = settings.seconds if seconds is None else seconds
        self._given = options(servers, settings)
        self._changed = threading.Condition()
        self._calls = 0
        self._closed = False
        self._waiting: set[Future[Any]] = set()
        self._free: list[Reader] = []
        self._readers: set[Reader] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="kafka-tape", daemon=True
        )
        self._thread.start()
        try:
            self._run(self._open())
        except BaseException:
            self._end_loop()
            raise

    # What callers use

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Append the entries; each goes to the partition of its key."""
        with self._call():
            items = [Item(*checked(place, entry)) for place, entry in enumerate(entries)]
            return self._run(self._append(items)) if items else []

    def read(self, start: Positions, limit: int) -> list[Record]:
        if limit < 0:
            raise ValueError(f"limit must not be negative, it is {limit}")
        with self._call():
            return self._run(self._read(start, limit))

    def ends(self) -> dict[int, int]:
        with self._call():
            return self._run(self._settled_ends())

    def wait(self, start: Positions, timeout: float) -> bool:
        """Wake as soon as the broker has something. Asking it takes a moment beyond `timeout`."""
        with self._call():
            return self._run(self._wait(start, timeout), waiting=True)

    def close(self) -> None:
        """Wait for calls that are under way, then close. Who waits for records is refused."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            for waiting in list(self._waiting):
                waiting.cancel()
            self._changed.wait_for(lambda: self._calls == 0)
        self._run(self._shut())
        self._end_loop()

    # In the event loop

    async def _open(self) -> None:
        self._topic = await self._try(self._prepare)
        self._asker = await self._try(self._consumer)
        self._stamps = Stamps(self._asker, self.topic)
        self._writer = Writer(self._given, self.topic, self._stamps, self._name)

    async def _prepare(self) -> Topic:
        await knock(self._given)
        return await prepare(self._given, self.topic, self._settings)

    async def _try(self, do: Callable[[], Awaitable[T]]) -> T:
        """Try for the given seconds: a broker that starts refuses connections for a while."""
        deadline = clock.monotonic() + self._seconds
        while True:
            try:
                async with self._bounded(max(0.1, deadline - clock.monotonic())):
                    return await do()
            except TapeUnavailable:
                if clock.monotonic() + _RETRY_SECONDS >= deadline:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _append(self, items: Sequence[Item]) -> list[Receipt]:
        return await self._writer.append(items, self._partitions(), self._seconds)

    async def _read(self, start: Positions, limit: int) -> list[Record]:
        wanted = self._wanted(start)
        if limit == 0:
            return []
        async with self._reader(wanted) as reader, self._bounded(self._seconds):
            if reader.positions != wanted:
                await reader.place(wanted, await self._ends())
            if not reader.has_records:
                await reader.fill(0)
            if not reader.has_records:
                await self._fetch_to_end(reader, wanted)
            return reader.take(limit)

    async def _wait(self, start: Positions, seconds: float) -> bool:
        wanted = self._wanted(start)
        deadline = clock.monotonic() + seconds
        async with self._reader(wanted) as reader:
            while True:
                left = deadline - clock.monotonic()
                if left <= 0:
                    async with self._bounded(self._seconds):
                        await self._fetch_to_end(reader, wanted)
                elif reader.positions != wanted or not reader.is_whole:
                    async with self._bounded(self._seconds):
                        await reader.place(wanted, await self._ends())
                if reader.has_records or left <= 0:
                    return reader.has_records
                with told(self._name):
                    await reader.fill(min(left, _TURN_SECONDS))

    async def _fetch_to_end(self, reader: Reader, wanted: dict[int, int]) -> None:
        """Fetch until there is a record or the present end is reached; bounded by the caller."""
        ends = await self._ends()
        await reader.place(wanted, ends)
        await reader.await_records(ends)

    async def _settled_ends(self) -> dict[int, int]:
        async with self._bounded(self._seconds, "the outcome of an earlier append is open"):
            await self._writer.settle()
        async with self._bounded(self._seconds):
            return await self._ends()

    async def _ends(self) -> dict[int, int]:
        ends = await self._asker.end_offsets(
            [TopicPartition(self.topic, part) for part in range(self._partitions())]
        )
        return {place.partition: int(end) for place, end in ends.items()}

    def _partitions(self) -> int:
        """How many there are now: some may be added while the tape is open."""
        known = self._asker.partitions_for_topic(self.topic) or ()
        return max(self._topic.partitions, len(known))

    def _wanted(self, start: Positions) -> dict[int, int]:
        partitions = self._partitions()
        strange = [part for part, offset in start.items() if part >= partitions or part < 0]
        if strange or any(offset < 0 for offset in start.values()):
            raise TapeRefused(
                f"{dict(start)} are no positions on {self._name}: it has the partitions 0 to "
                f"{partitions - 1}, with offsets from 0 on"
            )
        return {part: start.get(part, 0) for part in range(partitions)}

    @asynccontextmanager
    async def _reader(self, wanted: dict[int, int]) -> AsyncIterator[Reader]:
        """Lend the reader that stands there, or another; one that failed is not used again."""
        reader = next((one for one in self._free if one.positions == wanted), None)
        if reader is None and len(self._free) >= _READERS:
            reader = self._free[0]
        if reader is None:
            reader = Reader(await self._try(self._consumer), self.topic, self._stamps)
            self._readers.add(reader)
        else:
            self._free.remove(reader)
        try:
            yield reader
        except BaseException:
            await self._drop(reader)
            raise
        self._free.append(reader)
        if len(self._free) > _READERS:
            await self._drop(self._free.pop(0))

    async def _drop(self, reader: Reader) -> None:
        await reader.close()
        self._readers.discard(reader)

    async def _consumer(self) -> AIOKafkaConsumer:
        return await start_consumer(self._given, self._topic.max_message_bytes)

    @asynccontextmanager
    async def _bounded(self, seconds: float, why: str = "") -> AsyncIterator[None]:
        """Bound what is done inside, and raise its failure in the tape's words."""
        with told(self._name):
            try:
                async with asyncio.timeout(seconds):
                    yield
            except TimeoutError as error:
                raise TapeUnavailable(
                    f"{self._name} did not answer within {seconds:g} s"
                    f"{f': {why}' if why else ''}; try again later"
                ) from error

    async def _shut(self) -> None:
        readers = [self._drop(reader) for reader in list(self._readers)]
        await asyncio.gather(self._writer.close(), stop_consumer(self._asker), *readers)

    # Between the two

    def _run(self, coroutine: Coroutine[Any, Any, T], waiting: bool = False) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if waiting:
            with self._changed:
                self._waiting.add(future)
                if self._closed:
                    future.cancel()
        try:
            return future.result()
        except CancelledError as error:
            raise self._is_closed() from error
        finally:
            with self._changed:
                self._waiting.discard(future)

    @contextmanager
    def _call(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise self._is_closed()
            self._calls += 1
        try:
            yield
        finally:
            with self._changed:
                self._calls -= 1
                if self._closed and self._calls == 0:
                    self._changed.notify_all()

    def _is_closed(self) -> TapeRefused:
        return TapeRefused(f"{self._name} is closed")

    def _end_loop(self) -> None:
        asyncio.run_coroutine_threadsafe(_finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _finish() -> None:
    """Let what is left end: clients that are being stopped, calls that were cancelled."""
    mine = asyncio.current_task()
    rest = [task for task in asyncio.all_tasks() if task is not mine]
    if rest:
        _, pending = await asyncio.wait(rest, timeout=_END_SECONDS)
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending, timeout=_END_SECONDS)
