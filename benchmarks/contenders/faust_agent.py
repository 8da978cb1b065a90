"""Faust: an agent that takes one event at a time, with state in a dict or in a table of its own.

`python -m benchmarks.contenders.faust_agent SERVERS TOPIC COUNT FOLDER dict|table`. The dict is
lost when it restarts; the table has a changelog topic, as Faust's documentation teaches.
"""

import os
import sys
from typing import Any

import faust

from benchmarks.contenders.tables import BATCH, PARTITIONS, Deal, Event, Tables, Task, folded


def app_of(task: Task, kind: str) -> faust.App:
    """Return the app, which ends its process when it has told its figures."""
    app = faust.App(
        f"faust-{kind}-{task.folder.name}",
        broker=f"kafka://{task.servers}",
        store="memory://",
        datadir=task.folder / "faust",
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        topic_disable_leader=True,
    )
    topic = app.topic(task.topic, key_type=bytes, value_serializer="json")
    tables = Tables(task)
    deals: Any = {} if kind == "dict" else app.Table("deals", partitions=PARTITIONS)

    @app.agent(topic)
    async def derive(stream: faust.StreamT[Any]) -> None:
        events: list[tuple[str, int, int, Event]] = []
        touched: dict[str, Deal] = {}
        async for record in stream.events():
            tables.begin()
            event, message = record.value, record.message
            events.append((record.key.decode(), message.partition, message.offset, event))
            if name := event.get("deal"):
                deals[name] = touched[name] = folded(deals.get(name), event)
            if len(events) >= BATCH or tables.rows + len(events) >= task.count:
                tables.write(events, touched.values())
                events, touched = [], {}
                if tables.whole:
                    tables.tell()
                    os._exit(0)  # what an agent raises is its crash to Faust, which goes on

    return app


if __name__ == "__main__":
    app = app_of(Task.given(), sys.argv[5])
    # What is redirected is logged, with words around it that are not JSON.
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False).execute_from_commandline()
