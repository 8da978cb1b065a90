"""Appends to a Kafka topic and knows what became of it. Lives in the event loop of a `KafkaTape`.

The producer is idempotent: what it sends again after a broken connection is on the topic once. It
goes on sending when a caller has given up waiting, so the outcome of that append is open until it
is settled, and nothing else is appended before.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer, errors
from aiokafka.partitioner import murmur2

from infra.tape.contract import Receipt, TapeError, TapeUnavailable
from infra.tape.kafka_client import finish, in_words
from infra.tape.kafka_times import Headers, Stamps, recorded_at
from infra.tape.kafka_topic import MAX_BATCH_BYTES

_LOOK_SECONDS = 0.05

_OPEN = (
    "; some of the records may be on the tape: append and ends are unavailable until that is "
    "settled, so read up to the end before trying again"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One record to be sent, as bytes."""

    key: bytes
    value: bytes
    headers: Headers = ()


@dataclass(slots=True)
class _Batch:
    partition: int
    builder: Any
    places: list[int]
    future: "asyncio.Future[Any] | None" = None


@lru_cache(maxsize=100_000)
def _hash_of(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key, as the default partitioner of Kafka's Java client does."""
    return _hash_of(key) % partitions


class Writer:
    """The producer of one topic; replaced when a batch fails, since its sequence is broken then."""

    def __init__(self, given: dict[str, Any], topic: str, stamps: Stamps, place: str) -> None:
        self._given = given
        self._topic = topic
        self._stamps = stamps
        self._place = place
        self._starting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._open: dict[asyncio.Future[Any], AIOKafkaProducer] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._latest: dict[int, tuple[int, int]] = {}

    async def settle(self) -> None:
        """Return when the outcome of every append is known."""
        while self._open:
            await asyncio.wait(list(self._open), timeout=_LOOK_SECONDS)

    async def append(self, items: Sequence[Item], partitions: int, seconds: float) -> list[Receipt]:
        """Send items and return where they lie, in their order. Raises `TapeError`."""
        try:
            async with asyncio.timeout(seconds):
                await self.settle()
                producer = await self._ready()
        except TimeoutError as error:
            raise self._unavailable(seconds, "; nothing was appended") from error
        except errors.KafkaError as error:
            raise in_words(self._place, error) from error
        batches = self._batches(producer, items, partitions)
        try:
            async with asyncio.timeout(seconds):
                await self._send(producer, batches)
        except TimeoutError as error:
            raise self._unavailable(seconds, _OPEN) from error
        finally:
            self._remember_open(producer, batches)
        self._judge(producer, batches)
        return await self._receipts(items, batches, seconds)

    def _batches(
        self, producer: AIOKafkaProducer, items: Sequence[Item], partitions: int
    ) -> list[_Batch]:
        batches: list[_Batch] = []
        current: dict[int, _Batch] = {}
        for place, item in enumerate(items):
            partition = partition_of(item.key, partitions)
            batch = current.get(partition)
            if batch is None or not _add(batch, place, item):
                batch = current[partition] = _Batch(partition, producer.create_batch(), [])
                batches.append(batch)
                if not _add(batch, place, item):
                    raise AssertionError("a new batch has room for the largest record")
        for batch in batches:
            batch.builder.close()
        return batches

    async def _send(self, producer: AIOKafkaProducer, batches: Sequence[_Batch]) -> None:
        """Hand the batches to the producer, in order within a partition, and wait for them all."""
        lanes: dict[int, list[_Batch]] = {}
        for batch in batches:
            lanes.setdefault(batch.partition, []).append(batch)

        async def follow(lane: list[_Batch]) -> None:
            for batch in lane:
                try:
                    batch.future = await producer.send_batch(
                        batch.builder, self._topic, partition=batch.partition
                    )
                except errors.KafkaError as error:
                    failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                    failed.set_exception(error)
                    batch.future = failed
                    return

        await asyncio.gather(*(follow(lane) for lane in lanes.values()))
        await asyncio.wait([batch.future for batch in batches if batch.future is not None])

    def _remember_open(self, producer: AIOKafkaProducer, batches: Sequence[_Batch]) -> None:
        for batch in batches:
            future = batch.future
            if future is not None and not future.done():
                self._open[future] = producer
                future.add_done_callback(self._settled)

    def _settled(self, future: "asyncio.Future[Any]") -> None:
        producer = self._open.pop(future, None)
        if producer is not None and not future.cancelled() and future.exception() is not None:
            self._retire(producer)

    def _judge(self, producer: AIOKafkaProducer, batches: Sequence[_Batch]) -> None:
        """Raise what went wrong with a batch, after all of them are settled."""
        unsent = sum(batch.future is None for batch in batches)  # behind one that failed
        failures = [
            error
            for batch in batches
            if batch.future is not None and (error := batch.future.exception()) is not None
        ]
        if failures:
            self._retire(producer)
            raise self._failure(failures[0], some=len(failures) + unsent < len(batches))

    def _failure(self, error: BaseException, some: bool) -> TapeError:
        known = in_words(self._place, error)
        if some:
            return TapeUnavailable(f"{known}; some of the records are on the tape")
        return known

    async def _receipts(
        self, items: Sequence[Item], batches: Sequence[_Batch], seconds: float
    ) -> list[Receipt]:
        receipts: dict[int, Receipt] = {}
        try:
            async with asyncio.timeout(seconds):
                for batch in batches:
                    sent = batch.future.result() if batch.future is not None else None
                    if sent is None or sent.offset < 0 or sent.timestamp < 0:
                        raise TapeUnavailable(
                            f"{self._place} has the records and does not say where; read up to "
                            "the end before trying again"
                        )
                    latest = await self._latest_at(
                        batch.partition, sent.offset, sent.timestamp, len(batch.places)
                    )
                    for number, place in enumerate(batch.places):
                        receipts[place] = Receipt(
                            batch.partition,
                            sent.offset + number,
                            recorded_at(latest, items[place].headers),
                        )
        except (TimeoutError, errors.KafkaError) as error:
            raise TapeUnavailable(
                f"{self._place} has the records and went away ({error!r}); read up to the end "
                "before trying again"
            ) from error
        return [receipts[place] for place in range(len(items))]

    async def _latest_at(self, partition: int, offset: int, stamp: int, count: int) -> int:
        following, known = self._latest.get(partition, (0, 0))
        if offset == following:  # nobody else appended in between
            latest = max(known, stamp)
        else:
            latest = (await self._stamps.latest({partition: (offset, stamp)}))[partition]
        if offset + count > self._latest.get(partition, (0, 0))[0]:
            self._latest[partition] = (offset + count, latest)
        return latest

    async def _ready(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._given,
                    enable_idempotence=True,
                    acks="all",
                    max_batch_size=MAX_BATCH_BYTES,
                    max_request_size=4 * MAX_BATCH_BYTES,
                )
                try:
                    await producer.start()
                except BaseException:
                    await self._stop(producer)
                    raise
                self._producer = producer
            return self._producer

    def _retire(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
            task = asyncio.create_task(self._stop(producer))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        """Stop a producer within a limit; what it had not sent by then will never be."""
        await finish(producer.stop())
        await finish(producer._sender.close())
        await finish(producer.client.close())
        for future in [one for one, owner in self._open.items() if owner is producer]:
            del self._open[future]

    async def close(self) -> None:
        """Stop sending; takes a few seconds where the broker is away."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await self._stop(producer)
        if self._retiring:
            await asyncio.wait(self._retiring)

    def _unavailable(self, seconds: float, rest: str) -> TapeUnavailable:
        return TapeUnavailable(f"{self._place} did not answer within {seconds:g} s{rest}")


def _add(batch: _Batch, place: int, item: Item) -> bool:
    added = batch.builder.append(
        timestamp=None, key=item.key, value=item.value, headers=list(item.headers)
    )
    if added is None:
        return False
    batch.places.append(place)
    return True
