"""`salestape signals`: what the platform noticed, and what a person does about it; and the thread
that keeps looking."""

import logging
import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra import clock
from services.cli import failures, output
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import Data, Json

if TYPE_CHECKING:
    from infra.settings import DataSettings
    from infra.tape import Tape
    from infra.warehouse import Warehouse
    from projections.registry import Definitions
    from services.cli.platform import Platform
    from services.projector.worker import LeaderTimer
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


class Looking:
    """Looks for what to raise and to clear, once all that was on the tape is derived."""

    def __init__(
        self,
        raising: "Signals",
        ends: Callable[[], dict[int, int]],
        derived: Callable[[dict[int, int]], bool],
    ) -> None:
        """`derived` tells whether what people read has come to an end of the tape."""
        self._raising = raising
        self._ends = ends
        self._derived = derived

    def look(self, stop: threading.Event) -> None:
        """Look once; not where deriving takes long, since what has half arrived looks idle.

        Raises what the engine and the tape raise; the next look makes up for it.
        """
        end, deadline = self._ends(), clock.monotonic() + FRESH_SECONDS
        while not self._derived(end):
            if clock.monotonic() > deadline or stop.wait(POLL_SECONDS):
                return
        self._raising.step()

    def keep_on(self, seconds: float, stop: threading.Event) -> None:
        """Look every so many seconds until `stop` is set."""
        from infra.tape import TapeUnavailable
        from infra.warehouse import FAILURES

        told = ""
        while not stop.wait(seconds):
            try:
                self.look(stop)
                told = ""
            except (*FAILURES, TapeUnavailable) as error:
                if str(error) != told:
                    log.warning("signals wait: %s", error)
                told = str(error)


def leader_timer(
    data: "DataSettings",
    tape: "Tape",
    warehouse: "Warehouse",
    definitions: "Definitions",
) -> "LeaderTimer | None":
    """Return the looking as work of the worker that leads; None where it is switched off.

    What it needs is opened when it is first called, so that only who leads pays for it.
    """
    from infra.settings import SignalSettings, load
    from services.projector.worker import LeaderTimer

    settings = load(SignalSettings)
    if not settings.seconds:
        return None

    @cache
    def opened() -> Looking:
        from services.cli.following import Following, is_derived
        from services.gateway.intake import Intake
        from services.gateway.rejects import RejectLog
        from services.gateway.warehouse_ledger import WarehouseLedger
        from services.signals.raising import Signals

        ledger = WarehouseLedger(warehouse.client("gateway"))
        intake = Intake(tape, ledger, RejectLog(data.data / "rejects"))
        following = Following(tape, warehouse.client("admin"), definitions)
        raising = Signals(warehouse.client("read"), intake, definitions.questions, settings.days)
        return Looking(raising, tape.ends, lambda end: is_derived(following.health(), end))

    return LeaderTimer("signals", settings.seconds, lambda: opened().look(threading.Event()))
