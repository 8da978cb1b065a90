"""The limit: batches of bytes from Kafka into the engine, nothing read and nothing derived."""

import asyncio

import clickhouse_connect
import pyarrow as pa
from aiokafka import AIOKafkaConsumer

from benchmarks.contenders.tables import BATCH, Stopwatch, Task, tell

TABLE = """
CREATE TABLE records (partition UInt32, offset UInt64, value String)
ENGINE = MergeTree ORDER BY (partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""


async def run(task: Task) -> None:
    """Read and insert; the consumer fetches on while the engine takes a batch."""
    client = clickhouse_connect.get_client(
        interface="chdb", path=str(task.folder / "engine"), settings={"async_insert": "0"}
    )
    client.command(TABLE)
    consumer = AIOKafkaConsumer(
        task.topic, bootstrap_servers=task.servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    watch, done = Stopwatch(), 0
    while done < task.count:
        fetched = await consumer.getmany(timeout_ms=1_000, max_records=BATCH)
        messages = [message for some in fetched.values() for message in some]
        rows = pa.table(
            {
                "partition": pa.array([one.partition for one in messages], pa.uint32()),
                "offset": pa.array([one.offset for one in messages], pa.uint64()),
                "value": pa.array([one.value for one in messages], pa.binary()),
            }
        )
        await asyncio.to_thread(client.insert_arrow, "records", rows)
        done += len(messages)
    took = watch.read()
    await consumer.stop()
    tell(**took, rows=done)


if __name__ == "__main__":
    asyncio.run(run(Task.given()))
