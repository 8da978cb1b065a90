"""The limit: batches of bytes from Kafka into the engine, nothing read and nothing derived."""

import asyncio

import clickhouse_connect
from aiokafka import AIOKafkaConsumer

from benchmarks.contenders.tables import BATCH, BYTES, Stopwatch, Task, byte_rows, tell


async def run(task: Task) -> None:
    """Read and insert; the consumer fetches on while the engine takes a batch."""
    client = clickhouse_connect.get_client(
        interface="chdb", path=str(task.folder / "engine"), settings={"async_insert": "0"}
    )
    client.command(BYTES % "records")
    consumer = AIOKafkaConsumer(
        task.topic, bootstrap_servers=task.servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    watch, done = Stopwatch(), 0
    while done < task.count:
        fetched = await consumer.getmany(timeout_ms=1_000, max_records=BATCH)
        messages = [message for some in fetched.values() for message in some]
        await asyncio.to_thread(client.insert_arrow, "records", byte_rows(messages))
        done += len(messages)
    took = watch.read()
    await consumer.stop()
    tell(**took, rows=done)


if __name__ == "__main__":
    asyncio.run(run(Task.given()))
