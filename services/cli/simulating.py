"""`salestape simulate`: a simulated sales floor, all at once or live."""

import re
import threading
from contextlib import ExitStack
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import failures, output
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import Data, Json

if TYPE_CHECKING:
    from collections import Counter

    from services.cli.platform import Platform
    from services.simulator.config import FloorConfig

LOT = 5_000


def rate_of(text: str) -> float:
    """Read a rate such as ``20/s``, ``20`` or ``300/min``, in events a second."""
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)\s*(?:/\s*(s|min|h))?", text.strip())
    rate = float(found[1]) / {"s": 1, "min": 60, "h": 3600, None: 1}[found[2]] if found else 0
    if not rate > 0:
        raise failures.Misused(f"--rate {text!r}: a rate is events a second, such as 20/s")
    return rate


@app.command()
def simulate(
    days: Annotated[int, typer.Option(min=1, help="How many days, all at once.")] = 365,
    accounts: Annotated[int, typer.Option(min=1, help="Companies in the market.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Where all chance comes from.")] = 1,
    start: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            show_default=False,
            help="The first day; by default as many days ago as are simulated.",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            show_default=False,
            help="Live from now on, such as 20/s, until it is stopped.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--for", metavar="SECONDS", show_default=False, help="With --rate: so long."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Put a simulated sales floor on the tape: the same seed and settings give the same events."""
    from pydantic import ValidationError

    from services.simulator.config import FloorConfig

    live = None if rate is None else rate_of(rate)
    if seconds is not None and live is None:
        raise failures.Misused("--for goes with --rate: what comes at once has no duration")
    try:
        given = {} if start is None else {"start": start.date()}
        config = FloorConfig(days=days, accounts=accounts, seed=seed, **given)
    except ValidationError as error:
        raise failures.Misused("; ".join(one["msg"] for one in error.errors())) from error
    if start is not None:
        _refuse_future(config)
    with open_platform(data, "simulate") as platform:
        if live is None:
            outcomes = _at_once(platform, config, start is not None)
        else:
            outcomes = _live(platform, config, live, seconds)
    _tell(config, outcomes, as_json)
    if outcomes["rejected"]:
        raise typer.Exit(failures.FAILED)


def _at_once(platform: "Platform", config: "FloorConfig", has_start: bool) -> "Counter[str]":
    from collections import Counter

    from services.cli.floor import start_of
    from services.simulator.floor import simulate as events_of

    first = config.start if has_start else start_of(platform.query, config)
    config = config.model_validate(config.model_dump() | {"start": first})
    _refuse_future(config)
    outcomes: Counter[str] = Counter()
    with output.progress() as advance:
        events = events_of(config)
        while lot := list(islice(events, LOT)):
            outcomes.update(one.status for one in platform.accept(lot))
            advance("simulating", outcomes.total(), None)
        platform.wait_until_derived(lambda done, total: advance("deriving", done, total))
    return outcomes


def _refuse_future(config: "FloorConfig") -> None:
    from infra import clock

    today = clock.now().date()
    last = date.fromordinal(config.start.toordinal() + config.days)
    if last > today:
        earliest = date.fromordinal(today.toordinal() - config.days)
        raise failures.Misused(
            f"{config.days} days from {config.start} end in the future, which no tape takes; "
            f"start on {earliest} or before, take fewer --days, or another --seed"
        )


def _live(
    platform: "Platform", config: "FloorConfig", rate: float, seconds: float | None
) -> "Counter[str]":
    from services.cli.floor import live_floor

    stop = threading.Event()
    floor = live_floor(config, rate, platform, platform.query, stop)
    with ExitStack() as stack:
        if seconds is not None:
            timer = threading.Timer(seconds, stop.set)
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
        else:
            output.note(f"simulating at {rate:g} events a second; Ctrl-C stops it")
        try:
            floor.run(stop)
        except KeyboardInterrupt:
            stop.set()
    platform.wait_until_derived()
    return floor.outcomes


def _tell(config: "FloorConfig", outcomes: "Counter[str]", as_json: bool) -> None:
    counts = {
        "events": outcomes.total(),
        "appended": outcomes["appended"],
        "already_there": outcomes["duplicate"],
        "conflicts": outcomes["conflict"],
        "rejected": outcomes["rejected"],
    }
    if as_json:
        output.write_json({"source": config.source, **counts})
        return
    console = output.out()
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    console.print(f"{config.source}: {told}", soft_wrap=True)
