"""The tape of the embedded size: one SQLite file, safe for several threads and processes.

One stream of the `eventsourcing` library's recorder, whose version is the offset. Rows are never
changed or deleted, so that a row's id is its offset plus one; each read holds that to be true.

An append that failed is not on the tape, with one exception that no disk can rule out: when the
disk fails while it syncs and the machine then loses power, the append may be found there later.
Whoever tries again then has it twice, which the derivations judge as the repeat it is.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from errno import EDQUOT, ENOSPC
from itertools import pairwise
from pathlib import Path

from eventsourcing.sqlite import SQLiteCursor

from infra import clock
from infra.tape.calls import Calls
from infra.tape.checking import checked, checked_key
from infra.tape.contract import (
    Entry,
    Positions,
    Receipt,
    Record,
    TapeRefused,
    TapeUnavailable,
)
from infra.tape.copying import CopyTarget
from infra.tape.framing import (
    TOPIC,
    microseconds_of,
    moment_of,
    pack,
    recorded_in,
    unpack,
)
from infra.tape.sqlite_file import Datastore, Recorder, prepare, told

PARTITION = 0
"""The only partition of this tape."""

_STREAM = "tape"

_Times = Callable[[int, int | None], list[int]]
"""Gives the times of recording of so many records, in microseconds, after the last one's."""


class SQLiteTape(CopyTarget):
    """A tape in one SQLite file, in WAL mode, synced at every append.

    `path` is made, folders included, when it is not there. `now` gives the time of recording;
    `seconds` is how long a call waits for a lock before it raises `TapeUnavailable`; `poll` is how
    often, in seconds, `wait` looks for appends of other processes.
    """

    def __init__(
        self,
        path: Path,
        now: Callable[[], datetime] = clock.now,
        seconds: float = 10.0,
        poll: float = 0.02,
    ) -> None:
        self.path = path.absolute()
        self._now = now
        self._seconds = seconds
        self._poll = poll
        self._make_folder()
        self._recorder = Recorder(Datastore(self.path, seconds))
        prepare(self.path, self._recorder.create_table_statements, seconds)
        self._file = _identity(self.path)
        self._writing = threading.Lock()
        self._calls = Calls(f"the tape {self.path}")

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Append all entries in one transaction; they share one `recorded_at`."""
        with self._calls.call():
            pairs = [checked(place, entry) for place, entry in enumerate(entries)]
            return self._append(pairs, self._share_one_time)

    def append_recorded(self, records: Sequence[Record]) -> list[Receipt]:
        """Append all records in one transaction, each with its own `recorded_at`."""
        times = [microseconds_of(record.recorded_at) for record in records]

        def keep_times(_count: int, latest: int | None) -> list[int]:
            for earlier, later in pairwise(times if latest is None else [latest, *times]):
                if later < earlier:
                    raise TapeRefused(
                        f"the tape {self.path} cannot hold what was recorded at "
                        f"{moment_of(later)} after what was recorded at {moment_of(earlier)}; "
                        "nothing was appended"
                    )
            return times

        with self._calls.call():
            pairs = [
                (checked_key(place, record.key), record.value)
                for place, record in enumerate(records)
            ]
            return self._append(pairs, keep_times)

    def partition_of(self, key: str) -> int:  # noqa: ARG002 - all keys lie in one
        return PARTITION

    def _share_one_time(self, count: int, latest: int | None) -> list[int]:
        recorded = microseconds_of(self._now())
        if latest is not None:
            recorded = max(recorded, latest)  # the clock may have been set back
        return [recorded] * count

    def _append(self, pairs: list[tuple[bytes, bytes]], times: _Times) -> list[Receipt]:
        if not pairs:
            return []
        with self._writer(), told(self.path):
            first, recorded = self._insert(pairs, times)
        with self._calls.changed:
            self._calls.changed.notify_all()
        moments = {microseconds: moment_of(microseconds) for microseconds in set(recorded)}
        return [
            Receipt(PARTITION, offset, moments[microseconds])
            for offset, microseconds in enumerate(recorded, first)
        ]

    def _insert(self, pairs: list[tuple[bytes, bytes]], times: _Times) -> tuple[int, list[int]]:
        with self._recorder.datastore.transaction(commit=True) as cursor:
            # Rows written to a file that has no name any more would be acknowledged and lost.
            if _identity(self.path) != self._file:
                raise TapeRefused(
                    f"the tape {self.path} was removed or replaced while it was open; nothing was "
                    "appended; put it back or start again"
                )
            last = self._recorder.last(cursor)
            first = 0 if last is None else self._offset(last[0], last[1]) + 1
            recorded = times(len(pairs), None if last is None else recorded_in(last[2]))
            self._recorder.insert(
                cursor,
                (
                    (_STREAM, offset, TOPIC, pack(microseconds, key, value))
                    for offset, (microseconds, (key, value)) in enumerate(
                        zip(recorded, pairs, strict=True), first
                    )
                ),
            )
        return first, recorded

    def read(self, start: Positions, limit: int) -> list[Record]:
        first = self._first(start)
        if limit < 0:
            raise ValueError(f"limit must not be negative, it is {limit}")
        records: list[Record] = []
        moment, recorded = moment_of(0), 0
        with (
            self._calls.call(),
            told(self.path),
            self._recorder.datastore.transaction(commit=False) as cursor,
        ):
            expected = first
            for offset, state, sound in self._recorder.select(cursor, first + 1, limit, TOPIC):
                if not sound or offset != expected:
                    raise self._unsound(cursor, expected, offset)
                try:
                    microseconds, key, value = unpack(state)
                except ValueError as error:
                    raise TapeRefused(
                        f"the tape {self.path} is damaged at offset {offset}: {error}"
                    ) from error
                if microseconds != recorded:  # the records of one append share it
                    moment, recorded = moment_of(microseconds), microseconds
                records.append(Record(PARTITION, offset, moment, key, value))
                expected += 1
        return records

    def _unsound(self, cursor: SQLiteCursor, expected: int, offset: int) -> TapeRefused:
        if offset != expected:
            return TapeRefused(
                f"the tape {self.path} is damaged: offset {expected} is missing, {offset} is there"
            )
        topic = self._recorder.topic_at(cursor, offset)
        if topic != TOPIC:
            return TapeRefused(
                f"offset {offset} of the tape {self.path} has the framing {topic!r}, this version "
                f"reads {TOPIC!r}; use a newer Salestape"
            )
        return TapeRefused(f"the tape {self.path} is damaged: offset {offset} is out of place")

    def ends(self) -> dict[int, int]:
        return {PARTITION: self._end()}

    def wait(self, start: Positions, timeout: float) -> bool:
        """Wake at once on an append of this process, within some 20 ms on those of others."""
        first = self._first(start)
        deadline = clock.monotonic() + timeout
        with self._calls.changed:
            while self._end() <= first:
                left = deadline - clock.monotonic()
                if left <= 0:
                    return False
                self._calls.changed.wait(min(left, self._poll))
            return True

    def close(self) -> None:
        """Wait for calls that are under way, then close. Who waits for records is refused."""
        if self._calls.end():
            self._recorder.datastore.close()

    def _end(self) -> int:
        with (
            self._calls.call(),
            told(self.path),
            self._recorder.datastore.transaction(commit=False) as cursor,
        ):
            last = self._recorder.last(cursor)
        return 0 if last is None else self._offset(last[0], last[1]) + 1

    def _first(self, start: Positions) -> int:
        strange = [partition for partition in start if partition != PARTITION]
        first = start.get(PARTITION, 0)
        if strange or first < 0:
            raise TapeRefused(
                f"{dict(start)} are no positions on the tape {self.path}: it has partition "
                f"{PARTITION} only, with offsets from 0 on"
            )
        return first

    def _offset(self, row: int, version: int) -> int:
        if row != version + 1:
            raise TapeRefused(
                f"the tape {self.path} is damaged: row {row} should hold offset {row - 1}, it "
                f"holds {version}"
            )
        return version

    @contextmanager
    def _writer(self) -> Iterator[None]:
        # SQLite makes writers of one process poll for the lock; here they queue.
        if not self._writing.acquire(timeout=self._seconds):
            raise TapeUnavailable(
                f"the tape {self.path} is busy: {self._seconds:g} s were not enough to reach it; "
                "nothing was appended; try again later"
            )
        try:
            yield
        finally:
            self._writing.release()

    def _make_folder(self) -> None:
        folder = self.path.parent
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for place in missing:  # a folder that is not synced may be gone after a power cut
                _sync_folder(place.parent)
        except OSError as error:
            kind = TapeUnavailable if error.errno in (ENOSPC, EDQUOT) else TapeRefused
            raise kind(
                f"the folder {folder} for the tape cannot be made ({error.strerror}); choose "
                "another folder"
            ) from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
