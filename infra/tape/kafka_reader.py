"""Reads a Kafka topic from given positions on. Lives in the event loop of a `KafkaTape`.

Without a consumer group: positions belong to who reads. What a consumer has fetched is kept here
until it is asked for, so that reading on costs nothing and waiting takes nothing away.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from infra.tape.contract import Record, TapeRefused
from infra.tape.kafka_client import finish
from infra.tape.kafka_times import Stamps, recorded_at

_LONG_POLL_MS = 100
"""How long the broker may hold a fetch; a change of position waits for it."""

_TURN_SECONDS = 1.0


async def start_consumer(given: dict[str, Any], max_message_bytes: int) -> AIOKafkaConsumer:
    """Return a consumer of no group and no topic yet."""
    consumer = AIOKafkaConsumer(
        **given,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",  # other writers may use transactions
        fetch_max_wait_ms=_LONG_POLL_MS,
        max_partition_fetch_bytes=max(1024 * 1024, max_message_bytes + 1024),
    )
    try:
        await consumer.start()
    except BaseException:
        await stop_consumer(consumer)
        raise
    return consumer


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, and close its connections where its own way of stopping breaks off."""
    await finish(consumer.stop())
    await finish(consumer._client.close())


def records_of(
    part: int, messages: Sequence[ConsumerRecord], latest: int
) -> tuple[list[Record], int]:
    """Return messages of a partition as records, and the latest stamp up to the last of them.

    `latest` is the latest stamp up to the first, in milliseconds.
    """
    records: list[Record] = []
    stamp = -1
    moment = recorded_at(latest, ())
    for message in messages:
        if message.timestamp != stamp:  # the records of one batch share it
            stamp = message.timestamp
            latest = max(latest, stamp)
            moment = recorded_at(latest, ())
        at = recorded_at(latest, message.headers) if message.headers else moment
        # Other writers may leave out a key or a value, or have a key that is no text.
        key = "" if message.key is None else message.key.decode(errors="replace")
        records.append(Record(part, message.offset, at, key, message.value or b""))
    return records, latest


class Reader:
    """One place on the tape. `positions` is what comes next, per partition."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, stamps: Stamps) -> None:
        self.positions: dict[int, int] = {}
        self._consumer = consumer
        self._topic = topic
        self._stamps = stamps
        self._fetched: dict[int, deque[Record]] = {}
        self._latest: dict[int, int] = {}
        self._assigned: set[int] = set()
        self._turn = 0

    @property
    def has_records(self) -> bool:
        """Tell whether `take` has something to give."""
        return any(self._fetched.values())

    @property
    def is_whole(self) -> bool:
        """Tell whether every partition reaches its position."""
        return len(self._assigned) == len(self.positions)

    async def place(self, wanted: Mapping[int, int], ends: Mapping[int, int]) -> None:
        """Go to other positions. A partition that does not reach its position yet is left alone.

        Raises `TapeRefused` when records from there on are no longer on the topic.
        """
        within = {part: offset for part, offset in wanted.items() if offset <= ends[part]}
        moved = {
            part: offset
            for part, offset in within.items()
            if part not in self._assigned or self.positions.get(part) != offset
        }
        places = [self._at(part) for part in moved]
        firsts = await self._consumer.beginning_offsets(places) if places else {}
        for part, offset in moved.items():
            if offset < (first := firsts[self._at(part)]):
                raise TapeRefused(
                    f"offsets {offset} to {first - 1} of partition {part} are no longer on the "
                    f"topic {self._topic}: it was made to forget, or records were deleted; a tape "
                    "is only read whole"
                )
        if set(within) != self._assigned:
            self._consumer.assign([self._at(part) for part in within])
            self._assigned = set(within)
            self._fetched.clear()
            moved = within
        for part, offset in moved.items():
            self._consumer.seek(self._at(part), offset)
            self._fetched.pop(part, None)
            self._latest.pop(part, None)
        self.positions = dict(wanted)

    async def fill(self, seconds: float) -> None:
        """Fetch, waiting at most so long for the first record."""
        if not self._assigned:
            await asyncio.sleep(min(seconds, _TURN_SECONDS))
            return
        fetched = await self._consumer.getmany(timeout_ms=max(0, int(seconds * 1000)))
        found = {place.partition: messages for place, messages in fetched.items() if messages}
        self._latest.update(await self._stamps.unknown(found, self._latest))
        for part, messages in found.items():
            self._keep(part, messages)

    def _keep(self, part: int, messages: Sequence[ConsumerRecord]) -> None:
        records, self._latest[part] = records_of(part, messages, self._latest[part])
        self._fetched.setdefault(part, deque()).extend(records)

    def take(self, limit: int) -> list[Record]:
        """Give at most `limit` of what was fetched, beginning with another partition each time."""
        records: list[Record] = []
        parts = sorted(part for part, kept in self._fetched.items() if kept)
        self._turn += 1
        for number in range(len(parts)):
            part = parts[(self._turn + number) % len(parts)]
            kept = self._fetched[part]
            room = limit - len(records)
            if room <= 0:
                break
            if len(kept) <= room:
                records += kept
                kept.clear()
            else:
                records += islice(kept, room)
                for _ in range(room):
                    kept.popleft()
            self.positions[part] = records[-1].offset + 1
        return records

    async def await_records(self, ends: Mapping[int, int]) -> None:
        """Fetch until there are records, or none before `ends`. Blocks as long as that takes."""
        while not self.has_records and await self._is_before(ends):
            await self.fill(_TURN_SECONDS)

    async def _is_before(self, ends: Mapping[int, int]) -> bool:
        # A transaction's marks take offsets too: the consumer has passed them, who reads has not.
        for part in self._assigned:
            if (
                self.positions[part] < ends[part]
                and await self._consumer.position(self._at(part)) < ends[part]
            ):
                return True
        return False

    async def close(self) -> None:
        """Stop fetching."""
        await stop_consumer(self._consumer)

    def _at(self, part: int) -> TopicPartition:
        return TopicPartition(self._topic, part)
