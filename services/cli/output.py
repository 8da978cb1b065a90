"""How commands print: results to stdout, everything else to stderr, progress on a terminal only."""

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from services.query.answers import Answer

WIDE = 10_000
"""The width where stdout is no terminal: lines are for programs there, and are never folded."""
BAR_CELLS = 8
RATES = ("conversion", "attainment", "rate", "share")
"""Columns whose name begins or ends so are parts of one, and get a bar."""

BOUNDS = ("_low", "_high")
"""Columns whose name ends so bound a rate, and need no bar of their own."""
SPARKS = "▁▂▃▄▅▆▇█"

Advance = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and how much there is, if known."""


_PLAIN: Any = {"highlight": False, "markup": False, "emoji": False}
"""What is printed is data: square brackets and colons in it mean nothing."""


def out() -> Console:
    """Return the console of results."""
    console = Console(**_PLAIN)
    return console if console.is_terminal else Console(width=WIDE, **_PLAIN)


def err() -> Console:
    """Return the console of everything that is no result."""
    return Console(stderr=True, **_PLAIN)


def note(text: str) -> None:
    """Tell a person something beside the result."""
    err().print(text, style="dim")


def write_json(document: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def write_json_line(document: Any) -> None:
    """Print one JSON document on one line, at once."""
    sys.stdout.write(orjson.dumps(document).decode() + "\n")
    sys.stdout.flush()


def write_csv(answer: Answer) -> None:
    """Print an answer as CSV with a header; NULL is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_cell(value) for value in row] for row in answer.rows)
    sys.stdout.write(text.getvalue())


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, (list, dict)) else value


def write_table(answer: Answer, *, counted: bool = True) -> None:
    """Print an answer as a table, with as many columns as the terminal has room for.

    Where it is `counted`, how many rows it has is told beside it.
    """
    console = out()
    shown = len(answer.columns)
    table = _table(answer, shown)
    while shown > 1 and Measurement.get(console, console.options, table).minimum > console.width:
        shown -= 1
        table = _table(answer, shown)
    console.print(table)
    if hidden := answer.columns[shown:]:
        note(f"{len(hidden)} more columns, with --json or --csv: {', '.join(hidden)}")
    if counted:
        note("1 row" if len(answer.rows) == 1 else f"{len(answer.rows):,} rows")


def _table(answer: Answer, shown: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, kind in zip(answer.columns[:shown], answer.types, strict=False):
        table.add_column(name, justify="right" if _is_number(kind) else "left", no_wrap=True)
    for row in answer.rows:
        table.add_row(
            *(
                _shown(name, kind, value)
                for name, kind, value in zip(
                    answer.columns, answer.types, row[:shown], strict=False
                )
            )
        )
    return table


def facts_table() -> Table:
    """Return an empty table of names and what is said of each."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def columns_table(*headings: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table with headings, those of numbers on the `right`."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left")
    return table


def _is_number(kind: str) -> bool:
    plain = kind.removeprefix("LowCardinality(").removeprefix("Nullable(")
    return plain.startswith(("Int", "UInt", "Float", "Decimal"))


def _shown(name: str, kind: str, value: Any) -> Text:
    if value is None:
        return Text("-", style="dim")
    if isinstance(value, float) and name.removesuffix("_low").removesuffix("_high").endswith(RATES):
        return Text(f"{value:.1%}") if name.endswith(BOUNDS) else rate(value)
    if isinstance(value, float) and name.startswith(RATES):
        return rate(value)
    if _is_number(kind):
        return Text(number(value))
    if isinstance(value, list) and value and all(_is_told_number(one) for one in value):
        return Text(sparkline([float(one) for one in value]), style="cyan")
    if isinstance(value, (list, dict)):
        listed = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return Text("; ".join(value) if listed else orjson.dumps(value).decode())
    if "DateTime" in kind and isinstance(value, str):
        return Text(moment(value))
    return Text(str(value))


def _is_told_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def sparkline(values: Sequence[float]) -> str:
    """Return numbers as a row of small bars, from the least or 0 to the most."""
    low, high = min(0.0, *values), max(0.0, *values)
    steps = (high - low) / (len(SPARKS) - 1)
    return "".join(SPARKS[round((value - low) / steps) if steps else 0] for value in values)


def rate(value: float) -> Text:
    """Return a part of one as a small bar and a percentage; the bar ends at one."""
    cells = max(0.0, min(1.0, value)) * BAR_CELLS
    full, rest = divmod(round(cells * 8), 8)
    bar = "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
    return Text.assemble((bar.ljust(BAR_CELLS), "cyan"), f"{value:>7.1%}")


def number(value: Any) -> str:
    """Return a number as people read it: 10,005,534 or 0.6315."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.2f}"
    sign = "-" if str(value).startswith("-") else ""
    whole, point, fraction = str(value).removeprefix("-").partition(".")
    return f"{sign}{int(whole):,}{point}{fraction}" if whole.isdecimal() else str(value)


def moment(text: str) -> str:
    """Return a time as people read it: seconds, and no more digits than it has."""
    return (
        text.replace("T", " ").removesuffix("Z").removesuffix(".000000").removesuffix(" 00:00:00")
    )


@contextmanager
def progress(wanted: bool = True) -> Iterator[Advance]:
    """Give a callback that shows progress on stderr where that is a terminal, else nothing."""
    console = err()
    if not wanted or not console.is_terminal:
        yield lambda _label, _done, _total: None
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)

        def advance(label: str, done: int, total: int | None) -> None:
            bar.update(task, description=label, completed=done, total=total)

        yield advance


def rows_of(answer: Answer) -> Sequence[dict[str, Any]]:
    """Return an answer whose values are as JSON has them as one object a row."""
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def size(number_of_bytes: int) -> str:
    """Return a number of bytes as people read it: 3.2 GB."""
    value, unit = float(number_of_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
