"""Quix Streams: a StreamingDataFrame with state in RocksDB, and a batching sink."""

from typing import Any

from quixstreams import Application, State
from quixstreams.sinks import BatchingSink, SinkBatch

from benchmarks.contenders.tables import BATCH, Event, Tables, Task, folded


class EngineSink(BatchingSink):  # type: ignore[misc]
    """Writes each batch to the tables, the last state of each deal once."""

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self.tables = tables

    def write(self, batch: SinkBatch) -> None:
        """Called for each partition at each commit."""
        events, deals = [], {}
        for item in batch:
            event, deal = item.value
            events.append((item.key, batch.partition, item.offset, event))
            if deal is not None:
                deals[deal["deal"]] = deal
        self.tables.write(events, deals.values())


def run(task: Task) -> None:
    """Read, keep and write until as many as asked for went through."""
    tables = Tables(task)
    app = Application(
        broker_address=task.servers,
        consumer_group=f"quix-{task.folder.name}",
        auto_offset_reset="earliest",
        commit_every=BATCH,
        state_dir=task.folder / "state",
        loglevel="WARNING",
    )
    topic = app.topic(task.topic, key_deserializer="str", value_deserializer="json")

    def derive(event: Event, state: State) -> tuple[Event, dict[str, Any] | None]:
        tables.begin()
        name = event.get("deal")
        if name is None:
            return event, None
        deal = folded(state.get(name), event)
        state.set(name, deal)
        return event, deal

    app.dataframe(topic).apply(derive, stateful=True).sink(EngineSink(tables))
    app.run(count=task.count)
    tables.tell()


if __name__ == "__main__":
    run(Task.given())
