"""`salestape rebuild`: derived tables made anew from the tape, beside the old ones."""

from typing import Annotated

import typer

from services.cli import failures, output
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import Data, Json


@app.command()
def rebuild(
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TABLE", show_default=False, help="Derived tables; without one, all."
        ),
    ] = None,
    no_wait: Annotated[
        bool,
        typer.Option(
            "--no-wait", help="Do not wait until the new ones are shown (with `salestape up`)."
        ),
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Build derived tables anew from the tape; the old ones serve until the new have caught up."""
    with output.progress() as advance, open_platform(data, "rebuild") as platform:
        rebuilt = platform.rebuild(
            tables or (),
            wait=not no_wait,
            progress=lambda done, total: advance("rebuilding", done, total),
        )
    if as_json:
        output.write_json(
            [
                {
                    "table": one.table,
                    "before": one.before,
                    "after": one.after,
                    "trouble": one.trouble,
                }
                for one in rebuilt
            ]
        )
    else:
        console = output.out()
        for one in rebuilt:
            after = one.after or (f"failed: {one.trouble}" if one.trouble else "being built")
            console.print(f"{one.table}: {one.before} -> {after}", soft_wrap=True)
    if any(one.trouble for one in rebuilt):
        raise typer.Exit(failures.FAILED)
