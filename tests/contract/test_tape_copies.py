"""Copies of tapes: between both sizes, broken off and gone on with, refused where they must be."""

import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from tape_contract import read_all

from infra import clock
from infra.tape import copying
from infra.tape.contract import Entry, Positions, Receipt, Record, Tape, TapeRefused
from infra.tape.copying import Copied, CopyError, copy
from infra.tape.opening import open_copy_source, open_copy_target, open_tape

T0 = datetime(2024, 3, 1, tzinfo=UTC)
VALUES = [b"", b"\0", b"\xff not UTF-8", b'{"a": 1}\n', b"x" * 10_000]


@pytest.fixture(autouse=True)
def _partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESTAPE_KAFKA_PARTITIONS", "5")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[str]:
    return (f"sqlite://{tmp_path}/{n}.sqlite" for n in range(10))


@pytest.fixture
def topics(kafka: str) -> Iterator[str]:
    return (f"kafka://{kafka}/test.{clock.new_id()}" for _ in range(10))


def fill(url: str, count: int, first: int = 0, seed: int = 1) -> None:
    """Append records of many keys in batches, each of which has its own time of recording."""
    chance = random.Random(seed)
    moments = (T0 + timedelta(seconds=first + n + 1, microseconds=n) for n in range(count))
    with closing(open_tape(url, now=lambda: next(moments))) as tape:
        entries = [
            Entry(f"account-{chance.randrange(97)}", b"%d " % n + chance.choice(VALUES))
            for n in range(first, first + count)
        ]
        while entries:
            size = chance.randrange(1, 60)
            tape.append(entries[:size])
            entries = entries[size:]


def run(source: str, target: str) -> Copied:
    with ExitStack() as stack:
        opened = stack.enter_context(closing(open_copy_source(source)))
        into = stack.enter_context(closing(open_copy_target(target)))
        return copy(opened, into)


def records(url: str) -> list[Record]:
    with closing(open_tape(url)) as tape:
        return read_all(tape)


def by_key(found: Iterable[Record]) -> dict[str, list[tuple[datetime, bytes]]]:
    kept: dict[str, list[tuple[datetime, bytes]]] = defaultdict(list)
    for record in found:
        kept[record.key].append((record.recorded_at, record.value))
    return kept


def test_a_copy_of_a_file_in_a_file_is_the_same_to_the_last_record(files: Iterator[str]) -> None:
    source, target = next(files), next(files)
    fill(source, 500)
    copied = run(source, target)
    assert (copied.records, copied.added, copied.later) == (500, 500, 0)
    assert records(target) == records(source)
    assert run(source, target) == Copied(500, 0, 0, copied.digest)


def test_a_tape_that_went_to_kafka_and_back_is_the_same_for_each_key(
    files: Iterator[str], topics: Iterator[str]
) -> None:
    source, there, elsewhere, back = next(files), next(topics), next(topics), next(files)
    fill(source, 3_000)
    ways = [run(source, there), run(there, elsewhere), run(elsewhere, back)]
    assert ways == [Copied(3_000, 3_000, 0, ways[0].digest)] * 3
    expected = by_key(records(source))
    assert by_key(records(there)) == by_key(records(elsewhere)) == expected
    assert by_key(records(back)) == expected
    times = [record.recorded_at for record in records(back)]
    assert times == sorted(times)
    assert len({record.partition for record in records(there)}) == 5

    fill(source, 200, first=3_000)
    assert run(source, there).added == 200
    assert run(there, back).added == 200
    assert by_key(records(back)) == by_key(records(source))
    with closing(open_tape(there)) as tape:  # from now on it is a tape of its own
        tape.append([Entry("account-1", b"new")])
    with pytest.raises(CopyError, match="a record that the source does not have"):
        run(source, there)


def test_what_comes_to_the_source_meanwhile_is_told_and_copied_by_the_next_run(
    files: Iterator[str],
) -> None:
    source, target = next(files), next(files)
    fill(source, 100)
    with (
        closing(open_copy_source(source)) as opened,
        closing(open_copy_target(target)) as into,
        closing(open_tape(source)) as writer,
    ):
        added = []

        def append_once(_doing: str, _done: int, _total: int) -> None:
            if not added:
                added.append(writer.append([Entry("account-1", b"late")]))

        first = copy(opened, _Slow(into, append_once))
    assert (first.records, first.later) == (100, 1)
    assert run(source, target).added == 1
    assert records(target) == records(source)


class _Slow:
    """A target during whose appends something happens."""

    def __init__(self, target: Tape, happens: object) -> None:
        self._target = target
        self._happens = happens

    def __getattr__(self, name: str) -> object:
        if name == "append_recorded":
            self._happens("", 0, 0)  # type: ignore[operator]
        return getattr(self._target, name)


COPY = """
import sys
from infra.tape.copying import copy
from infra.tape.opening import open_copy_source, open_copy_target
def told(doing, done, total):
    sys.stdout.write(doing + "\\n")
    sys.stdout.flush()
copy(open_copy_source(sys.argv[1]), open_copy_target(sys.argv[2]), progress=told)
"""


@pytest.mark.parametrize("kind", ["files", "topics"])
def test_a_copy_that_was_killed_is_gone_on_with(
    kind: str, files: Iterator[str], request: pytest.FixtureRequest
) -> None:
    source, target = next(files), next(request.getfixturevalue(kind))
    fill(source, 20_000)
    process = subprocess.Popen(
        [sys.executable, "-c", COPY, source, target], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline() == "copying\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    held = len(records(target))
    assert 0 < held < 20_000
    copied = run(source, target)
    assert (copied.records, copied.added) == (20_000, 20_000 - held)
    assert by_key(records(target)) == by_key(records(source))


@pytest.mark.parametrize("differs", ["key", "recorded_at", "value"])
def test_a_target_that_differs_in_one_thing_is_refused_with_what_that_is(
    files: Iterator[str], differs: str
) -> None:
    source, target = next(files), next(files)
    fill(source, 50)
    other = {"key": "other", "value": b"other", "recorded_at": T0}[differs]
    with closing(open_copy_target(target)) as into:
        first, *rest = records(source)[:10]
        into.append_recorded([first._replace(**{differs: other}), *rest])
    with pytest.raises(CopyError, match=f"at 0:0, another {differs} than the copy of 0:0"):
        run(source, target)


@pytest.mark.parametrize("kind", ["files", "topics"])
def test_a_target_that_holds_something_else_is_refused_and_left_alone(
    kind: str, files: Iterator[str], request: pytest.FixtureRequest
) -> None:
    source, target = next(files), next(request.getfixturevalue(kind))
    fill(source, 50)
    fill(target, 5, seed=2)
    before = records(target)
    with pytest.raises(CopyError, match=r"at [0-4]:0, another"):
        run(source, target)
    assert records(target) == before


def test_a_target_that_goes_further_than_the_source_is_refused(files: Iterator[str]) -> None:
    source, target = next(files), next(files)
    fill(source, 50)
    run(source, target)
    with closing(open_tape(target)) as tape:
        tape.append([Entry("account-1", b"its own")])
    with pytest.raises(CopyError, match="at 0:50, a record that the source does not have"):
        run(source, target)


def test_a_source_that_is_not_there_is_not_made(
    tmp_path: Path, files: Iterator[str], topics: Iterator[str]
) -> None:
    for missing in (next(files), next(topics)):
        with pytest.raises(TapeRefused, match="there is no"):
            open_copy_source(missing)
    assert list(tmp_path.iterdir()) == []


def test_a_tape_takes_no_record_from_before_its_last(files: Iterator[str]) -> None:
    target = next(files)
    with closing(open_copy_target(target)) as tape:
        tape.append_recorded([Record(0, 0, T0, "key", b"value")])
        for late in ([T0 - timedelta(1)], [T0 + timedelta(1), T0]):
            with pytest.raises(TapeRefused, match="nothing was appended"):
                tape.append_recorded([Record(0, 1, at, "key", b"value") for at in late])
        assert len(read_all(tape)) == 1


def test_a_topic_takes_no_record_from_the_future(topics: Iterator[str]) -> None:
    with closing(open_copy_target(next(topics))) as tape:
        ahead = clock.now() + timedelta(hours=1)
        with pytest.raises(TapeRefused, match="ahead of this machine's clock"):
            tape.append_recorded([Record(0, 0, ahead, "key", b"value")])
        assert read_all(tape) == []


class Parts(Tape):
    """A tape in memory whose partitions have the times of recording that they are given."""

    def __init__(self, *parts: Sequence[int]) -> None:
        self.parts: list[list[Record]] = [[] for _ in parts]
        self.given = 0
        for part, seconds in enumerate(parts):
            self.add(part, *seconds)

    def add(self, part: int, *seconds: int) -> None:
        for second in seconds:
            offset = len(self.parts[part])
            at = T0 + timedelta(seconds=second)
            self.parts[part].append(Record(part, offset, at, f"{part}", b"%d" % second * 50))

    def read(self, start: Positions, limit: int) -> list[Record]:
        rest = [part[start.get(number, 0) :] for number, part in enumerate(self.parts)]
        found = list(chain.from_iterable(rest))[:limit]
        self.given += len(found)
        return found

    def ends(self) -> dict[int, int]:
        return {number: len(part) for number, part in enumerate(self.parts)}

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        raise NotImplementedError

    def wait(self, start: Positions, timeout: float) -> bool:
        raise NotImplementedError

    def close(self) -> None:
        pass


def test_what_several_partitions_get_while_they_are_copied_waits_for_its_place(
    files: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "CLOCKS_APART", timedelta())
    source, target = Parts([1, 4, 9], [2, 3, 11]), next(files)
    with closing(open_copy_target(target)) as into:
        first = copy(source, into, now=lambda: T0 + timedelta(seconds=10))
        assert (first.records, first.later) == (5, 1)
        source.add(0, 10)  # before the last of the other partition
        again = copy(source, into, now=lambda: T0 + timedelta(seconds=20))
        assert (again.records, again.added, again.later) == (7, 2, 0)
    seconds = [int((record.recorded_at - T0).total_seconds()) for record in records(target)]
    assert seconds == [1, 2, 3, 4, 9, 10, 11]


def test_partitions_of_very_different_age_are_merged_without_holding_all_of_one(
    files: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "CLOCKS_APART", timedelta())
    monkeypatch.setattr(copying, "_LOT", 10)
    monkeypatch.setattr(copying, "_AHEAD_BYTES", 2_000)
    source, target = Parts(range(1000, 1400), range(300), range(500, 600)), next(files)
    held: list[int] = []
    with closing(open_copy_target(target)) as into:
        copied = copy(
            source,
            into,
            progress=lambda doing, done, _total: (
                held.append(source.given - done) if doing == "copying" else None
            ),
        )
    assert copied.records == 800
    times = [record.recorded_at for record in records(target)]
    assert times == sorted(times)
    assert len(held) > 10
    assert max(held) < 100
