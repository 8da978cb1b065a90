"""What a tape is: an append-only record of bytes, read back in order, by position.

The words for failure say whether trying again helps: `TapeUnavailable` is *later* (nothing
acknowledged was lost; the same call may succeed in a while), `TapeRefused` is *never*.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

MAX_RECORD_BYTES = 256 * 1024
"""The largest value a tape takes, in either size."""

Positions = Mapping[int, int]
"""Partition to the offset of the next record to read; a partition that is absent starts at 0."""


class TapeError(Exception):
    """Base of what a tape raises."""


class TapeUnavailable(TapeError):
    """The tape cannot serve now (locked, full, away); try again later.

    After an append, nothing was appended unless the message says that it may have been.
    """


class TapeRefused(TapeError):
    """The tape will never take this: too large, not a tape, closed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is handed to a tape: the partition key and the exact bytes."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an entry lies, now that it is durable."""

    partition: int
    offset: int
    recorded_at: datetime


class Record(NamedTuple):
    """What a tape gives back. `recorded_at` is in UTC and never goes back within a partition."""

    partition: int
    offset: int
    recorded_at: datetime
    key: str
    value: bytes


class Tape(ABC):
    """An append-only tape. Safe to use from several threads."""

    @abstractmethod
    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Append all entries and return where they lie once all of them are durable.

        Blocks until then; the receipts are in the order of the entries. The tape does not judge:
        the same entry twice gives two records. Raises `TapeUnavailable` (later) or `TapeRefused`
        (never), also for the whole batch when one of its entries is too large; then nothing was
        appended.

        A tape of several partitions cannot append all or none: when it fails midway, some of the
        entries may be on the tape, or nobody can tell yet. `TapeUnavailable` says so then, and
        `append` and `ends` of this tape are unavailable until it can be told. Who reads up to
        `ends` before trying again therefore adds nothing twice; who does not may, and that is
        harmless, since events are known by their ids.
        """

    @abstractmethod
    def read(self, start: Positions, limit: int) -> list[Record]:
        """Return at most `limit` records from `start` on, in offset order within a partition.

        Never blocks for new records: an empty list says that there are none yet. Raises
        `TapeRefused` for positions in a partition that the tape does not have: they are of another
        tape. A position after the end is no error; there is nothing there yet.
        """

    @abstractmethod
    def ends(self) -> dict[int, int]:
        """Return, per partition, the offset the next record will get, or one before it.

        Raises `TapeUnavailable`, also while the outcome of an append of this tape is open.
        """

    @abstractmethod
    def wait(self, start: Positions, timeout: float) -> bool:
        """Block until there is a record at or after `start`, at most `timeout` seconds.

        Returns whether there is one. Raises as `read` does, and `TapeRefused` when the tape is
        closed meanwhile.
        """

    @abstractmethod
    def close(self) -> None:
        """Finish the calls under way and release what the tape holds.

        Closing twice is allowed; using it afterwards is refused.
        """
