"""The file of a SQLite tape: its recorder, its connections, and how it is told from other files.

Builds on the recorder of the `eventsourcing` library, whose table it keeps as it is. What the rows
mean is `infra.tape.sqlite`'s matter.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from eventsourcing.persistence import ConnectionUnavailableError, InterfaceError, PersistenceError
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from infra import clock
from infra.tape.contract import TapeError, TapeRefused, TapeUnavailable

APPLICATION_ID = int.from_bytes(b"STap", "big")
"""In the header of every SQLite tape, so that `file` and this module can tell it from others."""

FORMAT = 1
"""The version of the file's layout, kept as SQLite's `user_version`."""

TABLE = "stored_events"

_RETRY_SECONDS = 0.02
_LATER = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_INTERRUPT,
}


class _Connection(SQLiteConnection):
    """Begins a writing transaction as a writer, and leaves none open whatever happens.

    The library begins it as a reader: another process could then write between the look at the last
    offset and the insert.
    """

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        with self.cursor() as native:
            native.execute("BEGIN IMMEDIATE" if commit else "BEGIN")
            try:
                yield SQLiteCursor(native)
                if commit:
                    self.commit()
            finally:
                self.rollback()  # changes nothing after a commit


class _Pool(SQLiteConnectionPool):
    """Makes connections that are durable at each commit and never waits for WAL mode.

    The file was put into WAL mode when it was opened (`prepare`); a connection that cannot be set
    up is closed again, where the library would leak it.
    """

    seconds: float = 0.0

    @staticmethod
    def detect_memory_mode(db_name: str) -> bool:  # noqa: ARG004
        return False  # a tape is a file, whatever its path looks like

    def _create_connection(self) -> SQLiteConnection:
        try:
            native = _connect(self.db_name, self.seconds)
        except sqlite3.Error as error:
            raise InterfaceError(str(error)) from error
        return _Connection(sqlite_conn=native, max_age=self.max_age)


class Datastore(SQLiteDatastore):
    """Connections to one tape; `seconds` is how long they wait for a lock."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(str(path), originator_id_type="text")
        self.pool = _Pool(
            db_name=str(path), pool_size=8, max_overflow=24, pool_timeout=max(seconds, 0.001)
        )
        self.pool.seconds = seconds

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[SQLiteConnection]:  # noqa: ARG002
        """Give a connection, whether it will write or not.

        The library's pool keeps readers waiting behind a second writer; a tape has its own lock for
        writers, and in WAL mode readers need none.
        """
        connection = self.pool.get_connection()
        try:
            yield connection
        finally:
            self.pool.put_connection(connection)


class Recorder(SQLiteApplicationRecorder):
    """The library's recorder for one stream, with the statements that a tape needs to be quick.

    The library inserts row by row and makes an object per row both ways; `executemany` and plain
    rows are several times as fast, on the same table.
    """

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore, TABLE)

    def last(self, cursor: SQLiteCursor) -> tuple[int, int, bytes] | None:
        """Return the row id, the version and the state of the last row."""
        cursor.execute(
            f"SELECT rowid, originator_version, state FROM {TABLE} ORDER BY rowid DESC LIMIT 1"
        )
        row: tuple[int, int, bytes] | None = cursor.fetchone()
        return row

    def insert(self, cursor: SQLiteCursor, rows: Iterable[tuple[str, int, str, bytes]]) -> None:
        """Insert rows of stream, version, topic and state."""
        cursor.executemany(self.insert_events_statement, rows)

    def select(
        self, cursor: SQLiteCursor, first: int, limit: int, topic: str
    ) -> Iterator[tuple[int, bytes, int]]:
        """Give at most `limit` rows from row id `first` on, in order.

        Each is the version, the state, and 1 when the row has `topic` and lies where its version
        says (row id = version + 1), else 0: asked of the engine, since it is quicker there.
        """
        cursor.execute(
            "SELECT originator_version, state, rowid = originator_version + 1 AND topic = ? "
            f"FROM {TABLE} WHERE rowid >= ? ORDER BY rowid LIMIT ?",
            (topic, first, limit),
        )
        return iter(cursor.sqlite_cursor)

    def topic_at(self, cursor: SQLiteCursor, version: int) -> str:
        """Return the topic of one row."""
        cursor.execute(f"SELECT topic FROM {TABLE} WHERE originator_version = ?", (version,))
        return str(cursor.fetchone()[0])


def prepare(path: Path, statements: Sequence[str], seconds: float) -> None:
    """Make `path` a tape with `statements` when nothing is there, or see that a tape is there.

    `seconds` is how long to wait while another process makes it. Raises `TapeRefused` for a file
    that is not a tape or cannot be written, `TapeUnavailable` when it stays locked.
    """
    if path.is_dir():
        raise TapeRefused(f"{path} is a folder; the tape is a file")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise _unwritable(path)
    deadline = clock.monotonic() + seconds
    with told(path):
        while not _prepared(path, statements, seconds):
            if clock.monotonic() >= deadline:
                raise TapeUnavailable(
                    f"the tape {path} is locked by another process; try again later"
                )
            Event().wait(_RETRY_SECONDS)


def _prepared(path: Path, statements: Sequence[str], seconds: float) -> bool:
    native = _connect(str(path), seconds)
    try:
        native.execute("BEGIN")  # one look: another process may be making the tape
        new = _is_new(native, path)
        native.execute("COMMIT")
        mode = native.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise TapeRefused(
                f"the file system of {path} cannot hold a tape (SQLite's WAL mode needs shared "
                "memory, which network file systems lack); choose a folder on a local disk"
            )
        if new:
            native.execute("BEGIN IMMEDIATE")
            if _is_new(native, path):  # another process may have been quicker
                for statement in statements:
                    native.execute(statement)
                native.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                native.execute(f"PRAGMA user_version = {FORMAT}")
            native.execute("COMMIT")
    except sqlite3.OperationalError as error:
        # SQLite does not wait when two processes turn WAL mode on at the same time.
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        native.close()
    return True


def _is_new(native: sqlite3.Connection, path: Path) -> bool:
    """Tell an empty file from a tape. Raises `TapeRefused` for everything else."""
    application = native.execute("PRAGMA application_id").fetchone()[0]
    version = native.execute("PRAGMA user_version").fetchone()[0]
    tables = [
        name
        for (name,) in native.execute(
            "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        )
    ]
    if application == APPLICATION_ID:
        if version > FORMAT:
            raise TapeRefused(
                f"the tape {path} has format {version}, this version reads up to {FORMAT}; "
                "use a newer Salestape"
            )
        if TABLE not in tables:
            raise TapeRefused(f"the tape {path} is damaged: its table {TABLE} is missing")
        return False
    if application == 0 and not tables:
        return True
    if TABLE in tables:
        kind = "an event store of another application of the eventsourcing library"
    else:
        kind = f"another SQLite database, with {', '.join(tables[:5]) or 'no tables'}"
    raise TapeRefused(f"{path} is not a tape but {kind}; choose another file")


def _connect(path: str, seconds: float) -> sqlite3.Connection:
    native = sqlite3.connect(path, timeout=seconds, isolation_level=None, check_same_thread=False)
    try:
        # An append is acknowledged only when it is durable: FULL syncs the WAL at every commit.
        native.execute("PRAGMA synchronous = FULL")
        # Bounds the disk that a WAL grown under a long reader keeps afterwards.
        native.execute(f"PRAGMA journal_size_limit = {64 * 1024 * 1024}")
    except sqlite3.Error:
        native.close()
        raise
    return native


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the library raise into the tape's words for *later* and *never*."""
    try:
        yield
    except ConnectionUnavailableError as error:
        raise TapeUnavailable(f"the tape {path} is busy: {error}") from error
    except (sqlite3.Error, PersistenceError) as error:
        raise _in_words(path, error) from error


def _in_words(path: Path, error: Exception) -> TapeError:
    native = error if isinstance(error, sqlite3.Error) else error.__cause__
    code = getattr(native, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    name = getattr(native, "sqlite_errorname", "no code")
    if primary == sqlite3.SQLITE_FULL:
        return TapeUnavailable(
            f"the disk of the tape {path} is full: nothing was appended; free some space, "
            "then try again"
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return TapeUnavailable(
            f"the tape {path} is locked by another process: nothing was appended; try again later"
        )
    if primary in _LATER:
        return TapeUnavailable(
            f"the disk of the tape {path} failed ({name}: {error}): nothing was appended; "
            "look at the disk, then try again"
        )
    if primary == sqlite3.SQLITE_NOTADB:
        return TapeRefused(f"{path} is not a tape: {error}; choose another file")
    if primary == sqlite3.SQLITE_CANTOPEN and os.access(path.parent, os.W_OK):
        return TapeUnavailable(f"the tape {path} cannot be opened now ({name}: {error})")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return _unwritable(path)
    if primary == sqlite3.SQLITE_CORRUPT:
        return TapeRefused(
            f"the tape {path} is damaged ({error}); keep a copy of it, then recover what can be "
            "read with SQLite's own `.recover`"
        )
    return TapeRefused(f"the tape {path} failed ({name}: {error})")


def _unwritable(path: Path) -> TapeRefused:
    return TapeRefused(
        f"the tape {path} cannot be written: its folder or disk is read-only, or belongs to "
        "another user; make it writable or choose another folder"
    )
