"""`salestape show` and `salestape sql`: questions and SQL, answered as a table, JSON or CSV."""

import sys
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import failures, output
from services.cli.clocks import clock_option
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import AsOf, Data, Json, KnownAt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.query.answers import Answer, QuestionInfo

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")]


@app.command()
def show(
    question: Annotated[
        str | None,
        typer.Argument(
            metavar="QUESTION",
            show_default=False,
            help="A question, such as funnel, or a table; without one, lists the questions.",
        ),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", show_default=False, help="At most N rows."),
    ] = None,
    data: Data = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Answer a question, as of any two clocks; without a name, say which questions there are."""
    _one_form(as_csv, as_json)
    as_of, known_at = clock_option("--as-of", as_of), clock_option("--known-at", known_at)
    with open_platform(data, "show") as platform:
        if question is None:
            _list(platform.questions(), as_json)
            return
        answer = platform.show(question, as_of, known_at, limit)
    _write(answer, as_csv, as_json)


@app.command()
def sql(
    query: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="One statement that reads; - takes it from stdin."),
    ],
    data: Data = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Ask in SQL: the tables and questions of the database `sales`, in ClickHouse's dialect.

    For example: salestape sql --json "SELECT status, count() FROM deals GROUP BY status"
    """
    _one_form(as_csv, as_json)
    statement = sys.stdin.read() if query == "-" else query
    if not statement.strip():
        raise failures.Misused("there is no query; give one, or - to read it from stdin")
    with open_platform(data, "sql") as platform:
        answer = platform.query(statement)
    _write(answer, as_csv, as_json)


def _one_form(as_csv: bool, as_json: bool) -> None:
    if as_csv and as_json:
        raise failures.Misused("--csv and --json are two forms of one answer; give one of them")


def _write(answer: "Answer", as_csv: bool, as_json: bool) -> None:
    if as_json:
        output.write_json(output.rows_of(answer))
    elif as_csv:
        output.write_csv(answer)
    else:
        output.write_table(answer)


def _list(questions: "Sequence[QuestionInfo]", as_json: bool) -> None:
    if as_json:
        output.write_json(
            [
                {
                    "question": one.name,
                    "theme": one.theme,
                    "summary": one.summary,
                    "description": one.description,
                    "columns": [
                        {"name": column.name, "type": column.type, "comment": column.comment}
                        for column in one.columns
                    ],
                }
                for one in questions
            ]
        )
        return
    console = output.out()
    width = max((len(one.name) for one in questions), default=0)
    ordered = sorted(questions, key=lambda one: (one.theme, one.name))
    for theme, listed in groupby(ordered, key=lambda one: one.theme):
        console.print(theme, style="bold")
        for one in listed:
            console.print(f"  {one.name:<{width}}  {one.summary}")
    output.note("salestape show QUESTION answers one; --as-of and --known-at move its clocks")
