"""One statement of one request, run by the engine under a role. All of it may block.

The steps: `begin` it, read its `Result` (or, for an INSERT, hand in the data), `close` it. `kill`
ends it from another thread.
"""

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from clickhouse_connect.driver.client import Client

from infra.reading.guard import allowed_format, judge
from infra.reading.refusals import QueryFailed, Refused, RefusedFormat, SeveralStatements
from infra.reading.statement import MAX_CHARACTERS, canonical, parse, write
from infra.warehouse.embedded import Answer, EngineError, Figures, Handle, Insert, quoted
from services.warehouse.access import Role, check_lasting, check_reader_database, reader_settings
from services.warehouse.asking import Asked
from services.warehouse.errors import (
    ACCESS_DENIED,
    BAD_ARGUMENTS,
    LOGICAL_ERROR,
    SYNTAX_ERROR,
    UNKNOWN_FORMAT,
    ServerError,
    of_engine,
)
from services.warehouse.headers import DISPLAY_NAME
from services.warehouse.house import House
from services.warehouse.native import COLUMN_MARKS, Blocks
from services.warehouse.sessions import Session
from services.warehouse.statements import InsertHead, first_word, has_output, is_definition

# How drivers in Go begin. The name of this machine is nobody's business.
_HELLO = re.compile(r"^\s*SELECT\s+displayName\(\)")
_NAMED_HELLO = f"SELECT {quoted(DISPLAY_NAME)} AS `displayName()`"

_SELECT = re.compile(r"SELECT\b|WITH\b|\(")
_FORMAT = re.compile(r" FORMAT (?P<name>\w+)$")
_FORMAT_OR_FILE = re.compile(r" FORMAT | INTO OUTFILE ")

WRITER_SETTINGS = {"session_timezone": "UTC"}


class Result:
    """What a statement answers: bytes in a format, read piece by piece."""

    def __init__(self, fmt: str | None, held: bytes = b"", figures: Figures | None = None) -> None:
        self.format = fmt
        """None where the statement has no output."""
        self._held = held
        self._figures = figures or Figures()
        self._answer: Answer | None = None
        self._blocks: Blocks | None = None

    @classmethod
    def of(cls, answer: Answer, fmt: str) -> "Result":
        """Return the result of a running SELECT."""
        result = cls(fmt)
        result._answer = answer
        return result

    def for_protocol(self, version: int) -> "Result":
        """Return it as clients of a version of the native protocol read Native."""
        if version >= COLUMN_MARKS and self.format == "Native":
            self._blocks = Blocks()
        return self

    @property
    def figures(self) -> Figures:
        """What the statement cost; complete only after its end."""
        return self._figures if self._answer is None else self._answer.figures

    def read(self) -> bytes:
        """Return the next bytes, none at the end. Raises `ServerError`."""
        if self._blocks is None:
            return self._read()
        while data := self._read():
            if blocks := b"".join(self._blocks.each(data)):
                return blocks
        return b"".join(self._blocks.finish())

    def _read(self) -> bytes:
        if self._answer is None:
            held, self._held = self._held, b""
            return held
        try:
            return self._answer.read()
        except EngineError as error:
            raise of_engine(error) from error

    def close(self) -> None:
        """End the statement where it still runs."""
        if self._answer is not None:
            self._answer.close()


class Work:
    """What one request does with the engine."""

    def __init__(self, house: House, role: Role, asked: Asked) -> None:
        self._house = house
        self._role = role
        self._asked = asked
        self._stack = ExitStack()
        self._session: Session | None = None
        self._handle: Handle | None = None

    def begin(self) -> None:
        """Take the session and connect, as far as the role can be served. Raises `ServerError`."""
        if self._role == "reader":
            check_reader_database(self._asked.database)
        if self._asked.session:
            self._session = self._stack.enter_context(
                self._house.sessions.held(self._role, self._asked)
            )

    def kill(self) -> None:
        """End what runs, soon."""
        if self._handle is not None:
            self._handle.kill()

    def close(self) -> None:
        """Give everything back. Closing twice is allowed."""
        self._stack.close()

    def run(self, text: bytes) -> Result:
        """Run a statement. Raises `ServerError`."""
        try:
            sql = text.decode()
        except UnicodeDecodeError as error:
            raise ServerError(
                SYNTAX_ERROR, f"Syntax error: byte {error.start + 1} is not UTF-8"
            ) from error
        try:
            result = self._read(sql) if self._role == "reader" else self._write(sql)
            return result.for_protocol(self._asked.protocol)
        except EngineError as error:
            raise of_engine(error) from error
        except RefusedFormat as error:
            self._checked(error.name)
            raise _refusal(error) from error
        except Refused as error:
            raise _refusal(error) from error
        except QueryFailed as error:
            raise ServerError(error.code or LOGICAL_ERROR, error.message) from error

    def insert(self, head: InsertHead) -> Insert:
        """Begin an INSERT whose data is handed in. Raises `ServerError`."""
        if self._role == "reader":
            raise ServerError(
                ACCESS_DENIED,
                "default: Not enough privileges. INSERT INTO is not allowed; only reading is",
            )
        try:
            return self._writer().insert(head.sql, self._checked(head.format))
        except EngineError as error:
            raise of_engine(error) from error

    def _read(self, sql: str) -> Result:
        if first_word(sql.encode()) == "SET":
            return self._set(sql)
        fmt = self._checked(self._asked.format)
        with self._house.judge() as client:
            reading = judge(client, _HELLO.sub(_NAMED_HELLO, sql))
        chosen = reading.format or allowed_format(fmt)
        settings = {**self._asked.settings, **reading.settings}
        handle = self._reader(settings)
        given = self._asked.parameters
        if reading.selects:
            answer = handle.stream(reading.text, self._checked(chosen), given)
            self._stack.callback(answer.close)
            return Result.of(answer, chosen)
        return Result(chosen, *handle.run(reading.text, chosen, given))

    def _set(self, sql: str) -> Result:
        """Keep settings for the reader's session."""
        with self._house.judge() as client:
            tree = parse(client, sql).tree or {}
        odd = set(tree) - {"type", "is_standalone", "changes"}
        if tree.get("type") != "SetQuery" or odd:
            raise Refused("SET is for settings alone")
        changes = {change["name"]: _plain(change["value"]) for change in tree["changes"]}
        check_lasting(changes, self._house.limits, self._house.known_settings)
        if self._session is not None:
            self._session.settings.update(changes)
        return Result(None)

    def _write(self, sql: str) -> Result:
        fmt = self._checked(self._asked.format)
        handle = self._writer(alone=first_word(sql.encode()) == "SET")
        given = self._asked.parameters
        text, written = self._select_in(sql)
        if text is not None:
            chosen = self._checked(written or fmt)
            answer = handle.stream(text, chosen, given)
            self._stack.callback(answer.close)
            return Result.of(answer, chosen)
        held, figures = handle.run(sql, fmt, given)
        return Result((written or fmt) if held or has_output(sql.encode()) else None, held, figures)

    def _select_in(self, sql: str) -> tuple[str | None, str | None]:
        """Return a SELECT without its FORMAT, None for any other statement; and the FORMAT."""
        if len(sql) > MAX_CHARACTERS or is_definition(sql.encode()):
            return None, None
        with self._house.judge() as client:
            try:
                text = canonical(client, sql)
                found = _FORMAT.search(text)
                rest = text[: found.start()] if found else text
                if _FORMAT_OR_FILE.search(rest):
                    return _select_by_tree(client, text)
            except SeveralStatements:
                raise
            except Refused:
                return None, None  # it has no tree, so it is no SELECT
            except QueryFailed as failure:
                if "inline data" in failure.message:
                    return None, None
                raise
        return rest if _SELECT.match(rest) else None, found["name"] if found else None

    def _reader(self, settings: Mapping[str, str]) -> Handle:
        kept = {} if self._session is None else self._session.settings
        chosen = reader_settings(
            {**kept, **settings}, self._house.limits, self._house.known_settings
        )
        handle = self._opened()
        handle.set({**self._house.reader_defaults, **chosen})
        handle.use(self._house.reader_database)
        handle.set({"readonly": "1"})  # the last one: from here on no setting can be changed
        return handle

    def _writer(self, *, alone: bool = False) -> Handle:
        """Return the writer's connection; `alone` for a SET, which must not meet the URL's own."""
        asked = {} if alone else dict(self._asked.settings)
        if self._session is None:
            handle = self._opened()
            handle.set({**WRITER_SETTINGS, **asked})
            if self._asked.database:
                handle.use(self._asked.database)
            return handle
        if self._session.handle is None:
            self._session.handle = self._house.engine.handle()
            self._session.handle.set(WRITER_SETTINGS)
        self._handle = handle = self._session.handle
        if asked != self._session.asked:
            _change(handle, self._session, asked)
        if self._asked.database and self._asked.database != self._session.database:
            handle.use(self._asked.database)
            self._session.database = self._asked.database
        return handle

    def _opened(self) -> Handle:
        self._handle = self._house.engine.handle()
        self._stack.callback(self._handle.close)
        return self._handle

    def _checked(self, fmt: str) -> str:
        name = fmt.strip("`")
        if name not in self._house.known_formats:
            raise ServerError(UNKNOWN_FORMAT, f"Unknown format {name}")
        return name


def _select_by_tree(client: Client, text: str) -> tuple[str | None, str | None]:
    """Return what `Work._select_in` does, where it takes more than a look at the end of a text."""
    statement = parse(client, text)
    tree = statement.tree
    if tree is None or statement.describes is not None:
        last = text.rpartition(" FORMAT ")[2]
        return None, last if last.isidentifier() else None
    written = (tree.get("format_ast") or {}).get("name")
    if tree.get("type") != "SelectWithUnionQuery" or tree.get("out_file"):
        return None, written
    tree.pop("format_ast", None)
    return write(client, tree), written


def _change(handle: Handle, session: Session, asked: Mapping[str, str]) -> None:
    """Put the settings of a request's URL in the place of those of the request before."""
    session.asked = {}
    defaults = [name for name, (_, changed) in session.before.items() if not changed]
    handle.set({name: value for name, (value, changed) in session.before.items() if changed})
    for name in defaults:
        handle.run(f"SET {name} = DEFAULT")
    session.before = {}
    if not asked:
        return
    names = ", ".join(quoted(name) for name in asked)
    told, _ = handle.run(
        f"SELECT name, value, changed FROM system.settings WHERE name IN ({names})", "JSONEachRow"
    )
    rows = [json.loads(line) for line in told.splitlines()]
    session.before = {row["name"]: (row["value"], bool(row["changed"])) for row in rows}
    handle.set(asked)
    session.asked = dict(asked)


def _plain(value: Mapping[str, Any]) -> str:
    plain = value.get("value")
    if not isinstance(plain, str | int | float):
        raise ServerError(BAD_ARGUMENTS, "a setting takes a number or a text")
    return str(int(plain)) if isinstance(plain, bool) else str(plain)


def _refusal(error: Refused) -> ServerError:
    if isinstance(error, SeveralStatements):
        return ServerError(SYNTAX_ERROR, "Syntax error (Multi-statements are not allowed)")
    return ServerError(ACCESS_DENIED, f"default: Not enough privileges. {error.reason}")
