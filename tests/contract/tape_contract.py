"""What every tape must do, whatever it is made of: adapters' tests inherit `TapeContract`.

Knows only the contract and `open_tape`; a tape here may have any number of partitions.
"""

import hashlib
import random
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest

from infra.tape.contract import (
    MAX_RECORD_BYTES,
    Entry,
    Positions,
    Receipt,
    Record,
    Tape,
    TapeRefused,
)
from infra.tape.opening import open_tape

LIMIT_SECONDS = 60.0
"""How long a test waits for what must happen; far more than it takes."""

WRITER = """
import hashlib, sys
from infra.tape.contract import Entry
from infra.tape.opening import open_tape
url, name, appends, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
tape = open_tape(url)
for number in range(appends):
    entries = []
    for place in range(size):
        text = f"{name} {number} {place} {size} ".encode() * 20
        entries.append(Entry(name, text + hashlib.sha256(text).hexdigest().encode()))
    for receipt in tape.append(entries):
        sys.stdout.write(f"{receipt.partition} {receipt.offset}\\n")
    sys.stdout.flush()
tape.close()
"""
"""Waits for a line, then appends `appends` batches of `size`; prints what was acknowledged."""


def read_all(tape: Tape, start: Positions | None = None, limit: int = 1000) -> list[Record]:
    """Read to the end, portion by portion, as every reader of a tape does."""
    positions = dict(start or {})
    records: list[Record] = []
    while portion := tape.read(positions, limit):
        records += portion
        for record in portion:
            positions[record.partition] = record.offset + 1
    return records


def by_partition(records: Iterable[Record]) -> dict[int, list[Record]]:
    parts: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        parts[record.partition].append(record)
    return parts


def positions_after(records: Iterable[Record]) -> dict[int, int]:
    return {partition: part[-1].offset + 1 for partition, part in by_partition(records).items()}


def whole(record: Record) -> tuple[str, int, int, int]:
    """Return the name, number, place and size that a `WRITER` wrote; fail when bytes are torn."""
    text, digest = record.value[:-64], record.value[-64:]
    assert hashlib.sha256(text).hexdigest().encode() == digest
    name, number, place, size = text.decode().split()[:4]
    return name, int(number), int(place), int(size)


def start_writer(url: str, name: str, appends: int, size: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, name, str(appends), str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


class TapeContract:
    """Inherit as `TestMyTape` and give a fixture `url`: where a new, empty tape can be opened."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def tape(self, url: str) -> Iterator[Tape]:
        tape = open_tape(url)
        yield tape
        tape.close()

    def check(self, receipts: Sequence[Receipt], entries: Sequence[Entry], tape: Tape) -> None:
        """Hold that each entry lies exactly where its receipt says, and nowhere else."""
        lies = {(record.partition, record.offset): record for record in read_all(tape)}
        assert len(receipts) == len(entries)
        assert len({(receipt.partition, receipt.offset) for receipt in receipts}) == len(entries)
        for receipt, entry in zip(receipts, entries, strict=True):
            record = lies[receipt.partition, receipt.offset]
            assert (record.key, record.value) == (entry.key, entry.value)
            assert record.recorded_at == receipt.recorded_at

    # Appending and reading

    def test_a_new_tape_is_empty(self, tape: Tape) -> None:
        assert tape.read({}, 10) == []
        assert set(tape.ends().values()) == {0}

    def test_what_was_appended_is_read_back(self, tape: Tape) -> None:
        entries = [Entry(f"account-{n % 3}", f"value {n}".encode()) for n in range(10)]
        receipts = tape.append(entries)
        self.check(receipts, entries, tape)
        assert len(read_all(tape)) == 10
        assert sum(tape.ends().values()) >= 10

    @pytest.mark.parametrize(
        "value",
        [
            b"",
            b"\0",
            b"a\0b\0",
            b"\xff\xfe\x80 not UTF-8",
            bytes(range(256)) * 3,
            b' \r\n\t{"a": 1}\n',
            b"\0" * 10_000,
        ],
        ids=["empty", "nul", "nuls", "not-utf8", "all-bytes", "white-space", "zeros"],
    )
    def test_the_exact_bytes_come_back(self, tape: Tape, value: bytes) -> None:
        tape.append([Entry("key", value), Entry("key", b"after")])
        assert [record.value for record in read_all(tape)] == [value, b"after"]

    @pytest.mark.parametrize("key", ["", "a", "Ünïcødé ☃ 漢字 😀", "line\nbreak", "\0", "k" * 1000])
    def test_the_exact_key_comes_back(self, tape: Tape, key: str) -> None:
        tape.append([Entry(key, b"value")])
        assert [record.key for record in read_all(tape)] == [key]

    def test_the_order_within_a_key_is_the_order_of_appending(self, tape: Tape) -> None:
        for batch in range(20):
            tape.append([Entry(f"key-{n % 4}", b"%d" % (batch * 40 + n)) for n in range(40)])
        for key in {record.key for record in read_all(tape)}:
            values = [int(record.value) for record in read_all(tape) if record.key == key]
            assert len(values) == 200
            assert values == sorted(values)

    def test_a_key_has_one_partition(self, tape: Tape) -> None:
        for _ in range(3):
            tape.append([Entry(f"key-{n}", b"value") for n in range(20)])
        homes = defaultdict(set)
        for record in read_all(tape):
            homes[record.key].add(record.partition)
        assert all(len(partitions) == 1 for partitions in homes.values())

    def test_offsets_rise_within_a_partition(self, tape: Tape) -> None:
        for size in (1, 5, 1, 30):
            tape.append([Entry(f"key-{n}", b"value") for n in range(size)])
        for part in by_partition(read_all(tape)).values():
            offsets = [record.offset for record in part]
            assert offsets == sorted(set(offsets))

    def test_the_same_entry_twice_gives_two_records(self, tape: Tape) -> None:
        entry = Entry("account-1", b'{"id": "1"}')
        first = tape.append([entry, entry])
        again = tape.append([entry])
        self.check([*first, *again], [entry] * 3, tape)

    def test_appending_nothing_changes_nothing(self, tape: Tape) -> None:
        tape.append([Entry("key", b"value")])
        before = tape.ends()
        assert tape.append([]) == []
        assert tape.ends() == before

    def test_ends_are_where_the_next_records_will_lie(self, tape: Tape) -> None:
        tape.append([Entry(f"key-{n}", b"value") for n in range(20)])
        ends = tape.ends()
        assert tape.read(ends, 10) == []
        receipts = tape.append([Entry(f"key-{n}", b"next") for n in range(20)])
        assert all(receipt.offset >= ends[receipt.partition] for receipt in receipts)
        assert {record.value for record in read_all(tape, ends)} == {b"next"}

    # Positions and limits

    @pytest.mark.parametrize("limit", [1, 2, 7, 100])
    def test_reading_in_portions_gives_each_record_once(self, tape: Tape, limit: int) -> None:
        tape.append([Entry(f"key-{n % 5}", b"%d" % n) for n in range(30)])
        records = read_all(tape, limit=limit)
        assert sorted(int(record.value) for record in records) == list(range(30))
        assert by_partition(records) == by_partition(read_all(tape))

    def test_a_reader_resumes_after_what_it_has_read(self, tape: Tape) -> None:
        tape.append([Entry(f"key-{n % 5}", b"%d" % n) for n in range(30)])
        first = tape.read({}, 11)
        rest = read_all(tape, positions_after(first))
        assert len(first) == 11
        assert sorted(int(record.value) for record in first + rest) == list(range(30))

    def test_a_limit_is_never_exceeded(self, tape: Tape) -> None:
        tape.append([Entry(f"key-{n}", b"value") for n in range(30)])
        assert tape.read({}, 0) == []
        assert len(tape.read({}, 1)) == 1
        assert 1 <= len(tape.read({}, 29)) <= 29

    def test_a_position_after_the_end_has_no_records(self, tape: Tape) -> None:
        tape.append([Entry("key", b"value")])
        beyond = {partition: end + 1000 for partition, end in tape.ends().items()}
        assert tape.read(beyond, 10) == []
        assert not tape.wait(beyond, 0)

    def test_partitions_can_be_read_one_by_one(self, tape: Tape) -> None:
        tape.append([Entry(f"key-{n}", b"%d" % n) for n in range(60)])
        parts = by_partition(read_all(tape))
        for start in range(6):  # readers who stopped in the middle
            tape.read({0: start}, 1)
        beyond = {partition: end + 1000 for partition, end in tape.ends().items()}
        for partition, part in parts.items():
            portion = tape.read({**beyond, partition: 0}, 1000)
            assert portion == part[: len(portion)] != []

    @pytest.mark.parametrize("positions", [{1_000_000: 0}, {0: -1}])
    def test_positions_of_no_such_tape_are_refused(self, tape: Tape, positions: Positions) -> None:
        with pytest.raises(TapeRefused):
            tape.read(positions, 10)
        with pytest.raises(TapeRefused):
            tape.wait(positions, 0)

    # Refusals

    def test_a_record_may_be_as_large_as_the_contract_says(self, tape: Tape) -> None:
        value = random.Random(1).randbytes(MAX_RECORD_BYTES)
        tape.append([Entry("key", value)])
        assert [record.value for record in read_all(tape)] == [value]

    def test_a_larger_record_is_refused_with_its_whole_batch(self, tape: Tape) -> None:
        good = Entry("key", b"value")
        with pytest.raises(TapeRefused, match="entry 1 "):
            tape.append([good, Entry("key", b"x" * (MAX_RECORD_BYTES + 1)), good])
        assert read_all(tape) == []
        tape.append([good])
        assert len(read_all(tape)) == 1

    def test_a_key_that_is_no_text_is_refused(self, tape: Tape) -> None:
        with pytest.raises(TapeRefused, match="entry 1 "):
            tape.append([Entry("key", b"value"), Entry("\ud800", b"value")])
        assert read_all(tape) == []

    def test_a_closed_tape_refuses_everything(self, tape: Tape) -> None:
        tape.close()
        tape.close()
        with pytest.raises(TapeRefused):
            tape.append([Entry("key", b"value")])
        with pytest.raises(TapeRefused):
            tape.append([])
        with pytest.raises(TapeRefused):
            tape.read({}, 1)
        with pytest.raises(TapeRefused):
            tape.ends()
        with pytest.raises(TapeRefused):
            tape.wait({}, 0)

    # Time

    def test_the_time_of_recording_is_utc_and_never_goes_back(self, tape: Tape) -> None:
        for _ in range(20):
            tape.append([Entry(f"key-{n}", b"value") for n in range(5)])
        for part in by_partition(read_all(tape)).values():
            times = [record.recorded_at for record in part]
            assert all(time.tzinfo is UTC for time in times)
            assert times == sorted(times)

    # Several readers and writers

    def test_what_was_appended_is_there_after_opening_again(self, url: str) -> None:
        entries = [Entry(f"key-{n}", b"%d" % n) for n in range(20)]
        tape = open_tape(url)
        receipts = tape.append(entries)
        tape.close()
        tape = open_tape(url)
        try:
            self.check(receipts, entries, tape)
            receipts += tape.append(entries)
            self.check(receipts, entries * 2, tape)
        finally:
            tape.close()

    def test_another_opening_sees_what_was_appended(self, url: str, tape: Tape) -> None:
        other = open_tape(url)
        try:
            tape.append([Entry("key", b"value")])
            assert [record.value for record in read_all(other)] == [b"value"]
            assert other.ends() == tape.ends()
        finally:
            other.close()

    def test_writers_in_threads_neither_lose_nor_double(self, tape: Tape) -> None:
        def write(writer: int) -> list[tuple[Entry, Receipt]]:
            pairs: list[tuple[Entry, Receipt]] = []
            for number in range(25):
                entries = [
                    Entry(f"key-{writer}", b"%d %d" % (number, n)) for n in range(1 + number % 4)
                ]
                pairs += zip(entries, tape.append(entries), strict=True)
            return pairs

        with ThreadPoolExecutor(8) as threads:
            written = [pair for pairs in threads.map(write, range(8)) for pair in pairs]
        entries, receipts = zip(*written, strict=True)
        self.check(receipts, entries, tape)
        assert len(read_all(tape)) == len(written)

    def test_writers_in_processes_neither_lose_nor_double(self, url: str) -> None:
        names = [f"writer-{n}" for n in range(4)]
        writers = [start_writer(url, name, appends=40, size=5) for name in names]
        for writer in writers:
            let_go(writer)
        acknowledged = []
        for writer in writers:
            printed, _ = writer.communicate(timeout=LIMIT_SECONDS)
            assert writer.returncode == 0
            acknowledged += printed.split("\n")[:-1]
        tape = open_tape(url)
        records = read_all(tape)
        tape.close()
        assert len(set(acknowledged)) == len(acknowledged) == len(records) == 4 * 40 * 5
        assert {f"{record.partition} {record.offset}" for record in records} == set(acknowledged)
        for name in names:
            told = [whole(record)[1:3] for record in records if record.key == name]
            assert told == [(number, place) for number in range(40) for place in range(5)]

    def test_readers_see_everything_in_order_while_it_is_written(self, tape: Tape) -> None:
        total = 300
        barrier = threading.Barrier(3)

        def read() -> list[Record]:
            barrier.wait(LIMIT_SECONDS)
            records: list[Record] = []
            positions: dict[int, int] = {}
            while len(records) < total:
                assert tape.wait(positions, LIMIT_SECONDS)
                records += tape.read(positions, 7)
                positions = positions_after(records)
            return records

        with ThreadPoolExecutor(2) as threads:
            readers = [threads.submit(read) for _ in range(2)]
            barrier.wait(LIMIT_SECONDS)
            for number in range(total // 3):
                tape.append([Entry(f"key-{number % 5}", b"%d %d" % (number, n)) for n in range(3)])
            seen = [reader.result(LIMIT_SECONDS) for reader in readers]
        written = by_partition(read_all(tape))
        assert by_partition(seen[0]) == by_partition(seen[1]) == written

    # Waiting

    def test_waiting_ends_at_once_when_there_are_records(self, tape: Tape) -> None:
        tape.append([Entry("key", b"value")])
        assert tape.wait({}, LIMIT_SECONDS)

    def test_waiting_in_vain_ends(self, tape: Tape) -> None:
        tape.append([Entry("key", b"value")])
        assert not tape.wait(tape.ends(), 0)
        assert not tape.wait(tape.ends(), 0.05)

    def test_waiting_ends_when_this_process_appends(self, tape: Tape) -> None:
        with ThreadPoolExecutor(3) as threads:
            waiting = [threads.submit(tape.wait, {}, LIMIT_SECONDS) for _ in range(3)]
            tape.append([Entry("key", b"value")])
            assert all(waiter.result(LIMIT_SECONDS) for waiter in waiting)

    def test_waiting_ends_when_another_process_appends(self, url: str, tape: Tape) -> None:
        with start_writer(url, "writer", appends=1, size=1) as writer:
            with ThreadPoolExecutor(1) as threads:
                waiting = threads.submit(tape.wait, {}, LIMIT_SECONDS)
                let_go(writer)
                assert waiting.result(LIMIT_SECONDS)
            writer.communicate(timeout=LIMIT_SECONDS)

    def test_closing_ends_waiting(self, tape: Tape) -> None:
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(tape.wait, {}, LIMIT_SECONDS)
            tape.close()
            with pytest.raises(TapeRefused):
                waiting.result(LIMIT_SECONDS)

    # Losing the process

    def test_what_was_acknowledged_survives_a_kill(self, url: str) -> None:
        chance = random.Random(20)
        acknowledged: list[tuple[int, int]] = []
        for round_ in range(12):
            size = chance.choice([1, 3, 50])
            writer = start_writer(url, f"writer-{round_}", appends=1_000_000, size=size)
            let_go(writer)
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 400))]
            writer.kill()
            lines += writer.stdout.readlines()
            writer.communicate()
            for line in lines:
                if line.endswith("\n"):
                    partition, offset = line.split()
                    acknowledged.append((int(partition), int(offset)))

        tape = open_tape(url)
        records = read_all(tape)
        tape.close()
        lies = {(record.partition, record.offset) for record in records}
        assert len(acknowledged) == len(set(acknowledged))
        assert set(acknowledged) <= lies
        told = defaultdict(list)
        for record in records:
            name, number, place, size = whole(record)
            assert name == record.key
            told[name].append((number, place, size))
        for appended in told.values():
            # Each once, in order, from the first on, and no batch in part.
            size = appended[0][2]
            count, rest = divmod(len(appended), size)
            assert rest == 0
            expected = [(number, place, size) for number in range(count) for place in range(size)]
            assert appended == expected
