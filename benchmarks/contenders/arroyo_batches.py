"""Arroyo: a batch step in front of the write, with state in memory (lost when it restarts)."""

from collections.abc import Mapping
from typing import Any

import orjson
from arroyo.backends.kafka import KafkaConsumer
from arroyo.backends.kafka.configuration import build_kafka_consumer_configuration
from arroyo.processing.processor import StreamProcessor
from arroyo.processing.strategies import BatchStep, CommitOffsets, RunTask
from arroyo.processing.strategies.abstract import ProcessingStrategyFactory
from arroyo.types import Topic

from benchmarks.contenders.tables import BATCH, Deal, Event, Tables, Task, folded


class Factory(ProcessingStrategyFactory):  # type: ignore[misc]
    """Makes the steps that each assignment of partitions goes through."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.deals: dict[str, Deal] = {}
        self.processor: Any = None

    def create_with_partitions(self, commit: Any, partitions: Mapping[Any, int]) -> Any:
        """Read one by one, gather, write, then commit."""
        del partitions
        written = RunTask(self.write, CommitOffsets(commit))
        batched = BatchStep(max_batch_size=BATCH, max_batch_time=1.0, next_step=written)
        return RunTask(self.read, batched)

    def read(self, message: Any) -> tuple[str, Event]:
        """Return key and event of a message."""
        self.tables.begin()
        payload = message.payload
        return (payload.key or b"").decode(), orjson.loads(payload.value)

    def write(self, message: Any) -> None:
        """Derive and write a batch."""
        events, touched = [], {}
        for value in message.payload:
            key, event = value.payload
            events.append((key, value.partition.index, value.offset, event))
            if name := event.get("deal"):
                self.deals[name] = touched[name] = folded(self.deals.get(name), event)
        self.tables.write(events, touched.values())
        if self.tables.whole:
            self.processor.signal_shutdown()


def run(task: Task) -> None:
    """Run the processor until all is written."""
    factory = Factory(Tables(task))
    consumer = KafkaConsumer(
        build_kafka_consumer_configuration(
            {},
            bootstrap_servers=[task.servers],
            group_id=f"arroyo-{task.folder.name}",
            auto_offset_reset="earliest",
        )
    )
    factory.processor = StreamProcessor(
        consumer=consumer, topic=Topic(task.topic), processor_factory=factory
    )
    factory.processor.run()
    factory.tables.tell()


if __name__ == "__main__":
    run(Task.given())
