"""Tries definitions out in an empty warehouse: every derivation and question, in both forms.

The ledger is filled with example events, and with what the world does to events: many of one
account, corrections, retractions, repeats. What the engine refuses is found, with its own words,
and so is a row that depends on the order of the events or on how often they were delivered.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.tape import Entry, Tape
from infra.warehouse import Warehouse
from projections import forms, rendering
from projections.registry import Definitions, DerivedTable, Question
from projections.slices import COHORT, PARAMETERS
from services.projector import generations, store
from services.projector.append import AppendLoop
from services.projector.checking import Finding, line_of
from services.projector.reasons import reason_of

Mine = Callable[[Path], bool]

FAR = "2199-12-31"
CLOCKS = {"as_of": FAR, "known_at": FAR}
CONFLICTS = "conflicts"
LEDGERS = ("events", "events_by_day", "tape")
ORDERS = ("(time, sequence, source, id)", "cityHash64(source, id)", "(source, id, -sequence)")
"""Orders in which a derivation is handed its events; none may matter."""

_PLACE = re.compile(r"failed at position \d+ \([^)]*\) \(line (\d+), col \d+\)")
_NAMES = re.compile(r"(?:identifier|name|Column|column|table) [`']([^`']+)[`']")


def try_out(
    definitions: Definitions,
    entries: Sequence[Entry],
    tape: Tape,
    warehouse: Warehouse,
    mine: Mine = lambda _path: True,
    progress: Callable[[str], Any] = lambda _name: None,
) -> list[Finding]:
    """Deploy and run all definitions; return what is wrong. Tape and warehouse must be empty.

    What is not `mine`, by the place of its file, is not tried, but made where what is mine reads
    it. `progress` is called with the name of each table and question before it is tried.
    """
    client = warehouse.client("append")
    store.prepare(client)
    trial = _Trial(definitions, client)
    loop = AppendLoop(tape, client)
    loop.start()
    tape.append(list(entries))
    while loop.step():
        pass
    tables = list(definitions.tables.values())
    for table in tables:
        if mine(table.folder):
            progress(table.name)
            trial.table(table)
        else:
            trial.make(table)
    generations.show_events(client)
    tape.append(list(entries))  # everything once more: a repeat changes nothing but versions
    while loop.step():
        pass
    trial.read_again()
    for table in tables:
        if mine(table.folder):
            trial.repeats(table)
    tried = [one for one in definitions.questions.values() if mine(one.path)]
    read = definitions.read_by(tried)
    for question in definitions.questions.values():
        if question in tried:
            progress(question.name)
            trial.question(question)
        elif question.name in read:
            generations.show_question(client, question, definitions)
    trial.of_nothing(tried)
    return trial.findings


@dataclass(slots=True)
class _Trial:
    definitions: Definitions
    client: Client
    findings: list[Finding] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    """Tables and questions that nothing else can be tried on."""
    slices: set[str] = field(default_factory=set)
    """The tables of effective events that are made."""

    def table(self, table: DerivedTable) -> None:
        """Make a table, derive it in several orders, read it now and as of two clocks."""
        if blocked := sorted(set(table.needs) & self.failed):
            self.failed.add(table.name)
            self._note(table.folder / "about.toml", None, f"not tried: it needs {blocked[0]}")
            return
        if table.reading != "key" and CONFLICTS not in table.needs:
            self.failed.add(table.name)
            self._note(
                table.folder / "about.toml",
                None,
                f'needs: reading "{table.reading}" asks {CONFLICTS} which records lost; '
                f'add "{CONFLICTS}"',
            )
            return
        if not self.make(table):
            return
        before = len(self.findings)
        self._comments(table)
        self._orders(table)
        if len(self.findings) == before:
            self._clocks(table)

    def make(self, table: DerivedTable) -> bool:
        """Make a table and derive it; tell whether that went well."""
        before = len(self.findings)
        for step in (self._create, self._derive, self._show):
            step(table)
            if len(self.findings) > before:
                self.failed.add(table.name)
                return False
        return True

    def _create(self, table: DerivedTable) -> None:
        with self._blaming(table.folder / "table.sql", table.table_sql):
            generations.create(self.client, table, table.generation)

    def _derive(self, table: DerivedTable) -> None:
        path = table.folder / "derive.sql"
        select = rendering.derivation(table, self._slice(table, 0))
        with self._blaming(path, table.derive_sql):
            yielded = [name for name, _ in generations.describe(self.client, select)]
            stored = self._columns(f"SELECT * FROM sales_store.{table.generation}")
            for name in yielded:
                if name not in stored:
                    self._note(path, line_of(table.derive_sql, name), f"{name}: no such column")
            for name in stored:
                if name not in yielded:
                    self._note(path, None, f"yields no {name}, which table.sql has")
            if yielded and set(yielded) == set(stored):
                columns = ", ".join(f"`{name}`" for name in yielded)
                self.client.command(
                    f"INSERT INTO sales_store.{table.generation} ({columns}) {select}"
                )

    def _show(self, table: DerivedTable) -> None:
        with self._blaming(table.folder / "read.sql", table.read_sql):
            generations.show(self.client, table, table.generation)
            self.client.query(f"SELECT * FROM sales.{table.name}")

    def _clocks(self, table: DerivedTable) -> None:
        """As of the end of time, a table reads as it does now."""
        path = table.folder / "derive.sql"
        with self._blaming(path, table.derive_sql):
            now = self._fingerprint(f"SELECT * FROM sales.{table.name}")
            at = self._fingerprint(rendering.table_at(table), given=CLOCKS)
            if now != at:
                what = _differing(now, at) or "the rows"
                self._note(
                    path,
                    line_of(table.derive_sql, what),
                    f"{what}: another answer as of the end of time than now; all but the version "
                    "must come from live events (`live`)",
                )

    def _comments(self, table: DerivedTable) -> None:
        comments = rendering.column_comments(table)
        stored = self._columns(f"SELECT * FROM sales_store.{table.generation}")
        for name in (*stored, *self._columns(f"SELECT * FROM sales.{table.name}")):
            if not comments.get(name):
                path, sql = (
                    (table.folder / "table.sql", table.table_sql)
                    if name in stored
                    else (table.folder / "read.sql", table.read_sql)
                )
                finding = Finding(path, line_of(sql, name), f"column {name} has no comment")
                if finding not in self.findings:
                    self.findings.append(finding)

    def _orders(self, table: DerivedTable) -> None:
        """Derive from the same events in other orders, on one thread and on several."""
        expected = self._derived(table, 0, threads=1)
        for order in range(1, len(ORDERS)):
            for threads in (1, 4):
                found = self._derived(table, order, threads)
                if found != expected:
                    what = _differing(expected, found) or "the rows"
                    self._note(
                        table.folder / "derive.sql",
                        line_of(table.derive_sql, what),
                        f"{what}: depends on the order in which events are read; sort, or take "
                        "argMax and argMin by (time, sequence, source, id)",
                    )
                    return

    def _derived(self, table: DerivedTable, order: int, threads: int) -> dict[str, Any]:
        select = rendering.derivation(table, self._slice(table, order))
        return self._fingerprint(f"SELECT * FROM ({select})", threads)

    def read_again(self) -> None:
        """Take the events anew from the ledger, which has grown."""
        self.slices.clear()

    def repeats(self, table: DerivedTable) -> None:
        """Derive again, now that every record is on the tape twice: only versions may grow."""
        if table.name in self.failed:
            return
        path = table.folder / "derive.sql"
        key = ", ".join(table.key)
        again = rendering.derivation(table, self._slice(table, 0))
        once = f"sales_store.{table.generation}"
        # What is written as deleted is not there, and may be written or not.
        before = self._fingerprint(f"SELECT * EXCEPT (version) FROM {once} WHERE NOT is_deleted")
        after = self._fingerprint(f"SELECT * EXCEPT (version) FROM ({again}) WHERE NOT is_deleted")
        if before != after:
            what = _differing(before, after) or "the rows"
            self._note(
                path,
                line_of(table.derive_sql, what),
                f"{what}: changes when the same events are delivered once more",
            )
            return
        stale = self.client.query(
            f"SELECT count() FROM (SELECT {key}, version FROM ({again})) AS again "
            f"INNER JOIN (SELECT {key}, version FROM {once}) AS once USING ({key}) "
            "WHERE again.version <= once.version"
        ).result_rows[0][0]
        if stale:
            self._note(
                path,
                line_of(table.derive_sql, "version"),
                "version: does not grow when more was read; it is `sum(positions)` over all that "
                "was read, live or not",
            )

    def question(self, question: Question) -> None:
        """Make a question's views and ask it, now and as of two clocks."""
        if blocked := sorted(question.sources & self.failed):
            self.failed.add(question.name)
            self._note(question.path, None, f"not tried: it reads {blocked[0]}, which is wrong")
            return
        before = len(self.findings)
        with self._blaming(question.path, question.sql):
            columns = dict(generations.show_question(self.client, question, self.definitions))
            self.client.query(f"SELECT * FROM sales.{question.name}")
            self._clocked(question)
            self._question_comments(question, list(columns))
            if question.is_sliced:
                self._slices(question)
            if forms.why_not_converted(question, self.definitions) is None:
                self._in_one_currency(question)
            if question.why is not None and len(self.findings) == before:
                self._why(question, columns)
        if len(self.findings) > before:
            self.failed.add(question.name)

    def of_nothing(self, questions: Iterable[Question]) -> None:
        """Ask questions once more, now of tables without rows."""
        tables = [one for one in self.definitions.tables.values() if one.name not in self.failed]
        for name in (*LEDGERS, *(table.generation for table in tables)):
            store.empty(self.client, name)
        for question in questions:
            if question.name not in self.failed:
                with self._blaming(question.path, question.sql):
                    self.client.query(f"SELECT * FROM sales.{question.name}")

    def _clocked(self, question: Question) -> None:
        """Ask a question as of two clocks."""
        sql = forms.question_in(forms.AT, question, self.definitions)
        self.client.query(sql, parameters=forms.only_named(sql, CLOCKS))

    def _slices(self, question: Question) -> None:
        """Ask a question in slices, and in periods of each kind: those of a kind share a text."""
        dimensions = forms.dimensions_of(question, self.definitions)
        nothing = dict.fromkeys(PARAMETERS, "")
        cut = nothing | {"by": dimensions[-1] if dimensions else ""}
        given = ", ".join(f"{name} = '{value}'" for name, value in cut.items())
        self.client.query(f"SELECT * FROM sales.{question.name}_by({given})")
        whole = forms.question_in(forms.BY, question, self.definitions, "")
        kinds = {one.startswith(COHORT): one for one in forms.periods_of(question)}
        for period in kinds.values():
            cut = nothing | {"period": period}
            self.client.query(whole, parameters=forms.only_named(whole, cut))

    def _in_one_currency(self, question: Question) -> None:
        """Ask a question with its money told in the reporting currency."""
        form = replace(forms.NOW, currency=self.definitions.calendar.currency)
        self.client.query(forms.question_in(form, question, self.definitions))

    def _why(self, question: Question, types: Mapping[str, str]) -> None:
        """Ask for the events behind a row, and look whether the key names one row each."""
        key = ", ".join(question.key)
        needed = forms.row_columns(question)
        told = ", ".join(f"toString({name})" for name in needed)
        ((rows, keys, first),) = self.client.query(
            f"SELECT count(), uniqExact(tuple({key})), groupArray(1)(tuple({told or 1})) "
            f"FROM sales.{question.name}"
        ).result_rows
        if rows != keys:
            self._note(question.path, None, f"key: {key} does not name one row each")
            return
        if not first:
            default = ", ".join(
                f"toString(defaultValueOfTypeName('{forms.quoted_type(types[name])}'))"
                for name in needed
            )
            first = self.client.query(f"SELECT {default or 1}").result_rows
        given = {f"row_{name}": value for name, value in zip(needed, first[0], strict=False)}
        sql = forms.events_behind(question, self.definitions, types, forms.NOW)
        self.client.query(sql, parameters=given)

    def _question_comments(self, question: Question, columns: Sequence[str]) -> None:
        for name in columns:
            if not question.comments.get(name):
                line = line_of(question.sql, name)
                self._note(question.path, line, f"column {name} has no comment (`-- * {name}: …`)")
        lines = question.sql.splitlines()
        for name in question.comments:
            if name not in columns:
                line = next((n for n, text in enumerate(lines, 1) if f"* {name}:" in text), None)
                self._note(question.path, line, f"{name} has a comment and is no column")

    def _slice(self, table: DerivedTable, order: int) -> str:
        """Return the effective events in one of the orders, shared by all tables of a reading."""
        reading = table.reading
        name = f"sales_store.trial_{reading}_{order}"
        if name not in self.slices:
            alike = [one for one in self.definitions.tables.values() if one.reading == reading]
            fields = frozenset().union(*(rendering.fields_of(one) for one in alike))
            effective = rendering.effective_slice(
                reading, fields, "1", f"({rendering.crowded(rendering.grouped(reading, '1'))})"
            )
            self.client.command(
                f"CREATE OR REPLACE TABLE {name} ENGINE = Memory AS "
                f"SELECT * FROM ({effective}) ORDER BY {ORDERS[order]}"
            )
            self.slices.add(name)
        return name

    def _columns(self, select: str) -> list[str]:
        return [name for name, _ in generations.describe(self.client, select)]

    def _fingerprint(
        self, select: str, threads: int = 1, given: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Return, per column, a number that any changed value changes and no order of rows does."""
        result = self.client.query(
            "SELECT * APPLY (x -> sum(cityHash64(toString(x)))), count(), "
            f"sum(cityHash64(toString(tuple(*)))) FROM ({select})",
            parameters=given,
            settings={"max_threads": threads},
        )
        *columns, _, _ = result.column_names
        names = [re.sub(r"^sum\(cityHash64\(toString\((.*)\)\)\)$", r"\1", one) for one in columns]
        return dict(zip((*names, "", " "), result.result_rows[0], strict=True))

    @contextmanager
    def _blaming(self, path: Path, sql: str) -> Iterator[None]:
        try:
            yield
        except ClickHouseError as error:
            reason = reason_of(str(error))
            self._note(path, _line_in(str(error), sql), reason)

    def _note(self, path: Path, line: int | None, problem: str) -> None:
        self.findings.append(Finding(path, line, problem))


def _line_in(message: str, sql: str) -> int | None:
    """Return the line of a file that an error of the engine is about, where it says so."""
    if match := _PLACE.search(message):
        return int(match[1])
    for name in _NAMES.findall(message):
        if line := line_of(sql, name.rpartition(".")[2]):
            return line
    return None


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    return ", ".join(name for name in one if name.strip() and one[name] != other.get(name))
