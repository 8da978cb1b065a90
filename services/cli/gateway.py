"""`salestape gateway`: events, feed, questions, health and metrics as a process of its own."""

from typing import Annotated

from services.cli.main import app
from services.cli.options import Data, Json, host_option, port_option, tell_what_happens


@app.command()
def gateway(
    host: Annotated[str | None, host_option("SALESTAPE_GATEWAY_API_KEY")] = None,
    port: Annotated[int | None, port_option(8420)] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take events in and answer questions, over a tape and a ClickHouse server. Ctrl-C stops it.

    SALESTAPE_TAPE and SALESTAPE_WAREHOUSE name them; projectors keep the warehouse true to the
    tape. Several gateways may run side by side, each with a data folder of its own.
    """
    from infra.settings import GatewaySettings, load
    from services.cli.house import ClusterHouse
    from services.cli.opening import data_folder
    from services.cli.running import Running
    from services.cli.serving import listen

    settings = load(GatewaySettings, host=host, port=port)
    tell_what_happens()
    exactly = "port" in settings.model_fields_set
    with (
        ClusterHouse(data_folder(data), "gateway", alone=True) as house,
        listen(settings.host, settings.port, exactly=exactly) as listener,
    ):
        Running(house, listener, settings, as_json=as_json).run()
