"""The `salestape` command: its options, its commands, and how it ends.

Each command imports what it needs when it runs, so that `salestape --help` is there at once.
"""

import gc
import logging
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from services.cli import failures

EPILOG = """
**Exit codes**: 0 it worked; 1 the answer is no, or it failed (rejected events, failing checks, a
query the engine refuses); 2 the command cannot be understood; 3 the data cannot be reached (the
folder is in use, not writable, or the platform does not answer).

While `salestape up` or `salestape gateway` runs on a data folder, all other commands talk to it;
otherwise they open the folder themselves, or work on the tape and the server that SALESTAPE_TAPE
and SALESTAPE_WAREHOUSE name. Results go to stdout, everything else to stderr.
"""


ORDER = (
    "up", "import", "simulate", "show", "sql", "forecast", "replay", "drift", "feed", "signals",
    "rebuild", "check", "doctor", "dlq", "copy", "gateway", "projector", "console", "warehouse",
    "schema", "docs",
)  # fmt: skip
"""How the commands are listed: what one needs first comes first."""


class Commands(TyperGroup):
    """Lists commands in order, and ends them with one clear line where something went wrong."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands as help lists them."""
        return sorted(super().list_commands(ctx), key=ORDER.index)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; an error that a person can do something about becomes an exit code."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            failure = failures.of(error)
            if failure is None:
                raise
            typer.echo(f"salestape: {failure.message}", err=True)
            raise typer.Exit(failure.code) from error


app = typer.Typer(
    name="salestape",
    help="The tape of a sales floor: every call, email, stage change and purchase is an event.",
    epilog=EPILOG,
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"salestape {version('salestape')}")
        raise typer.Exit


@app.callback()
def salestape(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """The tape of a sales floor: every call, email, stage change and purchase is an event."""
    logging.basicConfig(level=logging.WARNING, format="salestape: %(message)s")
    for name in ("clickhouse_connect", "urllib3", "urllib3.connectionpool"):
        # What they log is raised as well, and told in the platform's own words.
        logging.getLogger(name).setLevel(logging.CRITICAL)


# Importing makes many objects and next to no garbage; to look for it takes a sixth of a start.
gc.set_threshold(50_000, 20, 20)

from services.cli import (  # noqa: E402, F401 - each module adds its commands to `app`
    asking,
    checking,
    console,
    copying,
    describing,
    dlq,
    doctoring,
    drifting,
    feeding,
    forecasting,
    gateway,
    importing,
    projecting,
    rebuilding,
    replaying,
    signalling,
    simulating,
    up,
    warehousing,
)
