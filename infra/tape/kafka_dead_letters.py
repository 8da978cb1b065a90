"""The dead letters of a Kafka tape: a topic beside it, as Kafka Connect's sinks keep theirs.

The key and the value are those of the record, exactly; the headers say where it lay and why it is
here, in the names and words of Kafka Connect
(https://kafka.apache.org/documentation/#connect_errorreporting), so that tools which know those can
read it. A letter may be written more than once: its place on the tape names it.
"""

from collections.abc import Coroutine, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from infra.closing import Closing
from infra.settings import KafkaSettings
from infra.tape.checking import MAX_KEY_BYTES
from infra.tape.contract import Record
from infra.tape.dead_letters import READING, STORING, Letter, Notice, Place, stage_of
from infra.tape.framing import moment_of
from infra.tape.kafka_link import Link
from infra.tape.kafka_reader import stop_consumer
from infra.tape.kafka_times import RECORDED_AT_HEADER, recorded_header
from infra.tape.kafka_topic import Topic, prepare
from infra.tape.kafka_writer import Item

SUFFIX = ".dlq"
PREFIX = "__connect.errors."
MAX_REASON_BYTES = 16 * 1024

_ROOM_BYTES = MAX_KEY_BYTES + MAX_REASON_BYTES + 4 * 1024
"""How much larger a letter may be than its record."""

_TURN_MS = 100
_LOT, _LOT_BYTES = 2_000, 4 * 1024 * 1024

T = TypeVar("T")

_BLAMED = {
    READING: ("events.parsing.parse_event", "events.explanation.Rejection"),
    STORING: (
        "services.projector.append.Appender",
        "clickhouse_connect.driver.exceptions.DatabaseError",
    ),
}
"""Stage to the class that found the fault, and that of the fault, as Kafka Connect asks."""


class KafkaDeadLetters(Closing):
    """The topic of a tape's dead letters, which is made when it is not there.

    Takes the servers and the topic of the tape. Opening, and each call, raises `TapeUnavailable`
    (later) or `TapeRefused` (never), as those of `KafkaTape` do. `task` tells writers apart.
    """

    def __init__(
        self,
        servers: Sequence[str],
        tape: str,
        settings: KafkaSettings | None = None,
        task: str = "0",
    ) -> None:
        settings = KafkaSettings() if settings is None else settings
        self.topic = tape + SUFFIX
        self._tape = tape
        self._task = task
        self._consumers: set[AIOKafkaConsumer] = set()

        async def prepared(given: dict[str, Any]) -> Topic:
            found = await prepare(given, tape, settings)
            least = found.max_message_bytes + _ROOM_BYTES
            return await prepare(given, self.topic, settings, least=least)

        self._link = Link(servers, self.topic, f"the dead letters {self.topic}", settings, prepared)

    def write(self, rejected: Sequence[tuple[Record, str]]) -> None:
        """Write records of the tape with the reason of each; returns when all are durable."""
        lot: list[Item] = []
        size = 0
        for record, reason in rejected:
            headers = tuple(self._headers(record, reason))
            lot.append(Item(record.key.encode(), record.value, headers))
            size += len(record.value)
            if len(lot) >= _LOT or size >= _LOT_BYTES:
                self._call(self._link.append(lot))
                lot, size = [], 0
        if lot:
            self._call(self._link.append(lot))

    def notices(self) -> Iterator[Notice]:
        """Yield what letters there are, each once, partition by partition."""
        told = set()
        for message in self._messages():
            notice = _notice(message)
            if notice is not None and notice.place not in told:
                told.add(notice.place)
                yield notice

    def letters(self, notices: Sequence[Notice]) -> Iterator[Letter]:
        """Yield the letters of notices; reads the whole topic, which has an order of its own."""
        wanted = {notice.place for notice in notices}
        found: dict[Place, Letter] = {}
        for message in self._messages():
            notice = _notice(message)
            if notice is not None and notice.place in wanted and notice.place not in found:
                found[notice.place] = Letter(notice, message.value or b"", _text(message))
        return (found[notice.place] for notice in notices if notice.place in found)

    def close(self) -> None:
        """Wait for calls that are under way, then close. Closing twice is allowed."""
        self._link.close(lambda: [stop_consumer(one) for one in self._consumers])

    def _headers(self, record: Record, reason: str) -> Iterator[tuple[str, bytes]]:
        stage = stage_of(reason)
        found_by, fault = _BLAMED[stage]
        told = {
            "topic": self._tape,
            "partition": str(record.partition),
            "offset": str(record.offset),
            "connector.name": "salestape",
            "task.id": self._task,
            "stage": stage,
            "class.name": found_by,
            "exception.class.name": fault,
            "exception.message": reason,
        }
        for name, value in told.items():
            # Cut between characters, not within one.
            cut = value.encode(errors="replace")[:MAX_REASON_BYTES].decode(errors="ignore")
            yield PREFIX + name, cut.encode()
        yield recorded_header(record.recorded_at)

    def _messages(self) -> Iterator[ConsumerRecord]:
        """Yield what is on the topic now."""
        consumer, left = self._call(self._begin())
        try:
            while left:
                yield from self._call(self._fetch(consumer, left))
        finally:
            if consumer in self._consumers and not self._link.calls.closed:
                self._call(self._drop(consumer))

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            with self._link.calls.call():
                return self._link.run(coroutine)
        finally:
            coroutine.close()  # where the call was refused it never ran

    async def _begin(self) -> tuple[AIOKafkaConsumer, dict[TopicPartition, int]]:
        """Return a consumer at the beginning of every partition, and where each ends now."""
        consumer = await self._link.consumer()
        self._consumers.add(consumer)
        async with self._link.bounded(self._link.seconds):
            ends = await self._link.ends()
            left = {place: ends[place.partition] for place in self._link.places()}
            left = {place: end for place, end in left.items() if end}
            consumer.assign(list(left))
            if left:
                await consumer.seek_to_beginning(*left)
        return consumer, left

    async def _fetch(
        self, consumer: AIOKafkaConsumer, left: dict[TopicPartition, int]
    ) -> list[ConsumerRecord]:
        """Return the next messages, and take out of `left` what was read to its end."""
        async with self._link.bounded(self._link.seconds):
            fetched = await consumer.getmany(timeout_ms=_TURN_MS)
            for place in list(left):  # the marks of transactions are passed, and no messages
                if await consumer.position(place) >= left[place]:
                    del left[place]
        return list(chain.from_iterable(fetched.values()))

    async def _drop(self, consumer: AIOKafkaConsumer) -> None:
        self._consumers.discard(consumer)
        await stop_consumer(consumer)


def _text(message: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in message.headers}


def _notice(message: ConsumerRecord) -> Notice | None:
    """Return what a message tells; None where it is no letter: others may write here too."""
    told = _text(message)
    partition, offset = told.get(f"{PREFIX}partition", ""), told.get(f"{PREFIX}offset", "")
    if not (partition.isdecimal() and offset.isdecimal()):
        return None
    return Notice(
        place=Place(int(partition), int(offset)),
        recorded_at=moment_of(_recorded(told, message)),
        key=(message.key or b"").decode(errors="replace"),
        reason=told.get(f"{PREFIX}exception.message", ""),
        size=len(message.value or b""),
        topic=told.get(f"{PREFIX}topic", ""),
    )


def _recorded(told: Mapping[str, str], message: ConsumerRecord) -> int:
    """Return the microseconds of the record's own recording, else those of the letter's."""
    text = told.get(RECORDED_AT_HEADER, "")
    return int(text) if text.isdecimal() else int(message.timestamp) * 1000
