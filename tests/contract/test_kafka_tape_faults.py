"""The Kafka tape when its broker is killed, hangs, or is away, and comes back."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tape_contract import LIMIT_SECONDS, by_partition, positions_after, read_all
from waiting import wait_until

from infra import clock
from infra.kafka_broker import KafkaBroker
from infra.settings import KafkaSettings
from infra.tape.contract import Entry, Receipt, TapeUnavailable
from infra.tape.kafka import KafkaTape

Opening = Callable[[float], KafkaTape]


@pytest.fixture
def opening(broker: KafkaBroker) -> Iterator[Opening]:
    """Open the same tape of three partitions, with a limit in seconds for each call."""
    topic = f"test.{clock.new_id()}"
    opened: list[KafkaTape] = []

    def open_one(seconds: float) -> KafkaTape:
        settings = KafkaSettings(partitions=3)
        opened.append(KafkaTape([broker.address], topic, settings, seconds))
        return opened[-1]

    yield open_one
    for tape in opened:
        tape.close()


def entries(name: str, count: int) -> list[Entry]:
    return [Entry(f"key-{n % 7}", f"{name} {n}".encode()) for n in range(count)]


def answers(call: Callable[[], object]) -> bool:
    try:
        call()
    except TapeUnavailable:
        return False
    return True


def test_what_a_killed_broker_had_not_acknowledged_is_there_once(
    broker: KafkaBroker, opening: Opening
) -> None:
    tape = opening(LIMIT_SECONDS)
    before = tape.append(entries("before", 30))
    broker.pause()  # so that it cannot acknowledge
    with ThreadPoolExecutor(1) as threads:
        appending = threads.submit(tape.append, entries("during", 30))
        broker.kill()
        broker.start()
        receipts = appending.result(LIMIT_SECONDS)
    lies = {(record.partition, record.offset): record.value for record in read_all(tape)}
    assert len(before) == len(receipts) == 30
    assert len(lies) == 60
    for receipt, entry in zip(receipts, entries("during", 30), strict=True):
        assert lies[receipt.partition, receipt.offset] == entry.value


def test_appends_through_a_kill_of_the_broker_neither_lose_nor_double(
    broker: KafkaBroker, opening: Opening
) -> None:
    tape = opening(LIMIT_SECONDS)
    ended = threading.Event()
    acknowledged: list[tuple[Entry, Receipt]] = []

    def write(writer: int) -> None:
        number = 0
        while not ended.is_set():
            batch = [
                Entry(f"key-{writer}-{n % 5}", b"%d %d" % (writer, number * 40 + n))
                for n in range(40)
            ]
            acknowledged.extend(zip(batch, tape.append(batch), strict=True))
            number += 1

    with ThreadPoolExecutor(2) as threads:
        writers = [threads.submit(write, writer) for writer in range(2)]
        try:
            wait_until(lambda: len(acknowledged) >= 2_000, LIMIT_SECONDS)
            broker.kill()
            broker.start()
            wait_until(lambda: len(acknowledged) >= 4_000, LIMIT_SECONDS)
        finally:
            ended.set()
        for writer in writers:
            writer.result(LIMIT_SECONDS)

    records = read_all(tape, limit=10_000)
    lies = {(record.partition, record.offset): record for record in records}
    assert len(records) == len(acknowledged) == len({record.value for record in records})
    for entry, receipt in acknowledged:
        record = lies[receipt.partition, receipt.offset]
        assert (record.key, record.value) == (entry.key, entry.value)
    for part in by_partition(records).values():
        for key in {record.key for record in part}:
            numbers = [int(record.value.split()[1]) for record in part if record.key == key]
            assert numbers == sorted(numbers)


def test_an_append_that_was_given_up_is_settled_before_anything_else(
    broker: KafkaBroker, opening: Opening
) -> None:
    tape = opening(1.0)
    tape.append(entries("before", 10))
    broker.pause()
    with pytest.raises(TapeUnavailable, match="some of the records may be on the tape"):
        tape.append(entries("given up", 10))
    with pytest.raises(TapeUnavailable, match="nothing was appended"):
        tape.append(entries("not taken", 10))
    with pytest.raises(TapeUnavailable, match="outcome of an earlier append is open"):
        tape.ends()
    broker.go_on()
    wait_until(lambda: answers(tape.ends))
    end = tape.ends()
    tape.append(entries("after", 10))
    settled = [
        record.value.rsplit(b" ", 1)[0]
        for record in read_all(tape)
        if record.offset < end[record.partition]
    ]
    assert sorted(settled) == [b"before"] * 10 + [b"given up"] * 10
    assert len(read_all(tape)) == 30


# In one test whatever has the tape open at a kill, since starting a broker takes seconds.
def test_who_reads_waits_opens_or_closes_outlives_a_kill_of_the_broker(
    broker: KafkaBroker, opening: Opening
) -> None:
    reader, patient, leaving = opening(1.0), opening(LIMIT_SECONDS), opening(1.0)
    reader.append(entries("before", 50))
    first = reader.read({}, 20)
    assert len(read_all(leaving)) == 50
    end = reader.ends()
    with ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(patient.wait, end, LIMIT_SECONDS)
        broker.kill()
        opened = threads.submit(opening, LIMIT_SECONDS)
        with pytest.raises(TapeUnavailable):
            reader.read(end, 1)
        with pytest.raises(TapeUnavailable):
            reader.wait(end, 0.1)
        with pytest.raises(TapeUnavailable):
            reader.ends()
        with pytest.raises(TapeUnavailable):
            leaving.append(entries("given up", 10))
        start = clock.monotonic()
        leaving.close()
        assert clock.monotonic() - start < LIMIT_SECONDS / 2
        assert not waiting.done()
        assert not opened.done()
        broker.start()
        again = opened.result(LIMIT_SECONDS)
        wait_until(lambda: answers(reader.ends))
        rest = read_all(reader, positions_after(first))
        assert len(first) + len(rest) == 50
        assert by_partition(read_all(again)) == by_partition(first + rest)
        again.append(entries("after", 5))
        assert waiting.result(LIMIT_SECONDS)
    assert reader.wait(end, LIMIT_SECONDS)
    assert len(read_all(reader, end)) == 5
