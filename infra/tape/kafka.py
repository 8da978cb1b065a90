"""The tape of the cluster size: one Kafka topic, behind the same blocking calls as every tape.

An append is acknowledged when all replicas in sync have it. What is on the topic beside offsets,
keys and values is the business of `kafka_times`; who shares partitions among workers reads with a
consumer group and not through this class.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from threading import Event

from infra import clock
from infra.settings import KafkaSettings
from infra.tape.checking import checked, checked_key
from infra.tape.contract import Entry, Positions, Receipt, Record, TapeRefused
from infra.tape.copying import CLOCKS_APART, CopyTarget
from infra.tape.kafka_client import told
from infra.tape.kafka_link import Link
from infra.tape.kafka_reader import Reader
from infra.tape.kafka_times import recorded_header
from infra.tape.kafka_topic import prepare
from infra.tape.kafka_writer import Item, partition_of

TOPIC = "sales.events.v1"

_READERS = 4
"""How many readers are kept for who comes back to read on."""

_TURN_SECONDS = 0.5
_LONGEST_PAUSE = timedelta(minutes=1)
"""How far ahead of the clock a copied record may be: its time is waited for."""


class KafkaTape(CopyTarget):
    """A tape in one topic, which is made when it is not there, unless `make` is false.

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
        make: bool = True,
    ) -> None:
        settings = KafkaSettings() if settings is None else settings
        self.topic = topic
        self._free: list[Reader] = []
        self._readers: set[Reader] = set()
        self._link = Link(
            servers,
            topic,
            f"the tape {topic}",
            settings,
            lambda given: prepare(given, topic, settings, make=make),
            seconds,
        )

    # What callers use

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Append the entries; each goes to the partition of its key."""
        with self._link.calls.call():
            items = [Item(*checked(place, entry)) for place, entry in enumerate(entries)]
            return self._link.run(self._link.append(items)) if items else []

    def append_recorded(self, records: Sequence[Record]) -> list[Receipt]:
        """Append records with their times; waits until no broker's clock can be behind them."""
        if not records:
            return []
        with self._link.calls.call():
            self._let_pass(max(records, key=lambda record: record.recorded_at))
            items = [
                Item(
                    checked_key(place, record.key),
                    record.value,
                    (recorded_header(record.recorded_at),),
                )
                for place, record in enumerate(records)
            ]
            receipts = self._link.run(self._link.append(items))
        for record, receipt in zip(records, receipts, strict=True):
            if receipt.recorded_at != record.recorded_at:
                raise TapeRefused(
                    f"{self._link.name} has recorded {receipt.partition}:{receipt.offset} at "
                    f"{receipt.recorded_at}, and should have kept {record.recorded_at}: a broker's "
                    "clock is behind; set the clocks right and copy to another topic"
                )
        return receipts

    def partition_of(self, key: str) -> int:
        return partition_of(key.encode(), self._link.partitions())

    def read(self, start: Positions, limit: int) -> list[Record]:
        if limit < 0:
            raise ValueError(f"limit must not be negative, it is {limit}")
        with self._link.calls.call():
            return self._link.run(self._read(start, limit))

    def ends(self) -> dict[int, int]:
        with self._link.calls.call():
            return self._link.run(self._link.settled_ends())

    def wait(self, start: Positions, timeout: float) -> bool:
        """Wake as soon as the broker has something. Asking it takes a moment beyond `timeout`."""
        with self._link.calls.call():
            return self._link.run(self._wait(start, timeout), waiting=True)

    def close(self) -> None:
        """Wait for calls that are under way, then close. Who waits for records is refused."""
        self._link.close(self._drop_all)

    def _let_pass(self, last: Record) -> None:
        # A time later than the broker's own would not hold; see `kafka_times`.
        ahead = last.recorded_at + CLOCKS_APART - clock.now()
        if ahead > _LONGEST_PAUSE:
            raise TapeRefused(
                f"{last.partition}:{last.offset} was recorded at {last.recorded_at}, which is "
                "ahead of this machine's clock, and no broker would keep that; set the clock "
                "right, or copy later"
            )
        if ahead > timedelta():
            Event().wait(ahead.total_seconds())

    # In the event loop

    async def _read(self, start: Positions, limit: int) -> list[Record]:
        wanted = self._wanted(start)
        if limit == 0:
            return []
        async with self._reader(wanted) as reader, self._link.bounded(self._link.seconds):
            if reader.positions != wanted:
                await reader.place(wanted, await self._link.ends())
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
                    async with self._link.bounded(self._link.seconds):
                        await self._fetch_to_end(reader, wanted)
                elif reader.positions != wanted or not reader.is_whole:
                    async with self._link.bounded(self._link.seconds):
                        await reader.place(wanted, await self._link.ends())
                if reader.has_records or left <= 0:
                    return reader.has_records
                with told(self._link.name):
                    await reader.fill(min(left, _TURN_SECONDS))

    async def _fetch_to_end(self, reader: Reader, wanted: dict[int, int]) -> None:
        """Fetch until there is a record or the present end is reached; bounded by the caller."""
        ends = await self._link.ends()
        await reader.place(wanted, ends)
        await reader.await_records(ends)

    def _wanted(self, start: Positions) -> dict[int, int]:
        partitions = self._link.partitions()
        strange = [part for part, offset in start.items() if part >= partitions or part < 0]
        if strange or any(offset < 0 for offset in start.values()):
            raise TapeRefused(
                f"{dict(start)} are no positions on {self._link.name}: it has the partitions 0 to "
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
            reader = Reader(await self._link.consumer(), self.topic, self._link.stamps)
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

    def _drop_all(self) -> list[Awaitable[None]]:
        return [self._drop(reader) for reader in list(self._readers)]
