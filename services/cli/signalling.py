"""`salestape signals`: what the platform noticed, and what a person does about it; and the thread
that keeps looking."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra import clock
from services.cli import failures, output
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import Data, Json

if TYPE_CHECKING:
    from services.cli.platform import Platform
    from services.signals.raising import Signals

log = logging.getLogger(__name__)

FRESH_SECONDS = 10.0
"""How long deriving may take before what it shows is too old to judge who is idle."""
POLL_SECONDS = 0.2
SOURCE = "urn:salestape:cli"
LISTED = (
    "signal, account, rule, evidence, status, raised_at, acknowledged_by, cleared_at, outcome, note"
)

signals = typer.Typer(
    help="What the platform noticed: list it, take it on, clear it.", no_args_is_help=True
)
app.add_typer(signals, name="signals")

Name = Annotated[str, typer.Argument(metavar="SIGNAL", help="The name of the signal.")]
By = Annotated[str, typer.Option("--by", metavar="REP", help="Who does it.")]


@signals.command("list")
def list_signals(
    all_of_them: Annotated[
        bool, typer.Option("--all", help="Also those that were cleared.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the signals that stand, the newest first."""
    where = "1" if all_of_them else "status != 'cleared'"
    with open_platform(data, "signals") as platform:
        answer = platform.query(
            f"SELECT {LISTED} FROM signals WHERE {where} ORDER BY raised_at DESC, signal"
        )
    if as_json:
        output.write_json(output.rows_of(answer))
    else:
        output.write_table(answer)


@signals.command()
def acknowledge(
    signal: Name,
    by: By,
    note: Annotated[str | None, typer.Option(help="A word about it.", show_default=False)] = None,
    data: Data = None,
) -> None:
    """Say who looks after a signal."""
    with open_platform(data, "signals") as platform:
        _tell(platform, signal, "acknowledged", by, {"note": note})


@signals.command()
def clear(
    signal: Name,
    by: By,
    outcome: Annotated[
        str, typer.Option(help="What became of it, such as solved, false_alarm, passed.")
    ] = "solved",
    reason: Annotated[str | None, typer.Option(help="Why.", show_default=False)] = None,
    data: Data = None,
) -> None:
    """Clear a signal. It does not come back unless there is a new cause."""
    with open_platform(data, "signals") as platform:
        _tell(platform, signal, "cleared", by, {"outcome": outcome, "reason": reason})


def _tell(
    platform: "Platform", signal: str, step: str, by: str, data: dict[str, str | None]
) -> None:
    import orjson

    quoted = signal.replace("\\", "\\\\").replace("'", "\\'")
    found = output.rows_of(
        platform.query(f"SELECT account, status FROM signals WHERE signal = '{quoted}'")
    )
    if not found:
        raise failures.Misused(f"there is no signal {signal!r}; see `salestape signals list`")
    if found[0]["status"] == "cleared":
        raise failures.Misused(f"the signal {signal} is cleared already")
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": clock.new_id(),
        "source": SOURCE,
        "type": f"sales.signal.{step}.v1",
        "time": clock.now().isoformat(),
        "subject": signal,
        "actor": by,
        "data": {"signal": signal} | {name: told for name, told in data.items() if told},
    }
    if account := found[0]["account"]:
        event["account"] = account
    (outcome,) = platform.accept([orjson.dumps(event)])
    if outcome.status != "appended":
        raise failures.Misused(f"the signal was not {step}: {outcome.reason}")
    output.note(f"{signal} is {step}")


def keep_looking(
    raising: "Signals",
    seconds: float,
    ends: Callable[[], dict[int, int]],
    derived: Callable[[dict[int, int]], bool],
    stop: threading.Event,
) -> None:
    """Look every so often, when all that was on the tape a moment ago is derived."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.tape import TapeUnavailable

    told = ""
    while not stop.wait(seconds):
        try:
            if _waited(ends, derived, stop):
                raising.step()
                told = ""
        except (ClickHouseError, TapeUnavailable) as error:
            if str(error) != told:
                log.warning("signals wait: %s", error)
            told = str(error)


def _waited(
    ends: Callable[[], dict[int, int]],
    derived: Callable[[dict[int, int]], bool],
    stop: threading.Event,
) -> bool:
    """Wait until the end of the tape is derived; False where that took long, or it is to stop."""
    end, deadline = ends(), clock.monotonic() + FRESH_SECONDS
    while not derived(end):
        if clock.monotonic() > deadline or stop.wait(POLL_SECONDS):
            return False
    return True
