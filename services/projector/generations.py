"""Generations of derived tables, and the views that show one of them.

A changed definition is a new generation: a stored table of its own, filled beside the old one from
position 0, and shown by replacing the view. Which generation is shown is read off the view itself,
so there is no second truth about it.
"""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from itertools import takewhile

from clickhouse_connect.driver.client import Client

from infra.warehouse import FAILURES, layout_of, may_pass_later
from projections import forms, rendering
from projections.registry import Definitions, DerivedTable, Question
from services.projector.store import forget_positions

log = logging.getLogger(__name__)

Columns = list[tuple[str, str]]

_COLUMNS_FOLLOW = "  PROJECTION COLUMNS"
_COLUMN = " " * 4


def shown(client: Client, names: Iterable[str] | None = None) -> dict[str, str]:
    """Return, per derived table that people can read, the generation they see.

    `names` bounds the search: the engine writes out the text of every view it is asked about.
    """
    bound = "" if names is None else f" AND name IN ({', '.join(map(_quoted, names))})"
    rows = client.query(
        "SELECT name, create_table_query FROM system.tables "
        f"WHERE database = 'sales' AND engine = 'View'{bound}"
    ).result_rows
    found = {}
    for name, sql in rows:
        if match := re.search(rf"sales_store\.({re.escape(name)}__[0-9a-z_]+)\b", sql):
            found[name] = match[1]
    return found


def stored(client: Client) -> set[str]:
    """Return the generations that exist."""
    rows = client.query(
        "SELECT name FROM system.tables "
        "WHERE database = 'sales_store' AND match(name, '__[0-9a-f]{8}(_[0-9]+)?$')"
    ).result_rows
    return {name for (name,) in rows}


def create(client: Client, table: DerivedTable, generation: str) -> None:
    """Create the stored table of a generation where it is missing."""
    sql = table.table_sql.replace("$table", f"IF NOT EXISTS sales_store.{generation}")
    for statement in layout_of(client).table(sql):
        client.command(statement)


def next_generation(table: DerivedTable, existing: set[str]) -> str:
    """Return a name for a rebuild of the same definition: its number is above all there are."""
    own = [number_of(name) for name in existing if name.startswith(table.generation)]
    return f"{table.generation}_{max(own, default=0) + 1}"


def number_of(generation: str) -> int:
    """Return which build of its definition a generation is; the first has no number, and is 0."""
    return int(generation.partition("__")[2].partition("_")[2] or 0)


def drop(client: Client, generation: str) -> None:
    """Drop a generation nobody is shown any more, and forget how far it was."""
    # In this order: a table without a position begins anew, a position without a table would lie.
    forget_positions(client, generation)
    for statement in layout_of(client).without_table(f"sales_store.{generation}"):
        client.command(statement)


def fingerprint(definitions: Definitions, seen: Mapping[str, str]) -> str:
    """Return a digest of every view as it would be made now, and of the engine's table names."""
    texts = [rendering.events_now(), rendering.events_at(), str(rendering.EVENT_COMMENTS)]
    for table in definitions.tables.values():
        texts += [rendering.table_now(table, seen.get(table.name, "")), rendering.table_at(table)]
        texts += [table.purpose, table.table_sql, table.read_sql]
    for question in definitions.questions.values():
        texts += [question.sql]
        texts += [
            forms.question_in(form, question, definitions) for form in forms.forms_of(question)
        ]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def show(client: Client, table: DerivedTable, generation: str) -> None:
    """Let people see a generation: replace the table's view, and its form as of two clocks."""
    now = rendering.table_now(table, generation)
    columns = describe(client, now)
    comments = rendering.column_comments(table)
    _replace_view(client, table.name, now, columns, comments, table.purpose)
    _replace_view(
        client,
        f"{table.name}_at",
        rendering.table_at(table),
        columns,
        comments,
        f"{table.purpose} As of two clocks.",
    )


def show_events(client: Client) -> None:
    """Let people see the effective events."""
    now = rendering.events_now()
    columns = describe(client, now)
    for name, sql, purpose in (
        ("events", now, "The effective events: one row per live event, amendments applied."),
        ("events_at", rendering.events_at(), "The effective events as of two clocks."),
    ):
        _replace_view(client, name, sql, columns, rendering.EVENT_COMMENTS, purpose)


def hide_unknown(client: Client, definitions: Definitions) -> None:
    """Drop the views of tables and questions that are defined no more."""
    known = {form for name in definitions.readable for form in (name, f"{name}_at")} | {
        f"{question.name}{form.suffix}"
        for question in definitions.questions.values()
        for form in forms.forms_of(question)
    }
    rows = client.query("SELECT name FROM system.tables WHERE database = 'sales'").result_rows
    for (name,) in rows:
        if name not in known:
            client.command(f"DROP VIEW IF EXISTS sales.{name}{layout_of(client).everywhere}")


def show_questions(client: Client, definitions: Definitions) -> dict[str, str]:
    """Make every question's views, in order of their needs; return what failed, with the reason."""
    failed: dict[str, str] = {}
    for question in definitions.questions.values():
        try:
            show_question(client, question, definitions)
        except FAILURES as error:
            if may_pass_later(error):
                raise
            failed[question.name] = str(error)
            log.warning("question %s cannot be shown yet: %s", question.name, error)
    return failed


def show_question(client: Client, question: Question, definitions: Definitions) -> Columns:
    """Make the views of a question, one for each of its forms; return its columns."""
    columns = describe(client, forms.question_in(forms.NOW, question, definitions))
    summary = question.summary.split("\n\n")[0].replace("\n", " ")
    for form in forms.forms_of(question):
        _replace_view(
            client,
            f"{question.name}{form.suffix}",
            forms.question_in(form, question, definitions),
            columns,
            question.comments,
            f"{summary}{form.told}",
        )
    return columns


def describe(client: Client, sql: str) -> Columns:
    """Return the names and types of the columns a statement returns.

    As the statement tells them once its names are looked up, where it does: making it simpler, the
    passes after the first, takes as long again, and DESCRIBE plans it besides.
    """
    told = client.query(f"EXPLAIN QUERY TREE passes = 1 {sql}").result_rows
    lines = [line for (line,) in told]
    if lines[1:2] == [_COLUMNS_FOLLOW]:
        columns = takewhile(lambda line: line.startswith(_COLUMN), lines[2:])
        return [(name, kind) for name, _, kind in (line.strip().partition(" ") for line in columns)]
    return [(row[0], row[1]) for row in client.query(f"DESCRIBE TABLE ({sql})").result_rows]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _replace_view(
    client: Client,
    name: str,
    sql: str,
    columns: Columns,
    comments: Mapping[str, str],
    purpose: str,
) -> None:
    listed = ",\n".join(
        f"    `{column}` {kind} COMMENT {_quoted(comments.get(column, ''))}"
        for column, kind in columns
    )
    client.command(
        f"CREATE OR REPLACE VIEW sales.{name}{layout_of(client).everywhere}\n"
        f"(\n{listed}\n)\nAS {sql}\nCOMMENT {_quoted(purpose)}"
    )
