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
from pathlib import Path

from eventsourcing.sqlite import SQLiteCursor

from infra import clock
from infra.tape.checking import checked
from infra.tape.contract import (
    Entry,
    Positions,
    Receipt,
    Record,
    Tape,
    TapeRefused,
    TapeUnavailable,
)
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


class SQLiteTape(Tape):
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
        self._changed = threading.Condition()
        self._calls = 0
        self._closed = False

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Append all entries in one transaction; they share one `recorded_at`."""
        with self._call():
            pairs = [checked(place, entry) for place, entry in enumerate(entries)]
            if not pairs:
                return []
            with self._writer(), told(self.path):
                first, recorded = self._insert(pairs)
        with self._changed:
            self._changed.notify_all()
        moment = moment_of(recorded)
        return [Receipt(PARTITION, first + n, moment) for n in range(len(pairs))]

    def _insert(self, pairs: list[tuple[bytes, bytes]]) -> tuple[int, int]:
        with self._recorder.datastore.transaction(commit=True) as cursor:
            # Rows written to a file that has no name any more would be acknowledged and lost.
            if _identity(self.path) != self._file:
                raise TapeRefused(
                    f"the tape {self.path} was removed or replaced while it was open; nothing was "
                    "appended; put it back or start again"
                )
            recorded = microseconds_of(self._now())
            first = 0
            last = self._recorder.last(cursor)
            if last is not None:
                first = self._offset(last[0], last[1]) + 1
                recorded = max(recorded, recorded_in(last[2]))  # the clock may have been set back
            self._recorder.insert(
                cursor,
                (
                    (_STREAM, offset, TOPIC, pack(recorded, key, value))
                    for offset, (key, value) in enumerate(pairs, first)
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
            self._call(),
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
        with self._changed:
            while self._end() <= first:
                left = deadline - clock.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, self._poll))
            return True

    def close(self) -> None:
        """Wait for calls that are under way, then close. Who waits for records is refused."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._calls == 0)
        self._recorder.datastore.close()

    def _end(self) -> int:
        with (
            self._call(),
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
    def _call(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise TapeRefused(f"the tape {self.path} is closed")
            self._calls += 1
        try:
            yield
        finally:
            with self._changed:
                self._calls -= 1
                if self._closed and self._calls == 0:
                    self._changed.notify_all()

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
