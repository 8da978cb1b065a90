"""Copies a tape to another of any size: keys, exact bytes and the first times of recording.

The copy has one order, a function of the source alone: by time of recording, partition and offset.
So what a broken-off copy left is held against it record by record and gone on with, and anything
else on the target is told from it. What is added to the source meanwhile waits for the next run.

1. find where the source ends now;
2. hold what the target has against the beginning of the copy, and refuse it where it differs;
3. append the rest;
4. read both again, and hold every record against the other.
"""

import hashlib
import heapq
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, takewhile
from threading import Event

from infra import clock
from infra.tape.contract import Receipt, Record, Tape
from infra.tape.framing import microseconds_of

CLOCKS_APART = timedelta(seconds=2)
"""How far the clocks of brokers and of this machine may be apart."""

_LOT = 2_000
_LOT_BYTES = 4 * 1024 * 1024
_AHEAD_BYTES = 64 * 1024 * 1024
_BEYOND = 2**62
"""A position that no partition reaches: nothing is read there."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many records are done, and how many there are, about."""


class CopyTarget(Tape):
    """A tape that can take over records of another one. Only a copy may call what is here.

    On `Tape.append` time is what the tape says it is; here it is what another tape said.
    """

    @abstractmethod
    def append_recorded(self, records: Sequence[Record]) -> list[Receipt]:
        """Append the keys, bytes and times of recording of records, in order, as `append` does.

        Raises `TapeRefused` where a time cannot be kept, for example since the tape already holds
        a later one, and what `append` raises.
        """

    @abstractmethod
    def partition_of(self, key: str) -> int:
        """Return the partition that a record of this key is appended to now."""


class CopyError(Exception):
    """The target is no beginning of this copy, or is not equal to the source at the end."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy came to, after every record was held against its original."""

    records: int
    """On both tapes, the same."""
    added: int
    """How many of them this run appended."""
    later: int
    """How many came to the source too late for this run; the next one takes them along."""
    digest: str
    """Names the set of copied records, whatever their order and partitions: SHA-256 of each, added
    up modulo 2^256, in hexadecimal digits."""


def copy(
    source: Tape,
    target: CopyTarget,
    *,
    progress: Progress = lambda _doing, _done, _total: None,
    now: Callable[[], datetime] = clock.now,
) -> Copied:
    """Copy what is on the source to the target, and hold both against each other.

    Raises `CopyError` where the target holds anything but a beginning of the copy (then it was not
    touched) or differs at the end, and `TapeError`. Broken off at any point, it can be called
    again.
    """
    plan = _Plan.of(source, target, progress, now)
    held = plan.held()
    added = plan.append(held)
    return plan.verified(added)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be copied: everything before `ends`, as far as it was recorded until then."""

    source: Tape
    target: CopyTarget
    ends: Mapping[int, int]
    until: datetime | None
    progress: Progress

    @classmethod
    def of(
        cls, source: Tape, target: CopyTarget, progress: Progress, now: Callable[[], datetime]
    ) -> "_Plan":
        if len(source.ends()) == 1:
            return cls(source, target, source.ends(), None, progress)
        # Of several partitions, one may yet get a record that was recorded before the last of
        # another, and belongs between those copied here. After the pause none can.
        until = now()
        Event().wait(CLOCKS_APART.total_seconds())
        return cls(source, target, source.ends(), until, progress)

    @property
    def total(self) -> int:
        return sum(self.ends.values())

    def records(self) -> Iterator[Record]:
        """Yield what is to be copied, in its order."""
        return takewhile(self._is_due, _Lanes(self.source, self.ends).merged())

    def _is_due(self, record: Record) -> bool:
        return self.until is None or record.recorded_at <= self.until

    def held(self) -> dict[int, int]:
        """Return how many records of the copy each partition of the target already has."""
        ends = self.target.ends()
        lanes = _Lanes(self.target, ends)
        there = {part: lanes.lane(part) for part, end in ends.items() if end}
        held = dict.fromkeys(ends, 0)
        for number, record in enumerate(self.records() if there else ()):
            part = self.target.partition_of(record.key)
            if part in there:
                found = next(there[part], None)
                if found is None:
                    del there[part]
                    if not there:
                        break
                else:
                    self._compare(record, found)
                    held[part] += 1
            self._told("comparing", number, held)
        for found in lanes.rest():
            raise CopyError(
                f"the target holds, at {_place(found)}, a record that the source does not have; "
                "copy to an empty tape"
            )
        return held

    def append(self, held: Mapping[int, int]) -> int:
        """Append what the target does not have; return how many records that were."""
        skipped = dict(held)
        added, size = 0, 0
        lot: list[Record] = []
        for number, record in enumerate(self.records()):
            part = self.target.partition_of(record.key)
            if skipped.get(part, 0):
                skipped[part] -= 1
                continue
            lot.append(record)
            size += len(record.value)
            if len(lot) >= _LOT or size >= _LOT_BYTES:
                added += len(self.target.append_recorded(lot))
                lot, size = [], 0
                self.progress("copying", number, self.total)
        if lot:
            added += len(self.target.append_recorded(lot))
        return added

    def verified(self, added: int) -> Copied:
        """Hold every record against its copy. Raises `CopyError` where one differs."""
        ends = self.target.ends()
        lanes = _Lanes(self.target, ends)
        there = {part: lanes.lane(part) for part in ends}
        checked, later, digest = 0, 0, 0
        for record in _Lanes(self.source, self.ends).merged():
            if not self._is_due(record):
                later += 1
                continue
            found = next(there[self.target.partition_of(record.key)], None)
            if found is None:
                raise CopyError(f"the target lacks the record {_place(record)} of the source")
            self._compare(record, found)
            digest += _digest(found)
            checked += 1
            self._told("verifying", checked, {})
        for found in lanes.rest():
            raise CopyError(
                f"the target holds, at {_place(found)}, a record that the copy did not bring: "
                "something else appends to it; copy to a tape that nobody uses yet"
            )
        later += sum(self.source.ends().values()) - self.total
        return Copied(checked, added, later, f"{digest % 2**256:064x}")

    def _compare(self, record: Record, found: Record) -> None:
        differs = [
            name
            for name in ("key", "recorded_at", "value")
            if getattr(record, name) != getattr(found, name)
        ]
        if differs:
            raise CopyError(
                f"the target holds, at {_place(found)}, another {' and '.join(differs)} than the "
                f"copy of {_place(record)} of the source has: it is no copy of this tape, or "
                "something else was appended to it; copy to an empty tape"
            )

    def _told(self, doing: str, done: int, held: Mapping[int, int]) -> None:
        if done % _LOT == 0:
            self.progress(doing, done, sum(held.values()) or self.total)


class _Lanes:
    """The partitions of a tape as far as `ends`, each read in order and at its own pace.

    They are read side by side, which is fastest, until some have come too far ahead of the one
    that is wanted; then that one is read alone.
    """

    def __init__(self, tape: Tape, ends: Mapping[int, int]) -> None:
        self._tape = tape
        self._ends = ends
        self._next = dict.fromkeys(ends, 0)
        self._kept: dict[int, deque[Record]] = {part: deque() for part in ends}
        self._bytes = 0

    def merged(self) -> Iterator[Record]:
        """Yield all records in the order of a copy."""
        lanes = [self.lane(part) for part in sorted(self._ends)]
        if len(lanes) == 1:
            return lanes[0]
        return heapq.merge(*lanes, key=lambda one: (one.recorded_at, one.partition, one.offset))

    def lane(self, part: int) -> Iterator[Record]:
        """Yield the records of one partition."""
        kept = self._kept[part]
        while kept or self._fetch(part):
            if kept:
                record = kept.popleft()
                self._bytes -= len(record.value)
                yield record

    def rest(self) -> Iterator[Record]:
        """Yield what nobody has taken."""
        return chain.from_iterable(self.lane(part) for part in self._ends)

    def _fetch(self, part: int) -> bool:
        """Fetch something, of this partition or of others; False where this one has no more."""
        if self._next[part] >= self._ends[part]:
            return False
        start = self._next
        if self._bytes > _AHEAD_BYTES:
            start = {**dict.fromkeys(self._ends, _BEYOND), part: self._next[part]}
        records = self._tape.read(start, _LOT)
        for record in records:
            if record.offset < self._ends[record.partition]:
                self._kept[record.partition].append(record)
                self._bytes += len(record.value)
                self._next[record.partition] = record.offset + 1
            else:
                self._next[record.partition] = _BEYOND
        return bool(records)  # where there are none, marks of transactions stand before the end


def _digest(record: Record) -> int:
    head = b"%d %d " % (microseconds_of(record.recorded_at), len(record.key))
    told = hashlib.sha256(head + record.key.encode() + record.value).digest()
    return int.from_bytes(told, "big")


def _place(record: Record) -> str:
    return f"{record.partition}:{record.offset}"
