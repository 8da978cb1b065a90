"""`salestape up`: the whole platform in one process."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.main import app
from services.cli.options import Data, Json, host_option, port_option, tell_what_happens

if TYPE_CHECKING:
    from infra.settings import GatewaySettings


@app.command()
def up(
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate/--no-simulate",
            help="Also run a simulated sales floor, with history where it is new.",
        ),
    ] = False,
    rate: Annotated[
        str, typer.Option(metavar="RATE", help="With --simulate: how many events, such as 20/s.")
    ] = "5/s",
    history: Annotated[
        int,
        typer.Option(
            min=0, metavar="DAYS", help="With --simulate: the days of history of a new floor."
        ),
    ] = 180,
    host: Annotated[str | None, host_option("SALESTAPE_GATEWAY_API_KEY")] = None,
    port: Annotated[int | None, port_option(8420)] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Run the whole platform: gateway, projector, feed, console, SQL. Ctrl-C stops it.

    Ends its start with the address it serves at.
    """
    from infra.settings import GatewaySettings, load
    from services.cli.opening import data_folder
    from services.cli.simulating import rate_of

    events_per_second = rate_of(rate)
    settings = load(GatewaySettings, host=host, port=port)
    tell_what_happens()
    _run(data_folder(data), settings, (events_per_second, history) if simulate else None, as_json)


def _run(
    folder: Path, settings: "GatewaySettings", floor: tuple[float, int] | None, as_json: bool
) -> None:
    from services.cli.house import EmbeddedHouse
    from services.cli.serving import listen
    from services.cli.whole import Whole

    exactly = "port" in settings.model_fields_set
    with (
        EmbeddedHouse(folder, "up") as house,
        listen(settings.host, settings.port, exactly=exactly) as listener,
    ):
        Whole(house, listener, settings, floor, as_json=as_json).run()
