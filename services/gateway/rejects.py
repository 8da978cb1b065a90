"""Keeps what was rejected, so that nothing is lost in silence: the latest in memory, more on disk.

Bounded on both sides: a source that sends nothing but rubbish fills no disk. On disk a reject is
one line of JSON in `rejects.jsonl`; when that file is full it becomes `rejects.1.jsonl`.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pydantic_core import to_json

from infra import clock

FILE_NAME, OLD_FILE_NAME = "rejects.jsonl", "rejects.1.jsonl"
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_KEPT = 1_000
MAX_SHOWN_BYTES = 2 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that was handed in and is not on the tape.

    `value` is its beginning, at most 2 KiB; what is not UTF-8 is written as ``\\xNN``. `size` is
    its whole length in bytes.
    """

    time: datetime
    reason: str
    field: str | None
    source: str | None
    id: str | None
    size: int
    value: str


class RejectLog:
    """The rejects, latest last. Safe to use from several threads.

    `folder` is where the files lie; without one, rejects are kept in memory only. The folder is
    made at the first reject.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        max_file_bytes: int = MAX_FILE_BYTES,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._folder = folder
        self._max_file_bytes = max_file_bytes
        self._now = now
        self._lock = threading.Lock()
        self._latest: deque[Reject] = deque(maxlen=MAX_KEPT)
        self._unwritten = 0

    @property
    def unwritten(self) -> int:
        """How many rejects could not be written to disk; they were kept in memory only."""
        return self._unwritten

    def latest(self, limit: int = MAX_KEPT) -> list[Reject]:
        """Return the latest rejects, newest first."""
        with self._lock:
            rejects = list(self._latest)
        return rejects[::-1][:limit]

    def reject(
        self,
        raw: bytes,
        reason: str,
        field: str | None = None,
        source: str | None = None,
        id: str | None = None,  # noqa: A002 - the attribute is called so
    ) -> Reject:
        """Return the reject that something is, as of now; `keep` keeps it."""
        shown = raw[:MAX_SHOWN_BYTES].decode(errors="backslashreplace")
        return Reject(self._now(), reason, field, source, id, len(raw), shown)

    def keep(self, rejects: Iterable[Reject]) -> None:
        """Keep rejects. What cannot be written is kept in memory, counted and logged."""
        found = list(rejects)
        if not found:
            return
        with self._lock:
            self._latest.extend(found)
            if self._folder is None:
                return
            try:
                self._write(self._folder, [to_json(reject) + b"\n" for reject in found])
            except OSError as error:
                self._unwritten += len(found)
                _log.error(
                    "%d rejects could not be written to %s (%s); they are kept in memory only",
                    len(found),
                    error.filename or self._folder,
                    error.strerror,
                )

    def _write(self, folder: Path, lines: list[bytes]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE_NAME
        file: BinaryIO = path.open("ab")
        try:
            room = self._max_file_bytes - os.fstat(file.fileno()).st_size
            for line in lines:
                if room < len(line):
                    file = _rotated(file, path, folder / OLD_FILE_NAME)
                    room = self._max_file_bytes
                file.write(line)
                room -= len(line)
        finally:
            file.close()


def _rotated(file: BinaryIO, path: Path, old: Path) -> BinaryIO:
    file.close()
    path.replace(old)
    return path.open("ab")
