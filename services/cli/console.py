"""`salestape console`: the console as a process of its own."""

from typing import Annotated

from services.cli.main import app
from services.cli.options import Data, Json, host_option, port_option, tell_what_happens


@app.command()
def console(
    host: Annotated[str | None, host_option("SALESTAPE_CONSOLE_API_KEY")] = None,
    port: Annotated[int | None, port_option(8430)] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show the console over a tape and a ClickHouse server. Ctrl-C stops it.

    SALESTAPE_TAPE and SALESTAPE_WAREHOUSE name them. It keeps nothing and needs no data folder of
    its own.
    """
    from infra.settings import ConsoleSettings, load
    from services.cli.console_serving import serve_console
    from services.cli.house import ClusterHouse
    from services.cli.opening import data_folder
    from services.cli.serving import listen

    settings = load(ConsoleSettings, host=host, port=port)
    tell_what_happens()
    exactly = "port" in settings.model_fields_set
    with (
        ClusterHouse(data_folder(data), "console") as house,
        listen(settings.host, settings.port, exactly=exactly) as listener,
    ):
        serve_console(house, listener, settings, as_json=as_json)
