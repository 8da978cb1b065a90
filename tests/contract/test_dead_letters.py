"""Dead letters on Kafka: bytes and reasons come back, once each, whatever was written twice."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from tape_contract import read_all

from infra import clock
from infra.tape.contract import Entry, Record, TapeRefused
from infra.tape.dead_letters import READING, REFUSED_BY_WAREHOUSE, STORING, Place
from infra.tape.kafka_dead_letters import MAX_REASON_BYTES, KafkaDeadLetters
from infra.tape.opening import open_dead_letters, open_tape

T0 = datetime(2024, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def topic() -> str:
    return f"test.{clock.new_id()}"


@pytest.fixture
def url(kafka: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SALESTAPE_KAFKA_PARTITIONS", "3")
    return f"kafka://{kafka}/{topic}"


@pytest.fixture
def dead_letters(url: str) -> Iterator[KafkaDeadLetters]:
    opened = open_dead_letters(url)
    assert opened is not None
    with opened:
        yield opened


def rejected(count: int) -> list[tuple[Record, str]]:
    values = [b"", b"\0", b"\xff no text", b"x" * 200_000]
    return [
        (Record(n % 3, n // 3, T0, f"key-{n % 7}", b"%d " % n + values[n % 4]), f"reason {n}")
        for n in range(count)
    ]


def test_a_tape_in_a_file_has_no_topic_of_dead_letters(tmp_path: object) -> None:
    assert open_dead_letters(f"sqlite://{tmp_path}/tape.sqlite") is None


def test_letters_come_back_once_with_their_bytes_and_reasons(
    dead_letters: KafkaDeadLetters,
) -> None:
    assert list(dead_letters.notices()) == []
    given = rejected(60)
    dead_letters.write([])
    dead_letters.write(given[:40])
    dead_letters.write(given[20:])  # a batch that was repeated
    notices = sorted(dead_letters.notices(), key=lambda notice: notice.place)
    expected = sorted(given, key=lambda one: one[0][:2])
    assert [
        (*notice.place, notice.recorded_at, notice.key, notice.size, notice.reason)
        for notice in notices
    ] == [
        (record.partition, record.offset, T0, record.key, len(record.value), reason)
        for record, reason in expected
    ]
    letters = list(dead_letters.letters(notices[5:25]))
    assert [letter.notice for letter in letters] == notices[5:25]
    assert [letter.value for letter in letters] == [record.value for record, _ in expected[5:25]]


def test_a_letter_says_what_it_is_in_the_headers_of_kafka_connect(
    dead_letters: KafkaDeadLetters, kafka: str, topic: str
) -> None:
    record = Record(2, 117, T0, "Ünïcødé", b"\xff")
    dead_letters.write([(record, "data.amount: is missing"), (record, REFUSED_BY_WAREHOUSE)])

    async def read() -> list[tuple[bytes, bytes, dict[str, bytes]]]:
        consumer = AIOKafkaConsumer(
            f"{topic}.dlq", bootstrap_servers=kafka, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            found = [await consumer.getone() for _ in range(2)]
        finally:
            await consumer.stop()
        return [(one.key, one.value, dict(one.headers)) for one in found]

    first, second = asyncio.run(read())
    assert first[:2] == ("Ünïcødé".encode(), b"\xff")
    told = {name.removeprefix("__connect.errors."): value for name, value in first[2].items()}
    assert told == {
        "topic": topic.encode(),
        "partition": b"2",
        "offset": b"117",
        "connector.name": b"salestape",
        "task.id": b"0",
        "stage": READING.encode(),
        "class.name": b"events.parsing.parse_event",
        "exception.class.name": b"events.explanation.Rejection",
        "exception.message": b"data.amount: is missing",
        "salestape-recorded-at": b"1709294400123456",
    }
    assert second[2]["__connect.errors.stage"] == STORING.encode()


def test_the_largest_record_of_another_writer_and_a_long_reason_fit(
    url: str, kafka: str, topic: str
) -> None:
    async def write() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=2**21)
        await producer.start()
        try:
            await producer.send_and_wait(topic, key=b"k" * 60_000, value=b"x" * 980_000)
        finally:
            await producer.stop()

    with closing(open_tape(url)) as tape:
        asyncio.run(write())
        (record,) = read_all(tape)
    letters = open_dead_letters(url)
    assert letters is not None
    with letters:
        letters.write([(record, "ü" * MAX_REASON_BYTES)])
        (notice,) = letters.notices()
        (letter,) = letters.letters([notice])
    assert (notice.key, letter.value) == (record.key, record.value)
    assert notice.reason == "ü" * (MAX_REASON_BYTES // 2)


def test_what_others_write_there_is_no_letter(
    dead_letters: KafkaDeadLetters, kafka: str, topic: str
) -> None:
    async def write() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=kafka)
        await producer.start()
        try:
            await producer.send_and_wait(f"{topic}.dlq", value=b"something")
        finally:
            await producer.stop()

    asyncio.run(write())
    dead_letters.write(rejected(1))
    assert [notice.place for notice in dead_letters.notices()] == [Place(0, 0)]


def test_reading_that_is_left_in_the_middle_keeps_nobody_from_closing(url: str) -> None:
    letters = open_dead_letters(url)
    assert letters is not None
    letters.write(rejected(10))
    notices = letters.notices()
    next(notices)
    letters.close()
    letters.close()
    with pytest.raises(TapeRefused, match="is closed"):
        letters.write(rejected(1))
    with pytest.raises(TapeRefused, match="is closed"):
        list(letters.notices())


def test_a_topic_too_small_for_letters_is_refused_with_what_to_change(
    url: str, kafka: str, topic: str
) -> None:
    with closing(open_tape(f"kafka://{kafka}/{topic}.dlq")):  # made as a tape is
        pass
    with closing(open_tape(url)) as tape:
        tape.append([Entry("key", b"value")])
    with pytest.raises(
        TapeRefused, match=r"max\.message\.bytes is 1048588 and must be 11\d\d\d\d\d"
    ):
        open_dead_letters(url)
