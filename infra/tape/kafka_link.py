"""The link to one Kafka topic, for callers that block: an event loop in a thread of its own.

What is written and read through it is the matter of its owners, the tape and the dead letters.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra import clock
from infra.settings import KafkaSettings
from infra.tape.calls import Calls
from infra.tape.contract import Receipt, TapeUnavailable
from infra.tape.kafka_client import knock, options, told
from infra.tape.kafka_loop import ThreadLoop
from infra.tape.kafka_reader import start_consumer, stop_consumer
from infra.tape.kafka_times import Stamps
from infra.tape.kafka_topic import Topic
from infra.tape.kafka_writer import Item, Writer

_RETRY_SECONDS = 0.2

T = TypeVar("T")

Prepare = Callable[[dict[str, Any]], Awaitable[Topic]]
"""Makes and checks the topic, given the options of a client."""


class Link:
    """Opened by making it; `calls` counts what is under way, `seconds` bounds each call.

    Raises `TapeUnavailable` while no broker answers, and what `prepare` raises. Coroutines of this
    class run in its loop, through `run`.
    """

    def __init__(
        self,
        servers: Sequence[str],
        topic: str,
        what: str,
        settings: KafkaSettings,
        prepare: Prepare,
        seconds: float | None = None,
    ) -> None:
        """`what` is what the topic is to people; `seconds` goes before the setting."""
        self.topic = topic
        self.name = f"{what} at {','.join(servers)}"
        self.seconds = settings.seconds if seconds is None else seconds
        self.calls = Calls(self.name)
        self._prepare = prepare
        self._given = options(servers, settings)
        self._waiting: set[Future[Any]] = set()
        self._loop = ThreadLoop("kafka")
        try:
            self.run(self._open())
        except BaseException:
            self._loop.end()
            raise

    # For callers in other threads

    def run(self, coroutine: Coroutine[Any, Any, T], waiting: bool = False) -> T:
        """Run a coroutine in the loop and return what it returns.

        One that is `waiting` is cancelled when the link is closed, and `TapeRefused` raised.
        """
        future = self._loop.submit(coroutine)
        if waiting:
            with self.calls.changed:
                self._waiting.add(future)
                if self.calls.closed:
                    future.cancel()
        try:
            return future.result()
        except CancelledError as error:
            raise self.calls.refusal() from error
        finally:
            with self.calls.changed:
                self._waiting.discard(future)

    def close(self, rest: Callable[[], Sequence[Awaitable[None]]] = lambda: ()) -> None:
        """Wait for calls that are under way, then close, together with the `rest` of the owner."""
        if self.calls.end(self._cancel_waiting):
            self.run(self._shut(rest))
            self._loop.end()

    def _cancel_waiting(self) -> None:
        for waiting in list(self._waiting):
            waiting.cancel()

    # In the loop

    async def append(self, items: Sequence[Item]) -> list[Receipt]:
        """Append items, each to the partition of its key; see `Writer.append`."""
        return await self._writer.append(items, self.partitions(), self.seconds)

    async def settled_ends(self) -> dict[int, int]:
        """Return the ends once the outcome of every append is known."""
        async with self.bounded(self.seconds, "the outcome of an earlier append is open"):
            await self._writer.settle()
        async with self.bounded(self.seconds):
            return await self.ends()

    async def ends(self) -> dict[int, int]:
        """Return, per partition, the offset the next record will get."""
        ends = await self._asker.end_offsets(self.places())
        return {place.partition: int(end) for place, end in ends.items()}

    def places(self) -> list[TopicPartition]:
        """Return the partitions there are now, as the client names them."""
        return [TopicPartition(self.topic, part) for part in range(self.partitions())]

    def partitions(self) -> int:
        """How many there are now: some may be added while the topic is open."""
        known = self._asker.partitions_for_topic(self.topic) or ()
        return max(self._described.partitions, len(known))

    async def consumer(self) -> AIOKafkaConsumer:
        """Return a new consumer of no group; try for the given seconds."""
        return await self._attempt(self._start_consumer)

    @asynccontextmanager
    async def bounded(self, seconds: float, why: str = "") -> AsyncIterator[None]:
        """Bound what is done inside, and raise its failure in the tape's words."""
        with told(self.name):
            try:
                async with asyncio.timeout(seconds):
                    yield
            except TimeoutError as error:
                raise TapeUnavailable(
                    f"{self.name} did not answer within {seconds:g} s"
                    f"{f': {why}' if why else ''}; try again later"
                ) from error

    async def _open(self) -> None:
        self._described = await self._attempt(self._look)
        self._asker = await self.consumer()
        self.stamps = Stamps(self._asker, self.topic)
        self._writer = Writer(self._given, self.topic, self.stamps, self.name)

    async def _look(self) -> Topic:
        await knock(self._given)
        return await self._prepare(self._given)

    async def _start_consumer(self) -> AIOKafkaConsumer:
        return await start_consumer(self._given, self._described.max_message_bytes)

    async def _attempt(self, do: Callable[[], Awaitable[T]]) -> T:
        """Try for the given seconds: a broker that starts refuses connections for a while."""
        deadline = clock.monotonic() + self.seconds
        while True:
            try:
                async with self.bounded(max(0.1, deadline - clock.monotonic())):
                    return await do()
            except TapeUnavailable:
                if clock.monotonic() + _RETRY_SECONDS >= deadline:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _shut(self, rest: Callable[[], Sequence[Awaitable[None]]]) -> None:
        await asyncio.gather(self._writer.close(), stop_consumer(self._asker), *rest())
