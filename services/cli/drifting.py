"""`salestape drift`: where an export of a CRM and the tape tell a deal otherwise."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from services.cli import failures, output
from services.cli.asking import Csv, one_form, write
from services.cli.clocks import both_clocks
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import AsOf, Data, Json, KnownAt

if TYPE_CHECKING:
    from services.audit.drift import Difference, Export
    from services.importers.summary import Summary
    from services.query.answers import Answer

LOT = 50_000
"""How many deals of the tape are read at once."""
SHOWN = 50
"""How many differences a table for people shows."""


class Asked(Protocol):
    """Answers SQL, as a `Platform` does."""

    def query(self, sql: str) -> "Answer":
        """Run one statement that reads; values are as JSON has them."""


@app.command()
def drift(
    importer: Annotated[
        str,
        typer.Argument(
            metavar="DIR_OR_NAME", help="The importer that reads the export, as for `import`."
        ),
    ],
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files and folders, or input=file.")
    ],
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Hold an export of a CRM against the tape, deal by deal; nothing is appended.

    Only what the export tells of a deal is compared. Ends with code 1 where anything differs.
    """
    one_form(as_csv, as_json)
    as_of, known_at = both_clocks(as_of, known_at)
    with ExitStack() as stack:
        advance = stack.enter_context(output.progress())
        export, summary = _read(importer, paths, advance)
        platform = stack.enter_context(open_platform(data, "drift"))
        count, found = compared(platform, export, as_of, known_at)
    _tell(found, as_csv, as_json)
    for reject in summary.rejects:
        output.note(f"{reject.place}: {reject.reason}")
    if summary.rejected:
        output.note(f"{summary.rejected:,} rows are no events, and what they tell is not compared")
    differing = len({one.deal for one in found})
    output.note(f"{count:,} deals compared, {differing:,} differ")
    if found or summary.rejected:
        raise typer.Exit(failures.FAILED)


def _read(importer: str, paths: list[str], advance: output.Advance) -> "tuple[Export, Summary]":
    from services.audit.drift import Export
    from services.cli.engine import memory_engine
    from services.importers import Progress, find, run

    def report(progress: Progress) -> None:
        advance(f"{progress.phase} {progress.label}", progress.done, progress.total)

    export = Export()
    with memory_engine() as client:
        return export, run(find(importer), paths, export, client, progress=report)


def compared(
    platform: "Asked", export: "Export", as_of: str | None, known_at: str | None
) -> "tuple[int, list[Difference]]":
    """Return how many deals were compared, and every difference, by deal.

    A deal of the tape that the export does not know counts where the export knows its pipeline.
    """
    from services.audit.drift import DEAL, Difference, differences

    states = export.states()
    pipelines = {state.pipeline for state in states.values()}
    found: list[Difference] = []
    unseen, others = set(states), 0
    for row in _rows(platform, as_of, known_at):
        deal = row["deal"]
        if deal in states:
            unseen.discard(deal)
            found += differences(deal, states[deal], row)
        elif row["pipeline"] in pipelines:
            others += 1
            found.append(Difference(deal, DEAL, None, row["status"]))
    for deal in unseen:
        found += differences(deal, states[deal], None)
    return len(states) + others, sorted(found, key=lambda one: one.deal)


def _rows(platform: "Asked", as_of: str | None, known_at: str | None) -> Iterator[dict[str, str]]:
    from infra.clock import now
    from infra.warehouse.embedded import quoted
    from services.audit.drift import ROW

    source = "sales.deals"
    if as_of or known_at:
        end = now().isoformat()
        source = (
            f"sales.deals_at(as_of = {quoted(as_of or end)}, known_at = {quoted(known_at or end)})"
        )
    last = ""
    while True:
        lot = output.rows_of(
            platform.query(
                f"SELECT {ROW} FROM {source} WHERE deal > {quoted(last)} ORDER BY deal LIMIT {LOT}"
            )
        )
        yield from lot
        if len(lot) < LOT:
            return
        last = lot[-1]["deal"]


def _tell(found: "list[Difference]", as_csv: bool, as_json: bool) -> None:
    from services.query.answers import Answer

    answer = Answer(
        ["deal", "field", "export", "tape"],
        ["String", "String", "Nullable(String)", "Nullable(String)"],
        list(found),
    )
    if as_json or as_csv:
        write(answer, as_csv, as_json)
    elif found:
        output.write_table(Answer(answer.columns, answer.types, answer.rows[:SHOWN]), counted=False)
        for field, count in Counter(one.field for one in found).most_common():
            output.note(f"{field}: {count:,} differ")
