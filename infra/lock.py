"""Keeps a data folder to one process at a time, and says who has it.

The kernel holds the lock (`flock`) and releases it however the process ends, so that a file left
behind by a dead process locks nobody out. What stands in the file is for people and for commands
that want to talk to the running platform; it decides nothing.
"""

import fcntl
import json
import os
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from infra import clock

FILE_NAME = "lock"

_ROOM = 4096
_PAUSE_SECONDS = 0.005
_PATIENCE_SECONDS = 1.0


class FolderError(Exception):
    """A folder cannot be a data folder (not writable, not a folder). Trying again is no use."""


class FolderInUse(Exception):
    """Another process has the data folder. `holder` says who; None when it does not say."""

    def __init__(self, folder: Path, holder: "Holder | None") -> None:
        self.folder = folder
        self.holder = holder
        who = "another process" if holder is None else holder.in_words()
        super().__init__(
            f"the data folder {folder} is in use by {who}; stop it, or choose another folder"
        )


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a data folder: process id, command, since when, and the address it serves at."""

    pid: int
    command: str
    started_at: datetime
    address: str | None = None

    def in_words(self) -> str:
        """Return the holder as a part of a sentence."""
        where = "" if self.address is None else f", at {self.address}"
        since = self.started_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"`salestape {self.command}` (process {self.pid}, since {since}{where})"


class DataLock:
    """The right to a data folder, from `acquire` to `release` or the end of the process.

    A child that is forked without starting another program shares it, and keeps it as long as it
    lives; start children with `subprocess` or the spawn method.
    """

    def __init__(self, folder: Path, descriptor: int, holder: Holder) -> None:
        self.folder = folder
        self.holder = holder
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(
        cls,
        folder: Path,
        command: str,
        address: str | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> Self:
        """Take the folder at once or not at all; the folder is made when it is not there.

        `command` is what the user typed after `salestape`. Raises `FolderInUse` when another
        process (or another lock of this one) has it, `FolderError` when it cannot be a data folder.
        """
        path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unusable(folder, error) from error
        try:
            while not _flocked(descriptor, fcntl.LOCK_EX):
                holder = read_holder(folder)
                if holder is not None:  # None: it was given back just now, or somebody only asked
                    raise FolderInUse(folder, holder)
            lock = cls(folder, descriptor, Holder(os.getpid(), command, now(), address))
            lock._write()
        except OSError as error:
            os.close(descriptor)
            raise _unusable(folder, error) from error
        except BaseException:
            os.close(descriptor)
            raise
        return lock

    def publish(self, address: str | None) -> None:
        """Say at which address this process serves, for commands that look for it.

        Raises `FolderError` when it cannot be written down.
        """
        self.holder = replace(self.holder, address=address)
        self._write()

    def release(self) -> None:
        """Give the folder back. Releasing twice is allowed."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            try:
                os.ftruncate(descriptor, 0)
            except OSError as error:
                raise _unusable(self.folder, error) from error
            finally:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _write(self) -> None:
        if self._descriptor is None:
            raise RuntimeError(f"the lock of {self.folder} was released")
        record = asdict(self.holder) | {"started_at": self.holder.started_at.isoformat()}
        line = json.dumps(record).encode()
        # A reader may see half of a write; the checksum lets it tell, and look again.
        text = b"%s\n%08x\n" % (line, zlib.crc32(line))
        if len(text) > _ROOM:
            raise ValueError(f"who holds {self.folder} takes more than {_ROOM} bytes to say")
        try:
            os.pwrite(self._descriptor, text.ljust(_ROOM), 0)
        except OSError as error:
            raise _unusable(self.folder, error) from error


def read_holder(folder: Path) -> Holder | None:
    """Return who has the folder now, or None when it is free, whatever a dead process left there.

    Raises `FolderInUse` when somebody has it and does not say who, `FolderError` when the lock
    cannot be read.
    """
    path = folder / FILE_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unusable(folder, error) from error
    deadline = clock.monotonic() + _PATIENCE_SECONDS
    try:
        while not _flocked(descriptor, fcntl.LOCK_SH):
            holder = _record(os.pread(descriptor, _ROOM, 0))
            if holder is not None:
                return holder
            if clock.monotonic() >= deadline:
                raise FolderInUse(folder, None)
            Event().wait(_PAUSE_SECONDS)  # it has only just been taken
    finally:
        os.close(descriptor)
    return None


def _flocked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _record(text: bytes) -> Holder | None:
    line, _, rest = text.partition(b"\n")
    if not line or rest.strip() != b"%08x" % zlib.crc32(line):
        return None
    record = json.loads(line)
    record["started_at"] = datetime.fromisoformat(record["started_at"])
    return Holder(**record)


def _unusable(folder: Path, error: OSError) -> FolderError:
    where = "" if error.filename is None else f": {error.filename}"
    return FolderError(
        f"the data folder {folder} cannot be used ({error.strerror}{where}); make it writable, or "
        "choose another folder on a local disk"
    )
