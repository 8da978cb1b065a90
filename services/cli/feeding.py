"""`salestape feed`: events as they come onto the tape."""

from itertools import islice
from typing import Annotated, Any

import orjson
import typer

from services.cli import output
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import Data, Json

Many = list[str] | None


@app.command()
def feed(
    types: Annotated[
        Many,
        typer.Option(
            "--type",
            metavar="TYPE",
            show_default=False,
            help="Only this type, or those that begin so, such as sales.deal; may be repeated.",
        ),
    ] = None,
    account: Annotated[Many, typer.Option(show_default=False, help="Only this account.")] = None,
    deal: Annotated[Many, typer.Option(show_default=False, help="Only this deal.")] = None,
    actor: Annotated[Many, typer.Option(show_default=False, help="Only this rep.")] = None,
    team: Annotated[Many, typer.Option(show_default=False, help="Only reps of this team.")] = None,
    since: Annotated[
        str,
        typer.Option(
            metavar="POSITION", help="start, now, or the position of an event to go on after."
        ),
    ] = "now",
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", show_default=False, help="End after N events."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Watch events as they are recorded; with --json one event a line, with its position."""
    from services.cli.platform import FeedRequest

    wanted = FeedRequest(types or (), account or (), deal or (), actor or (), team or (), since)
    with open_platform(data, "feed") as platform:
        if not platform.live:
            output.note(
                "no platform runs on this folder, so nothing new can come: "
                "--since start tells what is on the tape, `salestape up` starts one"
            )
        console = output.out()
        try:
            for event in islice(platform.feed(wanted), limit):
                if as_json:
                    output.write_json_line(event)
                else:
                    console.print(line_of(event), soft_wrap=True)
        except KeyboardInterrupt:
            return  # the usual way to stop watching


def line_of(event: dict[str, Any]) -> str:
    """Return an event on one line: when, what, about whom, and what it says."""
    about = " ".join(
        f"{name}={event[name]}" for name in ("account", "deal", "actor") if event.get(name)
    )
    told = orjson.dumps(event["data"]).decode()
    when = output.moment(event["time"])
    return f"{event['position']:>10}  {when:<26}  {event['type']:<32}  {about}  {told}"
