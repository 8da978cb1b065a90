"""Reads the partitions of a Kafka topic that a consumer group gives to this process.

For workers that share a tape. Lives in the event loop of its owner. Where to start is told by the
owner after each change of the assignment (`place`), never taken from the group; the group's
committed positions are written for lag monitors only. A reader that raised is closed and made anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from infra.settings import KafkaSettings
from infra.tape.contract import Record, TapeRefused, TapeUnavailable
from infra.tape.kafka_client import finish, knock, options, told
from infra.tape.kafka_reader import records_of, stop_consumer
from infra.tape.kafka_times import Stamps
from infra.tape.kafka_topic import prepare

_LONG_POLL_MS = 100
"""How long the broker may hold a fetch; a change of position waits for it."""
_MORE_SECONDS = 0.1
"""How long a batch waits for more of what is known to be there."""


class GroupReader(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One member of a group. Raises `TapeUnavailable` (later) and `TapeRefused` (never)."""

    def __init__(
        self,
        servers: Sequence[str],
        topic: str,
        settings: KafkaSettings,
        group: str,
        session_seconds: float,
    ) -> None:
        """`session_seconds` is how long a member that says nothing keeps its partitions."""
        self.assigned: frozenset[int] = frozenset()
        self.turn = 0
        """Counts changes of the assignment: what was read in an earlier turn is not to be used
        after what is read in a later one."""
        self.positions: dict[int, int] = {}
        """Per partition placed, the offset of the next record to read."""
        self._servers = servers
        self._topic = topic
        self._settings = settings
        self._group = group
        self._session_ms = int(session_seconds * 1000)
        self._name = f"the tape {topic} at {','.join(servers)}"
        self._consumer: AIOKafkaConsumer | None = None
        self._latest: dict[int, int] = {}

    async def open(self) -> None:
        """Check the topic and join the group; partitions are assigned later, during `fetch`."""
        given = options(self._servers, self._settings)
        with told(self._name):
            await knock(given)
            topic = await prepare(given, self._topic, self._settings)
            consumer = self._made(given, topic.max_message_bytes)
            try:
                await consumer.start()
            except BaseException:
                await stop_consumer(consumer)
                raise
            self._consumer = consumer
            consumer.subscribe([self._topic], listener=self)

    def _made(self, given: dict[str, Any], max_message_bytes: int) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **given,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",  # what was forgotten is an error, never passed over
            isolation_level="read_committed",  # other writers may use transactions
            fetch_max_wait_ms=_LONG_POLL_MS,
            max_partition_fetch_bytes=max(1024 * 1024, max_message_bytes + 1024),
            session_timeout_ms=self._session_ms,
            heartbeat_interval_ms=self._session_ms // 3,
        )

    # aiokafka calls these two within a rebalance and swallows what they raise: they set state only.

    def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        """Forget the assignment; what is in hand may still be appended."""
        self._change(())

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note the new assignment; nothing is fetched before `place` says from where."""
        consumer = self._consumer
        if consumer is None:
            return
        for place in assigned:
            # A position at once, so that the committed one is never looked for.
            consumer.seek(place, 0)
            consumer.pause(place)
        self._change(place.partition for place in assigned)

    def _change(self, parts: Iterable[int]) -> None:
        self.assigned = frozenset(parts)
        self.positions = {}
        self._latest = {}
        self.turn += 1

    async def place(self, wanted: Mapping[int, int]) -> None:
        """Read on from these offsets, of partitions assigned.

        Raises `TapeRefused` where records from there on are no longer on the topic, and
        `TapeUnavailable` where the topic does not reach its offset (yet).
        """
        consumer, turn = self._opened(), self.turn
        places = [self._at(part) for part in wanted]
        with told(self._name):
            firsts = await consumer.beginning_offsets(places) if places else {}
            ends = await consumer.end_offsets(places) if places else {}
        if turn != self.turn:
            return
        for part, offset in wanted.items():
            if offset < (first := firsts[self._at(part)]):
                raise TapeRefused(
                    f"offsets {offset} to {first - 1} of partition {part} are no longer on the "
                    f"topic {self._topic}: it was made to forget, or records were deleted; a tape "
                    "is only read whole"
                )
            if offset > (end := ends[self._at(part)]):
                raise TapeUnavailable(
                    f"partition {part} of the topic {self._topic} ends at {end}, and the warehouse "
                    f"has its records up to {offset}: the brokers are not whole yet, or this "
                    "warehouse was made from another tape"
                )
        for part, offset in wanted.items():
            consumer.seek(self._at(part), offset)
            consumer.resume(self._at(part))
        self.positions = dict(wanted)
        self._latest = {}

    async def fetch(self, limit: int, seconds: float) -> list[Record]:
        """Return at most `limit` records of the partitions placed, in order within each.

        Waits at most so long for the first one; then only for what the brokers are known to have.
        Returns nothing when the assignment changes.
        """
        turn = self.turn
        records: list[Record] = []
        with told(self._name):
            while more := await self._fetch(limit - len(records), seconds):
                records += more
                if len(records) >= limit or not self._has_more():
                    break
                seconds = _MORE_SECONDS
        return records if turn == self.turn else []

    async def _fetch(self, limit: int, seconds: float) -> list[Record]:
        """Return what one look at the consumer gives, nothing where the assignment changes."""
        consumer, turn = self._opened(), self.turn
        fetched = await consumer.getmany(timeout_ms=int(seconds * 1000), max_records=limit)
        if turn != self.turn:
            return []
        found = {place.partition: messages for place, messages in fetched.items() if messages}
        latest = await Stamps(consumer, self._topic).unknown(found, self._latest)
        if turn != self.turn:
            return []
        self._latest.update(latest)
        records: list[Record] = []
        for part, messages in found.items():
            made, self._latest[part] = records_of(part, messages, self._latest[part])
            records += made
            self.positions[part] = made[-1].offset + 1
        return records

    def _has_more(self) -> bool:
        """Tell whether a broker said of some partition that it has what is not read yet."""
        consumer = self._opened()
        return any(
            offset < (consumer.highwater(self._at(part)) or 0)
            for part, offset in self.positions.items()
        )

    async def passed(self) -> dict[int, int]:
        """Return, per partition placed, up to where there is nothing more to give.

        That may lie after `positions`: a transaction's marks take offsets too.
        """
        consumer, turn = self._opened(), self.turn
        found = {}
        for part in list(self.positions):
            if turn == self.turn:
                found[part] = int(await consumer.position(self._at(part)))
        return found if turn == self.turn else {}

    async def commit(self, positions: Mapping[int, int]) -> None:
        """Tell the group how far its partitions are in the ledger. For lag monitors only."""
        mine = {self._at(part): at for part, at in positions.items() if part in self.assigned}
        if mine:
            with told(self._name):
                await self._opened().commit(mine)

    async def close(self) -> None:
        """Leave the group. Takes a few seconds at most, and may be called twice."""
        consumer, self._consumer = self._consumer, None
        self._change(())
        if consumer is not None:
            await finish(stop_consumer(consumer))

    def _opened(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise TapeUnavailable(f"{self._name} is not open")
        return self._consumer

    def _at(self, part: int) -> TopicPartition:
        return TopicPartition(self._topic, part)
