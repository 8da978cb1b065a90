"""`salestape show` and `salestape sql`: questions and SQL, answered as a table, JSON or CSV."""

import sys
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import failures, output
from services.cli.clocks import both_clocks, clock_option
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import AsOf, Data, Json, KnownAt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.query.answers import Answer, Explained, QuestionInfo, Slices

MOST_LACKING = 8
"""How many tables and types of events are named that an empty answer lacks."""

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")]


def cut(option: str, kind: str, told: str) -> Any:
    return typer.Option(option, metavar=kind, show_default=False, help=told)


Currency = Annotated[
    str,
    cut(
        "--currency",
        "CODE",
        "Tell money in it, at the rate of each event's day; 'reporting' for your own.",
    ),
]


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
    why: Annotated[
        str | None,
        typer.Option(
            "--why",
            metavar="ROW",
            show_default=False,
            help="Show the events behind one row, named as 'stage=closing pipeline=main'.",
        ),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    by: Annotated[
        str, cut("--by", "DIMENSION", "One row for each rep, team, product, …; see the list.")
    ] = "",
    period: Annotated[
        str, cut("--period", "PERIOD", "One row for each day, week, month, quarter or year.")
    ] = "",
    since: Annotated[str, cut("--since", "TIME", "Only what came on that day or later.")] = "",
    until: Annotated[str, cut("--until", "TIME", "Only what came by the end of that day.")] = "",
    currency: Currency = "",
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", show_default=False, help="At most N rows."),
    ] = None,
    data: Data = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Answer a question, as of any two clocks; without a name, say which questions there are."""
    one_form(as_csv, as_json)
    as_of, known_at = both_clocks(as_of, known_at)
    from services.query.answers import Slices

    since = clock_option("--since", since or None) or ""
    until = clock_option("--until", until or None) or ""
    slices = Slices(by, period, since, until, currency)
    with open_platform(data, "show") as platform:
        if question is None:
            _list(platform.questions(), as_json)
            return
        if why is not None:
            from services.query.asking import row_told

            found = platform.why(question, row_told(why), as_of, known_at, slices)
            _write_why(found, as_csv, as_json)
            return
        answer = platform.show(question, as_of, known_at, limit, slices)
    write(answer, as_csv, as_json, slices)
    if answer.lacking:
        more = len(answer.lacking) - MOST_LACKING
        listed = ", ".join(answer.lacking[:MOST_LACKING]) + (
            f" and {more} more" if more > 0 else ""
        )
        output.note(f"{question} is made of what is not recorded here: {listed}")


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
    one_form(as_csv, as_json)
    statement = sys.stdin.read() if query == "-" else query
    if not statement.strip():
        raise failures.Misused("there is no query; give one, or - to read it from stdin")
    with open_platform(data, "sql") as platform:
        answer = platform.query(statement)
    write(answer, as_csv, as_json)


def one_form(as_csv: bool, as_json: bool) -> None:
    """Refuse two forms of one answer. Raises `Misused`."""
    if as_csv and as_json:
        raise failures.Misused("--csv and --json are two forms of one answer; give one of them")


def write(answer: "Answer", as_csv: bool, as_json: bool, slices: "Slices | None" = None) -> None:
    """Print an answer; a table for people is without the columns of `slices` not asked for."""
    if as_json:
        output.write_json(output.rows_of(answer))
    elif as_csv:
        output.write_csv(answer)
    else:
        output.write_table(_without_cuts(answer, slices) if slices else answer)


def _write_why(found: "Explained", as_csv: bool, as_json: bool) -> None:
    """Print a row and its events; as CSV the events alone."""
    if as_json:
        (row,) = output.rows_of(found.row)
        output.write_json({"row": row, "events": output.rows_of(found.events)})
    elif as_csv:
        output.write_csv(found.events)
    else:
        output.write_table(found.row, counted=False)
        output.out().print()
        output.write_table(found.events)


def _without_cuts(answer: "Answer", slices: "Slices") -> "Answer":
    """Return an answer for people: without the columns of slices and periods not asked for."""
    from services.query.answers import Answer

    unasked = {"slice": not slices.by, "period": not slices.period}
    kept = [place for place, name in enumerate(answer.columns) if not unasked.get(name)]
    if len(kept) == len(answer.columns):
        return answer
    return Answer(
        [answer.columns[place] for place in kept],
        [answer.types[place] for place in kept],
        [tuple(row[place] for place in kept) for row in answer.rows],
    )


def _list(questions: "Sequence[QuestionInfo]", as_json: bool) -> None:
    if as_json:
        output.write_json(
            [
                {
                    "question": one.name,
                    "theme": one.theme,
                    "summary": one.summary,
                    "description": one.description,
                    "key": list(one.key),
                    "why": one.why,
                    "slices": list(one.slices),
                    "periods": list(one.periods),
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
    output.note(
        "salestape show QUESTION answers one; --as-of and --known-at move its clocks, --why 'ROW' "
        "shows the events behind a row"
    )
