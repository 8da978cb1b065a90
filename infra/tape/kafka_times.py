"""When a record of a Kafka tape was recorded: a function of the topic alone, whoever reads it.

The broker stamps each batch with its clock as it appends (LogAppendTime). A broker's clock may be
set back, and a partition may move to a broker whose clock is behind, so the time of recording is
the latest stamp up to the record. A record copied from another tape keeps the time of that tape in
a header, where it is not later than that.
"""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from infra.tape.framing import microseconds_of, moment_of

RECORDED_AT_HEADER = "salestape-recorded-at"
"""Holds the microseconds since 1970-01-01T00:00:00Z, in decimal digits. Only for `salestape copy`,
which copies what lies in one partition in its order, before anything else is appended there."""

Headers = Sequence[tuple[str, bytes]]


def recorded_header(moment: datetime) -> tuple[str, bytes]:
    """Return the header that keeps a time of recording."""
    return RECORDED_AT_HEADER, str(microseconds_of(moment)).encode()


def recorded_at(latest: int, headers: Headers) -> datetime:
    """Return when a record was recorded; `latest` is the latest stamp up to it, in milliseconds.

    A header that holds no time, or a later one, is passed over: anybody can write one.
    """
    stamp = latest * 1000
    for name, value in headers:
        if name == RECORDED_AT_HEADER and value.isdigit():
            stamp = min(stamp, int(value))
    return moment_of(stamp)


class Stamps:
    """Asks the brokers for stamps; `consumer` needs no assignment."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic

    async def latest(self, records: Mapping[int, tuple[int, int]]) -> dict[int, int]:
        """Return, per partition, the latest stamp up to a record, given its offset and stamp.

        Takes one round trip where clocks never went back.
        """
        before = await self._before(
            {part: (offset, stamp + 1) for part, (offset, stamp) in records.items()}
        )
        latest = {}
        for partition, (offset, stamp) in records.items():
            found = before.get(partition)
            latest[partition] = (
                stamp if found is None else await self._highest(partition, offset, found)
            )
        return latest

    async def unknown(
        self, found: Mapping[int, Sequence[ConsumerRecord]], known: Container[int]
    ) -> dict[int, int]:
        """Return the latest stamp up to the first message found, per partition that is not known.

        Without such a partition nothing is asked.
        """
        firsts = {
            part: (messages[0].offset, messages[0].timestamp)
            for part, messages in found.items()
            if part not in known
        }
        return await self.latest(firsts) if firsts else {}

    async def _highest(self, partition: int, offset: int, low: int) -> int:
        """Return the highest stamp before `offset`, where `low` is one of them.

        The brokers find the first record with at least a given stamp, so the highest is searched
        for: first by steps that double, then by halves.
        """
        step = 1
        while (found := await self._one_before(partition, offset, low + step)) is not None:
            low, step = found, step * 2
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            found = await self._one_before(partition, offset, middle)
            if found is None:
                high = middle
            else:
                low = found
        return low

    async def _one_before(self, partition: int, offset: int, stamp: int) -> int | None:
        return (await self._before({partition: (offset, stamp)})).get(partition)

    async def _before(self, wanted: Mapping[int, tuple[int, int]]) -> dict[int, int]:
        """Return a stamp that is at least the given one, of a record before the given offset."""
        found = await self._consumer.offsets_for_times(
            {TopicPartition(self._topic, part): stamp for part, (_, stamp) in wanted.items()}
        )
        return {
            place.partition: at.timestamp
            for place, at in found.items()
            if at is not None and at.offset < wanted[place.partition][0]
        }
