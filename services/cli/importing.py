"""`salestape import`: a user's files onto the tape, by a shipped importer or one of their own."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import failures, output
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import Data, Json

if TYPE_CHECKING:
    from services.importers.summary import Summary


@app.command("import")
def import_(
    importer: Annotated[
        str,
        typer.Argument(
            metavar="DIR_OR_NAME",
            help="maven-crm, adventureworks, online-retail, or a folder of SQL of your own.",
        ),
    ],
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files and folders, or input=file.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and count only; nothing is appended.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects",
            metavar="FILE",
            show_default=False,
            help="Write everything rejected there, as JSON lines.",
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Import files: each row that an importer's SQL makes of them becomes an event.

    The same files again add nothing. Ends with code 1 when anything was rejected.
    """
    from services.importers import ImportStopped

    try:
        summary = _run(importer, paths, dry_run, rejects, data)
    except ImportStopped as stopped:
        _tell(stopped.summary, as_json)
        raise
    _tell(summary, as_json)
    if summary.rejected:
        raise typer.Exit(failures.FAILED)


def _run(
    importer: str, paths: list[str], dry_run: bool, rejects: Path | None, data: Path | None
) -> "Summary":
    from services.cli.engine import memory_engine
    from services.importers import Progress, find, run
    from services.importers.files import assign
    from services.importers.rehearsal import Rehearsal

    found = find(importer)
    assign(found, paths)  # what is missing is said before anything is opened
    with ExitStack() as stack:
        advance = stack.enter_context(output.progress())

        def report(progress: Progress) -> None:
            advance(f"{progress.phase} {progress.label}", progress.done, progress.total)

        if dry_run:
            client = stack.enter_context(memory_engine())
            return run(
                found, paths, Rehearsal(), client, dry_run=True, progress=report, rejects=rejects
            )
        platform = stack.enter_context(open_platform(data, "import"))
        client = stack.enter_context(platform.import_engine())
        summary = run(found, paths, platform, client, progress=report, rejects=rejects)
        platform.wait_until_derived(lambda done, total: advance("deriving", done, total))
        return summary


def _tell(summary: "Summary", as_json: bool) -> None:
    if as_json:
        output.write_json(_document(summary))
        return
    from rich.table import Table

    console = output.out()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    for read in summary.files:
        table.add_row("rows read", f"{read.rows:,}", read.path)
    for kind, count in sorted(summary.produced.items()):
        table.add_row("events made", f"{count:,}", kind)
    could = "on an empty tape; nothing was appended" if summary.dry_run else ""
    table.add_row("appended", f"{summary.appended:,}", could)
    table.add_row("already there", f"{summary.already_there:,}")
    table.add_row(
        "in conflict", f"{summary.conflicts:,}", "see sales.conflicts" if summary.conflicts else ""
    )
    table.add_row("rejected", f"{summary.rejected:,}")
    console.print(table)
    for sample in summary.samples.values() if summary.dry_run else ():
        console.print(f"  for example {json.dumps(sample)}", soft_wrap=True)
    for reject in summary.rejects:
        console.print(f"  {reject.place}: {reject.reason}", soft_wrap=True)
    if summary.rejected > len(summary.rejects):
        output.note(f"  and {summary.rejected - len(summary.rejects):,} more; see --rejects FILE")
    for path in summary.unused:
        output.note(f"not used: {path}")
    for remark in summary.notes:
        output.note(f"note: {remark}")


def _document(summary: "Summary") -> dict[str, Any]:
    return {
        "importer": summary.importer,
        "dry_run": summary.dry_run,
        "files": [
            {"input": read.input, "path": read.path, "rows": read.rows} for read in summary.files
        ],
        "unused": summary.unused,
        "rows": summary.rows,
        "events": summary.events,
        "produced": summary.produced,
        "appended": summary.appended,
        "already_there": summary.already_there,
        "conflicts": summary.conflicts,
        "rejected": summary.rejected,
        "rejects": [
            {
                "file": reject.file,
                "row": reject.row,
                "field": reject.field,
                "script": reject.script,
                "reason": reject.reason,
                "event": reject.event,
            }
            for reject in summary.rejects
        ],
        "samples": summary.samples if summary.dry_run else {},
        "notes": summary.notes,
    }
