"""Asking the warehouse: read-only SQL, and the questions, within limits.

Safe to use from several threads. Writing, and whatever reaches outside the warehouse, is refused.
While a server is away, every call raises `WarehouseUnavailable`.
"""

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra import clock
from infra.closing import Closing
from infra.reading.guard import Reading, allowed_format, judge
from infra.reading.limits import Limits
from infra.reading.refusals import QueryFailed, failure_of
from infra.warehouse import Warehouse
from projections import forms, registry
from projections.forms import Form
from projections.registry import Definitions, Question
from services.query import asking
from services.query.answers import (
    WHOLE,
    Answer,
    ColumnInfo,
    Explained,
    QuestionInfo,
    Slices,
    Unanswerable,
    UnknownQuestion,
)
from services.query.failures import (
    UNKNOWN_IDENTIFIER,
    near_names,
    told_when_away,
    unknown_name,
    with_limits,
    with_near,
)
from services.query.pool import ClientPool

DEFAULT_LIMITS = Limits()
_CHUNK = 256 * 1024


class Pieces(Iterator[bytes]):
    """The pieces of one answer, the first of which is there already."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        self._pieces = pieces
        with told_when_away():
            self._first: bytes | None = next(pieces, None)

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        return next(self._pieces) if first is None else first

    def close(self) -> None:
        """End the statement and give its client back. Closing twice is allowed."""
        self._first = None
        self._pieces.close()


class Reader(Closing):
    """Reads a warehouse through a few clients of its own; `close` closes them."""

    def __init__(
        self,
        warehouse: Warehouse,
        limits: Limits = DEFAULT_LIMITS,
        definitions: Definitions | None = None,
        clients: int = 4,
    ) -> None:
        """Ask at most `clients` statements side by side; `definitions` are the project's own."""
        self.limits = limits
        self.definitions = definitions or registry.load()
        self._pool = ClientPool(warehouse, limits, clients)

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Run one statement; names without a database are those of `sales`.

        `parameters` fill placeholders such as ``{deal:String}``; FORMAT is taken and has no effect.
        Raises `Refused` or `QueryFailed`.
        """
        with told_when_away(), self._pool.client() as client:
            reading = judge(client, sql)
            return self._read(client, reading, _given(reading, parameters))

    def _ours(self, sql: str, parameters: Mapping[str, Any]) -> Answer:
        """Run a statement that nobody but the definitions and this module has a word in.

        Judging it would parse it three times, which takes a tenth of the time of a long one.
        """
        with told_when_away(), self._pool.client() as client:
            return self._read(client, Reading(sql, selects=True), dict(parameters))

    def _read(self, client: Client, reading: Reading, given: dict[str, Any] | None) -> Answer:
        with self._pool.client_for(client, reading.settings) as able:
            try:
                return _answer(able, reading, given)
            except (ClickHouseError, UnicodeDecodeError) as error:
                raise self._told(client, failure_of(error), reading) from error

    def stream(
        self, sql: str, fmt: str = "JSONEachRow", parameters: Mapping[str, Any] | None = None
    ) -> "Pieces":
        """Run one statement; yield its answer in a format of ClickHouse (CSV, JSONEachRow, …).

        A FORMAT in the statement goes before `fmt`. What can go wrong before the first bytes is
        raised by the call itself, `Refused` or `QueryFailed`; what goes wrong later, by the
        iterator. Close the iterator, or read it to its end: it holds one of the clients.
        """
        return Pieces(self._pieces(sql, fmt, parameters))

    def format_of(self, sql: str) -> str | None:
        """Return the format that a statement asks for itself, None where it does not.

        Raises `Refused` or `QueryFailed`.
        """
        with told_when_away(), self._pool.client() as client:
            return judge(client, sql).format

    def _pieces(
        self, sql: str, fmt: str, parameters: Mapping[str, Any] | None
    ) -> Generator[bytes, None, None]:
        otherwise = allowed_format(fmt)
        with self._pool.client() as client:
            reading = judge(client, sql)
            given = _given(reading, parameters)
            with self._pool.client_for(client, reading.settings) as able:
                failed: QueryFailed | None = None
                try:
                    with able.raw_stream(
                        reading.text, parameters=given, fmt=reading.format or otherwise
                    ) as source:
                        while piece := source.read(_CHUNK):
                            yield piece
                except (ClickHouseError, UnicodeDecodeError) as error:
                    failed = failure_of(error)
                if failed is not None:
                    raise self._told(client, failed, reading)

    def show(
        self,
        question: str,
        as_of: str | datetime | None = None,
        known_at: str | datetime | None = None,
        where: str | None = None,
        limit: int | None = None,
        slices: Slices = WHOLE,
    ) -> Answer:
        """Answer a question (or read a derived table or `events`), as of two clocks where given.

        A bare day means its end. `where` is a condition in SQL on the question's columns. Raises
        `UnknownQuestion`, `Unanswerable`, `Refused` or `QueryFailed`.
        """
        form, parameters = self._asked(question, as_of, known_at, slices)
        condition = f"\nWHERE (\n{where}\n)" if where else ""
        most = f"\nLIMIT {int(limit)}" if limit is not None else ""
        source = self._source(form, question, slices)
        sql = f"SELECT * FROM {source}{condition}{most}"
        ask = self.query if condition else self._ours
        answer = ask(sql, forms.only_named(sql, parameters))
        if answer.rows or question not in self.definitions.questions:
            return answer
        return replace(answer, lacking=self._lacking(self.definitions.questions[question]))

    def _lacking(self, question: Question) -> tuple[str, ...]:
        """Return what a question reads that nothing is there for, as of now."""
        tables, types = forms.made_of(question, self.definitions)
        empty = [
            table
            for table in sorted(tables - {forms.FACTS})
            if not self._ours(f"SELECT 1 FROM {table} LIMIT 1", {}).rows
        ]
        if forms.FACTS not in tables:
            return tuple(empty)
        there = [kind for (kind,) in self._ours("SELECT DISTINCT type FROM facts", {}).rows]
        absent = [kind for kind in types if not any(one.startswith(f"{kind}.") for one in there)]
        return (*empty, *sorted(absent))

    def why(
        self,
        question: str,
        row: Mapping[str, str],
        as_of: str | datetime | None = None,
        known_at: str | datetime | None = None,
        slices: Slices = WHOLE,
    ) -> Explained:
        """Return one row of a question, and the events behind it, as of the same clocks.

        `row` names the row: column to value as text. Raises `Unanswerable` where it names none or
        several, or where no events stand behind a row, and what `show` raises.
        """
        if slices.currency:
            raise Unanswerable(
                "events are shown in the currency they name; ask why without a currency"
            )
        form, parameters = self._asked(question, as_of, known_at, slices)
        asked = self.definitions.questions.get(question)
        if asked is None or asked.why is None:
            reason = asked.header.why_not if asked else "it is a table: ask for the events by SQL."
            raise Unanswerable(f"{question} has no events to show for a row: {reason}")
        source = self._source(form, question, slices)
        parameters = forms.only_named(source, parameters)
        # Every form has the same columns, and a view tells them without being planned.
        described = self._ours(f"DESCRIBE TABLE {question}", {})
        types = {name: kind for name, kind, *_ in described.rows}
        condition, named = asking.row_condition(asked, row, types, slices)
        needed = forms.row_columns(asked)
        told = "".join(f", toString({name}) AS _told_{name}" for name in needed)
        found = self._ours(
            f"SELECT *{told} FROM {source} WHERE {condition} LIMIT {asking.MOST_NAMED + 1}",
            {**parameters, **named},
        )
        asking.the_one_row(asked, row, found)
        (values,) = found.rows
        count = len(types)
        by = slices.by if form.sliced else None
        sql = forms.events_behind(asked, self.definitions, types, form, by)
        given = {f"row_{name}": value for name, value in zip(needed, values[count:], strict=True)}
        events = self._ours(sql, forms.only_named(sql, {**parameters, **given}))
        return Explained(Answer(list(types), list(types.values()), [values[:count]]), events)

    def _source(self, form: Form, question: str, slices: Slices) -> str:
        """Return what stands behind FROM: a view, or a text where that is planned sooner.

        Of a slice the text looks up no other, and as of two clocks it is analysed once. Records
        are for views alone to read.
        """
        asked = self.definitions.questions.get(question)
        if asked is None or form == forms.NOW:
            return asking.source_in(form, question)
        sql = forms.question_in(form, asked, self.definitions, slices.by)
        return asking.source_in(form, question) if forms.RECORDS in sql else f"({sql})"

    def _asked(
        self,
        question: str,
        as_of: str | datetime | None,
        known_at: str | datetime | None,
        slices: Slices,
    ) -> tuple[Form, dict[str, str]]:
        """Return the form in which a question is asked, and its parameters."""
        if question not in self.definitions.readable:
            raise UnknownQuestion(question, near_names(question, self.definitions.readable))
        clocks = as_of is not None or known_at is not None
        parameters = asking.clock_parameters(as_of, known_at, clock.now()) if clocks else {}
        if slices.cuts():
            parameters |= asking.slice_parameters(question, self.definitions, slices)
        currency = asking.currency_asked(question, self.definitions, slices)
        return asking.form_of(clocks, slices, currency), parameters

    def questions(self) -> list[QuestionInfo]:
        """Return the questions there are, by theme and name."""
        types = self._types()
        found = []
        for question in self.definitions.questions.values():
            summary, _, description = question.summary.partition("\n\n")
            columns = tuple(
                ColumnInfo(name, types.get((question.name, name), ""), comment)
                for name, comment in question.comments.items()
            )
            found.append(
                QuestionInfo(
                    name=question.name,
                    theme=question.theme,
                    summary=" ".join(summary.split()),
                    description="\n\n".join(" ".join(p.split()) for p in description.split("\n\n")),
                    columns=columns,
                    key=question.key,
                    why=question.why is not None,
                    slices=forms.dimensions_of(question, self.definitions),
                    periods=forms.periods_of(question),
                )
            )
        return sorted(found, key=lambda one: (one.theme, one.name))

    def close(self) -> None:
        """Close every client. Closing twice is allowed."""
        self._pool.close()

    def _types(self) -> dict[tuple[str, str], str]:
        with told_when_away(), self._pool.client() as client:
            rows = client.query(
                "SELECT table, name, type FROM system.columns WHERE database = 'sales'"
            ).result_rows
        return {(table, name): kind for table, name, kind in rows}

    def _told(self, client: Client, failure: QueryFailed, reading: Reading) -> QueryFailed:
        """Return a failure with names that are near to one that does not exist."""
        failure = with_limits(
            failure, self.limits.max_seconds, self.limits.max_memory_bytes, self.limits.max_rows
        )
        name = unknown_name(failure)
        if name is None:
            return failure
        if failure.code != UNKNOWN_IDENTIFIER:
            rows = client.query("SELECT name FROM system.tables WHERE database = 'sales'")
        else:
            rows = client.query(
                "SELECT DISTINCT name FROM system.columns "
                "WHERE database = 'sales' AND table IN {tables:Array(String)}",
                parameters={"tables": list(reading.tables)},
            )
        return with_near(failure, name, [row[0] for row in rows.result_rows])


def _answer(client: Client, reading: Reading, given: dict[str, Any] | None) -> Answer:
    result = client.query(reading.text, parameters=given)
    columns = list(result.column_names)
    types = [kind.name for kind in result.column_types]
    if not columns:
        # The embedded engine tells no columns where there are no rows.
        columns, types = _columns(client, reading, given)
    return Answer(columns, types, [tuple(row) for row in result.result_rows])


def _columns(
    client: Client, reading: Reading, given: dict[str, Any] | None
) -> tuple[list[str], list[str]]:
    if reading.selects:
        rows = client.query(f"DESCRIBE TABLE ({reading.text})", parameters=given).result_rows
        return [row[0] for row in rows], [row[1] for row in rows]
    told = json.loads(client.raw_query(reading.text, parameters=given, fmt="JSONCompact"))
    return [column["name"] for column in told["meta"]], [column["type"] for column in told["meta"]]


def _given(reading: Reading, parameters: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the parameters as the client takes them, or say which one does not fit."""
    given = dict(parameters or {})
    if odd := sorted(given.keys() - reading.parameters.keys()):
        raise QueryFailed(
            f"the statement has no place for the parameter {odd[0]}; write {{{odd[0]}:String}}", 456
        )
    if missing := sorted(reading.parameters.keys() - given.keys()):
        raise QueryFailed(f"the parameter {missing[0]} has no value", 456)
    for name, value in given.items():
        if isinstance(value, bytes | bytearray | memoryview | Mapping):
            raise QueryFailed(
                f"the parameter {name} is {type(value).__name__}; it takes a text, a number, a "
                "time, or a list of these",
                457,
            )
    return given or None
