"""Direct connections to the embedded engine: statements in any format, streamed, that can be ended.

`Warehouse` and its clients are for the platform's own work. This is for a server in front of the
engine: each `Handle` has its own database, settings and temporary tables, as a session has.
"""

import fcntl
import os
import re
import select
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import chdb

from infra import clock
from infra.warehouse.contract import WarehouseError, engine_at

PIPE_BYTES = 2**20
PIECE_BYTES = 2**18
KILL_SECONDS = 0.05

_SETTING_NAME = re.compile(r"^[A-Za-z_]\w*$")
_CODE = re.compile(r"Code: (\d+)\. ")
UNKNOWN_SETTING = 115


class EngineError(Exception):
    """The engine's own words about a statement; `code` is ClickHouse's, 0 where it gave none."""

    def __init__(self, text: str, code: int | None = None) -> None:
        found = _CODE.search(text)
        self.text = text[found.start() :] if found else text
        self.code = code if code is not None else int(found[1]) if found else 0
        super().__init__(self.text)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a statement cost, as far as the engine tells."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    seconds: float = 0


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def quoted_name(name: str) -> str:
    """Return a name as an identifier of SQL."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


class Engine:
    """The engine that a process has open; gives handles to it and ends statements on them."""

    def __init__(self, url: str) -> None:
        """Connect to the engine of a warehouse's URL, ``chdb:///path``. Raises `WarehouseError`."""
        parts = urlsplit(url)
        if parts.scheme != "chdb":
            raise WarehouseError(f"{url}: is not embedded; ask the server itself")
        self._path = os.path.realpath(unquote(parts.path))
        self._folder = Path(tempfile.mkdtemp(prefix="salestape-answers-"))
        self._lock = threading.Lock()
        self._closed = False
        self._mark = clock.new_id()
        try:
            self._control = self._connect()
        except RuntimeError as error:
            raise WarehouseError(f"{self._path}: cannot be opened: {error}") from error

    def _connect(self) -> Any:
        return chdb.connect(engine_at(self._path))  # type: ignore[no-untyped-call]  # it comes without types

    def handle(self) -> "Handle":
        """Return a new connection, which the caller closes."""
        try:
            return Handle(self, self._connect(), f"{self._mark}/{clock.new_id()}")
        except RuntimeError as error:
            raise EngineError(str(error)) from error

    def pipe(self) -> Path:
        """Return a new named pipe that only this process's user can open."""
        path = self._folder / clock.new_id()
        os.mkfifo(path, 0o600)
        return path

    def kill(self, mark: str = "") -> None:
        """End what runs under a mark, or on any handle, soon; not what does not run yet."""
        marked = f"startsWith(Settings['log_comment'], {quoted(mark or self._mark)})"
        with self._lock, suppress(RuntimeError):
            # It may end by itself meanwhile; whoever kills looks whether it did.
            if not self._closed:
                self._control.query(f"KILL QUERY WHERE {marked} ASYNC", "Null")

    def close(self) -> None:
        """Let go of the engine; close the handles first. Closing twice is allowed."""
        with self._lock:
            self._closed = True
            self._control.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Handle:
    """One connection to the engine. One thread at a time uses it; `kill` may come from another."""

    def __init__(self, engine: Engine, connection: Any, mark: str) -> None:
        self.engine = engine
        self._connection = connection
        self._mark = mark
        self._closed = False
        self.set({"log_comment": self._mark})

    def set(self, settings: Mapping[str, str]) -> None:
        """Change settings of this handle. Raises `EngineError`."""
        for name in settings:
            if not _SETTING_NAME.match(name):
                raise EngineError(f"Setting {name} is neither a builtin setting", UNKNOWN_SETTING)
        if settings:
            changes = ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items())
            self.run(f"SET {changes}")

    def use(self, database: str) -> None:
        """Make a database the one that names without a database are of. Raises `EngineError`."""
        self.run(f"USE {quoted_name(database)}")

    def run(
        self, sql: str, fmt: str = "TabSeparated", parameters: Mapping[str, str] | None = None
    ) -> tuple[bytes, Figures]:
        """Run a statement and return its whole answer. Raises `EngineError`.

        Values of parameters are written as in TabSeparated. A FORMAT in the statement goes first.
        """
        try:
            result = self._connection.query(sql, fmt, params=dict(parameters or {}))
        except RuntimeError as error:
            raise EngineError(str(error)) from error
        return result.bytes() or b"", _figures(result)

    def stream(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> "Answer":
        """Begin a SELECT, which must have no FORMAT; its answer is never held as a whole."""
        return Answer(self, sql, fmt, parameters or {})

    def insert(self, sql: str, fmt: str) -> "Insert":
        """Begin an INSERT, up to where FORMAT would stand; the data follows piece by piece."""
        return Insert(self._connection, sql, fmt)

    def kill(self) -> None:
        """End what runs on this handle, soon."""
        self.engine.kill(self._mark)

    def close(self) -> None:
        """Close the connection. Closing twice is allowed."""
        if not self._closed:
            self._closed = True
            self._connection.close()


class Insert:
    """An INSERT under way. `finish` commits it, `cancel` gives up what is not written yet."""

    def __init__(self, connection: Any, sql: str, fmt: str) -> None:
        try:
            self._inserter = connection.send_insert(sql, fmt)
        except RuntimeError as error:
            raise EngineError(str(error)) from error

    def append(self, data: bytes) -> None:
        """Hand in more data; returns when the engine has taken it. Raises `EngineError`."""
        try:
            self._inserter.append(data)
        except RuntimeError as error:
            raise EngineError(str(error)) from error

    def finish(self) -> Figures:
        """Commit. Raises `EngineError`; what is written by then stays, as on a server."""
        try:
            done = self._inserter.finish()
        except RuntimeError as error:
            raise EngineError(str(error)) from error
        return Figures(
            written_rows=done.rows_written,
            written_bytes=done.bytes_written,
            seconds=done.elapsed,
        )

    def cancel(self) -> None:
        """End it without a commit."""
        with suppress(RuntimeError):
            self._inserter.cancel()


class Answer:
    """The answer of a running SELECT as the engine writes it. Read it to its end, or close it.

    The engine writes into a named pipe, which holds it back while nobody reads. Thereby every
    format comes out whole, with one head and one end: read in its own blocks it would not.
    """

    def __init__(self, handle: Handle, sql: str, fmt: str, parameters: Mapping[str, str]) -> None:
        self._handle = handle
        self._failure: EngineError | None = None
        self.figures = Figures()
        path = handle.engine.pipe()
        self._source = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._kept_open = os.open(path, os.O_WRONLY)
        with suppress(OSError, AttributeError):  # a larger pipe is only quicker
            fcntl.fcntl(self._source, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(self._source, True)
        self._open = True
        text = f"{sql}\nINTO OUTFILE {quoted(str(path))} APPEND FORMAT {fmt}"
        self._thread = threading.Thread(
            target=self._run, args=(text, path, parameters), name="warehouse-answer", daemon=True
        )
        self._thread.start()

    def _run(self, text: str, path: Path, parameters: Mapping[str, str]) -> None:
        try:
            _, self.figures = self._handle.run(text, "Null", parameters)
        except EngineError as error:
            self._failure = error
        finally:
            path.unlink(missing_ok=True)
            os.close(self._kept_open)  # the reader meets the end only now

    def read(self, size: int = PIECE_BYTES) -> bytes:
        """Return the next bytes, none at the end. Raises `EngineError` at the end of a failure."""
        piece = os.read(self._source, size) if self._open else b""
        if not piece:
            self._thread.join()
            if self._failure is not None:
                raise self._failure
        return piece

    def close(self) -> None:
        """End the statement where it still runs. Closing twice is allowed."""
        if not self._open:
            return
        while self._thread.is_alive():
            self._handle.kill()
            # What it writes meanwhile is thrown away, or it would wait for a reader for ever.
            deadline = clock.monotonic() + KILL_SECONDS
            while clock.monotonic() < deadline and self._thread.is_alive():
                if select.select([self._source], [], [], KILL_SECONDS / 5)[0]:
                    os.read(self._source, PIPE_BYTES)
        self._open = False
        os.close(self._source)


def _figures(result: Any) -> Figures:
    return Figures(
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        result_rows=result.rows_read(),
        seconds=result.elapsed(),
    )
