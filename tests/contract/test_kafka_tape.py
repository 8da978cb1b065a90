"""The Kafka tape: the contract against a real broker; what a topic, a key and a stamp must be."""

import asyncio
import contextlib
import gc
import re
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from tape_contract import TapeContract, by_partition, read_all
from waiting import wait_until

from infra import clock
from infra.settings import KafkaSettings, SettingsError, load
from infra.tape.contract import Entry, Tape, TapeRefused, TapeUnavailable
from infra.tape.kafka import KafkaTape
from infra.tape.kafka_times import recorded_header
from infra.tape.kafka_topic import config_of
from infra.tape.kafka_writer import partition_of
from infra.tape.opening import open_tape

AS_A_TAPE = {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"}
T0 = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _three_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESTAPE_KAFKA_PARTITIONS", "3")


@pytest.fixture
def topic() -> str:
    """The name of a topic that is not there yet."""
    return f"test.{clock.new_id()}"


@pytest.fixture
def url(kafka: str, topic: str) -> str:
    return f"kafka://{kafka}/{topic}"


class TestKafkaTape(TapeContract):
    @pytest.fixture
    def url(self, kafka: str, topic: str) -> str:
        return f"kafka://{kafka}/{topic}"


@pytest.fixture
def tape(url: str) -> Iterator[Tape]:
    with closing(open_tape(url)) as opened:
        yield opened


class Operator:
    """Does to a topic what its operators and other programs may do."""

    def __init__(self, address: str, topic: str) -> None:
        self.address = address
        self.topic = topic

    def make(self, partitions: int = 1, **config: str) -> None:
        given = {name.replace("_", "."): value for name, value in config.items()}
        new = NewTopic(self.topic, partitions, 1, topic_configs=given)
        answer = self._ask(lambda admin: admin.create_topics([new]))
        assert [code for _, code, _ in answer.topic_errors] == [0]

    def set(self, config: dict[str, str]) -> None:
        resource = ConfigResource(ConfigResourceType.TOPIC, self.topic, configs=config)
        self._ask(lambda admin: admin.alter_configs([resource]))
        # It is the controller that has taken it; the broker learns it a moment later.
        wait_until(lambda: self._ask(lambda a: config_of(a, self.topic, config)) == config)

    def delete_before(self, partition: int, offset: int) -> None:
        place = TopicPartition(self.topic, partition)
        self._ask(lambda admin: admin.delete_records({place: RecordsToDelete(offset)}))

    def write(
        self, *records: dict[str, Any], transaction: str = "", compression: str | None = None
    ) -> None:
        """Write records, each in a batch of its own; in a `transaction` that ends so, if given."""

        async def work() -> None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self.address,
                transactional_id=clock.new_id() if transaction else None,
                compression_type=compression,
            )
            await producer.start()
            try:
                if transaction:
                    await producer.begin_transaction()
                for record in records:
                    await producer.send_and_wait(self.topic, partition=0, **record)
                if transaction == "commit":
                    await producer.commit_transaction()
                elif transaction:
                    await producer.abort_transaction()
            finally:
                await producer.stop()

        asyncio.run(work())

    def _ask(self, do: Callable[[AIOKafkaAdminClient], Coroutine[Any, Any, Any]]) -> Any:
        async def work() -> Any:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
            await admin.start()
            try:
                return await do(admin)
            finally:
                await admin.close()

        return asyncio.run(work())


@pytest.fixture
def operator(kafka: str, topic: str) -> Operator:
    return Operator(kafka, topic)


# Opening


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("kafka://", "names no brokers"),
        ("kafka://localhost", "names no brokers"),
        ("kafka://localhost:9092,", "names no brokers"),
        ("kafka://localhost:9092?ssl=1", "names no brokers"),
        ("kafka://::1:9092", "names no brokers"),
        ("kafka://localhost:9092/a/b", "no name of a topic"),
        ("kafka://localhost:9092/..", "no name of a topic"),
    ],
)
def test_a_kafka_url_that_names_no_tape_is_refused(url: str, reason: str) -> None:
    with pytest.raises(TapeRefused, match=re.escape(reason)):
        open_tape(url)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(TapeRefused, match="SALESTAPE_KAFKA_USER") as caught:
        open_tape("kafka://me:sesame@localhost:9092")
    assert "sesame" not in str(caught.value)


def test_a_broker_that_is_away_is_reported_within_the_given_seconds() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        start = clock.monotonic()
        with pytest.raises(TapeUnavailable, match=f"127.0.0.1:{port}"):
            KafkaTape([f"127.0.0.1:{port}"], seconds=1.0)
        assert clock.monotonic() - start < 5


def test_a_broker_that_does_not_answer_is_reported_within_the_given_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        start = clock.monotonic()
        with pytest.raises(TapeUnavailable, match="within"):
            KafkaTape([f"127.0.0.1:{port}"], seconds=1.0)
        assert clock.monotonic() - start < 5


def test_a_connection_given_up_half_way_is_closed() -> None:
    """A broker that says which versions it speaks, and then no more."""
    with socket.create_server(("127.0.0.1", 0)) as broker:
        met: list[socket.socket] = []

        def greet() -> None:
            with contextlib.suppress(OSError):  # the server was closed: the test is over
                while True:
                    met.append(broker.accept()[0])
                    asked = met[-1].recv(4096)
                    speaks = struct.pack(">hi3h", 0, 1, 3, 0, 9)  # of metadata, 0 to 9
                    met[-1].sendall(struct.pack(">i", 4 + len(speaks)) + asked[8:12] + speaks)

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(TapeUnavailable, match="within"):
            KafkaTape([f"127.0.0.1:{broker.getsockname()[1]}"], seconds=1.0)
        broker.shutdown(socket.SHUT_RDWR)
    for connection in met:
        with connection:
            connection.settimeout(5)
            while connection.recv(4096):
                pass
    gc.collect()  # an unclosed one would be told of here
    assert len(met) >= 2


def test_one_server_of_several_is_enough(kafka: str, topic: str) -> None:
    with closing(open_tape(f"kafka://127.0.0.1:1,{kafka}/{topic}")) as tape:
        tape.append([Entry("key", b"value")])
        assert len(read_all(tape)) == 1


# The topic


def test_a_topic_is_made_with_the_partitions_that_are_set(tape: Tape) -> None:
    assert set(tape.ends()) == {0, 1, 2}


def test_a_topic_that_is_there_keeps_its_partitions(operator: Operator, url: str) -> None:
    operator.make(5)
    operator.set(AS_A_TAPE)
    with closing(open_tape(url)) as tape:
        assert set(tape.ends()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    "config",
    [
        {"retention.ms": "604800000"},
        {"retention.bytes": "1000000000"},
        {"cleanup.policy": "compact"},
        {"cleanup.policy": "compact,delete"},
        {"message.timestamp.type": "CreateTime"},
        {"unclean.leader.election.enable": "true"},
        {"max.message.bytes": "300000"},
    ],
    ids=lambda config: ",".join(config),
)
def test_a_topic_that_would_forget_is_refused_by_name_with_what_to_change(
    operator: Operator, url: str, config: dict[str, str]
) -> None:
    operator.make()
    operator.set({**AS_A_TAPE, **config})
    ((name, value),) = config.items()
    with pytest.raises(TapeRefused, match=f"{operator.topic} .*{name} is {value} and must") as told:
        open_tape(url)
    assert f"--add-config {name}=" in str(told.value)


def test_a_tape_that_was_cut_is_not_read_as_if_it_were_whole(
    operator: Operator, tape: Tape
) -> None:
    tape.append([Entry("account-1", b"%d" % n) for n in range(10)])
    (partition,) = {record.partition for record in read_all(tape)}
    operator.delete_before(partition, 4)
    with pytest.raises(TapeRefused, match=f"offsets 0 to 3 of partition {partition} are no longer"):
        tape.read({}, 10)
    rest = read_all(tape, {partition: 4})
    assert [record.offset for record in rest] == [4, 5, 6, 7, 8, 9]


# Keys and partitions


@pytest.mark.parametrize(
    ("key", "of_3", "of_8", "of_97"),
    [
        ("", 0, 1, 35),
        ("a", 1, 4, 49),
        ("acme", 0, 4, 76),
        ("account-1", 2, 4, 75),
        ("Ünïcødé ☃", 1, 7, 35),
        ("deal/2026/000123", 0, 7, 63),
        ("0123456789abcdef0123456789abcdef", 2, 1, 32),
    ],
)
def test_a_key_lies_where_kafkas_java_client_would_put_it(
    key: str, of_3: int, of_8: int, of_97: int
) -> None:
    # The figures are what BuiltInPartitioner.partitionForKey of Kafka 4.1 returns.
    assert [partition_of(key.encode(), n) for n in (3, 8, 97)] == [of_3, of_8, of_97]


def test_an_append_over_several_partitions_keeps_each_key_in_order(tape: Tape) -> None:
    entries = [Entry(f"key-{n % 50}", b"%d" % n) for n in range(3_000)]
    large = [Entry(f"key-{n % 50}", b"%d " % n + b"x" * 100_000) for n in range(3_000, 3_030)]
    receipts = tape.append(entries + large)
    parts = by_partition(read_all(tape))
    assert set(parts) == {0, 1, 2}
    for part in parts.values():
        numbers = [int(record.value.split()[0]) for record in part]
        assert numbers == sorted(numbers)
    lies = {(record.partition, record.offset): record for part in parts.values() for record in part}
    for receipt, entry in zip(receipts, entries + large, strict=True):
        record = lies[receipt.partition, receipt.offset]
        assert (record.key, record.value, record.recorded_at) == (
            entry.key,
            entry.value,
            receipt.recorded_at,
        )


# The time of recording


def milliseconds(count: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=count)


def stamped(operator: Operator, stamps: Sequence[int]) -> None:
    """Make a topic whose broker's clock went as given: the test cannot set a clock back."""
    operator.make(1, message_timestamp_type="CreateTime")
    operator.write(*({"value": b"%d" % stamp, "timestamp_ms": stamp} for stamp in stamps))
    operator.set(AS_A_TAPE)


BASE = 1_700_000_000_000
STAMPS = [BASE + n for n in (0, 50, 10, 20, 9_000_000, 5, 49, 8_999_999, 9_000_001, 3)]


def test_the_time_of_recording_does_not_go_back_with_the_brokers_clock(
    operator: Operator, url: str
) -> None:
    stamped(operator, STAMPS)
    expected = [milliseconds(max(STAMPS[: n + 1])) for n in range(len(STAMPS))]
    with closing(open_tape(url)) as tape:
        assert [record.recorded_at for record in read_all(tape)] == expected


@pytest.mark.parametrize("start", range(len(STAMPS)))
def test_the_time_of_recording_is_the_same_wherever_reading_begins(
    operator: Operator, url: str, start: int
) -> None:
    stamped(operator, STAMPS)
    with closing(open_tape(url)) as tape:
        (record,) = tape.read({0: start}, 1)
        assert record.recorded_at == milliseconds(max(STAMPS[: start + 1]))


def test_a_receipt_tells_the_time_that_readers_will_see(operator: Operator, url: str) -> None:
    ahead = int(clock.now().timestamp() * 1000) + 1_000_000
    stamped(operator, [ahead])
    with closing(open_tape(url)) as tape:
        receipts = [tape.append([Entry("key", b"%d" % n)])[0] for n in range(3)]
        assert [receipt.recorded_at for receipt in receipts] == [milliseconds(ahead)] * 3
        assert {record.recorded_at for record in read_all(tape)} == {milliseconds(ahead)}


def test_a_copied_record_keeps_its_first_time_of_recording(operator: Operator, url: str) -> None:
    first = [T0 + timedelta(microseconds=n) for n in (1, 2, 2, 3)]
    with closing(open_tape(url)) as tape:
        operator.write(*({"value": b"copy", "headers": [recorded_header(at)]} for at in first))
        tape.append([Entry("key", b"new") for _ in range(20)])
        records = [record for record in read_all(tape) if record.partition == 0]
        copies = [record.recorded_at for record in records if record.value == b"copy"]
        assert copies == first
        assert all(record.recorded_at > first[-1] for record in records if record.value == b"new")


@pytest.mark.parametrize("header", [b"", b"soon", b"-1", b"99999999999999999", b"\xff"])
def test_a_header_that_tells_no_earlier_time_is_passed_over(
    operator: Operator, url: str, header: bytes
) -> None:
    with closing(open_tape(url)) as tape:
        operator.write({"value": b"value", "headers": [("salestape-recorded-at", header)]})
        (record,) = read_all(tape)
        assert abs(record.recorded_at - clock.now()) < timedelta(hours=1)


# What other writers may leave


def test_records_of_other_writers_without_key_value_or_text_are_read(
    operator: Operator, url: str
) -> None:
    with closing(open_tape(url)) as tape:
        operator.write({"value": b"value"}, {"key": b"key"}, {"key": b"\xff", "value": b"value"})
        assert [(record.key, record.value) for record in read_all(tape)] == [
            ("", b"value"),
            ("key", b""),
            ("\ufffd", b"value"),
        ]


@pytest.mark.parametrize("compression", ["gzip", "lz4", "snappy", "zstd"])
def test_what_other_writers_compressed_is_read(
    operator: Operator, url: str, compression: str
) -> None:
    with closing(open_tape(url)) as tape:
        operator.write({"value": b"value " * 100}, compression=compression)
        assert [record.value for record in read_all(tape)] == [b"value " * 100]


def test_what_a_transaction_took_back_is_not_on_the_tape(operator: Operator, url: str) -> None:
    with closing(open_tape(url)) as tape:
        operator.write({"value": b"taken back"}, transaction="abort")
        operator.write({"value": b"kept"}, transaction="commit")
        operator.write({"value": b"taken back"}, transaction="abort")
        (record,) = read_all(tape)
        assert record.value == b"kept"
        assert tape.read({0: record.offset + 1}, 10) == []
        assert not tape.wait({0: record.offset + 1}, 0)


# Settings


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"sasl": "PLAIN"}, "go together"),
        ({"user": "me"}, "go together"),
        ({"sasl": "GSSAPI", "user": "me", "password": "sesame"}, "SALESTAPE_KAFKA_SASL"),
        ({"tls_key": "key.pem"}, "SALESTAPE_KAFKA_TLS_CERTIFICATE"),
        ({"tls_authority": "ca.pem"}, "SALESTAPE_KAFKA_TLS=true"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    given: dict[str, object], reason: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(reason)) as caught:
        load(KafkaSettings, **given)
    assert "sesame" not in str(caught.value)


def test_an_authority_that_is_not_there_is_named(kafka: str) -> None:
    settings = load(KafkaSettings, tls=True, tls_authority="/nowhere/ca.pem")
    with pytest.raises(TapeRefused, match=re.escape("/nowhere/ca.pem")):
        KafkaTape([kafka], settings=settings)


def test_tls_to_a_broker_without_it_is_no_tape(kafka: str) -> None:
    settings = load(KafkaSettings, tls=True)
    with pytest.raises((TapeRefused, TapeUnavailable), match=kafka):
        KafkaTape([kafka], settings=settings, seconds=1.0)
