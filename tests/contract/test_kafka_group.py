"""One member of a group reads what its partitions hold, batch by batch."""

import asyncio
from contextlib import closing

from infra import clock
from infra.settings import KafkaSettings
from infra.tape.contract import Entry, Record
from infra.tape.kafka import KafkaTape
from infra.tape.kafka_group import GroupReader

PARTITIONS = 2
COUNT = 5_000
"""Records of 1 kB: more than one answer of a broker holds."""


def test_a_batch_is_filled_with_what_the_broker_has(kafka: str) -> None:
    topic, settings = f"test.{clock.new_id()}", KafkaSettings(partitions=PARTITIONS)
    entries = [Entry(f"account-{n % 7}", b"%d" % n + b"x" * 1_000) for n in range(COUNT)]
    with closing(KafkaTape([kafka], topic, settings)) as tape:
        tape.append(entries)

    async def read() -> tuple[list[Record], list[Record]]:
        reader = GroupReader([kafka], topic, settings, f"group.{topic}", 10.0)
        await reader.open()
        try:
            while len(reader.assigned) < PARTITIONS:
                assert await reader.fetch(1, 0.2) == []  # nothing before it is placed
            await reader.place(dict.fromkeys(reader.assigned, 0))
            return await reader.fetch(2 * COUNT, 30.0), await reader.fetch(COUNT, 0.1)
        finally:
            await reader.close()

    records, rest = asyncio.run(read())
    assert rest == []
    assert sorted(record.value for record in records) == sorted(entry.value for entry in entries)
    for part in range(PARTITIONS):
        offsets = [record.offset for record in records if record.partition == part]
        assert offsets == list(range(len(offsets)))
