"""`salestape warehouse`: the embedded engine, served as ClickHouse servers are."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from services.cli.main import app
from services.cli.options import Data, Json, host_option, port_option

if TYPE_CHECKING:
    from pydantic import SecretStr

    from infra.settings import WarehouseSettings


@app.command()
def warehouse(
    host: Annotated[str | None, host_option("SALESTAPE_WAREHOUSE_PASSWORD")] = None,
    port: Annotated[int | None, port_option(8123)] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Serve the warehouse over ClickHouse's HTTP interface, for BI tools. Ctrl-C stops it.

    The user `default` reads the database `sales`; the user `writer`, with
    SALESTAPE_WAREHOUSE_WRITER_KEY, may do everything. One process has the data folder meanwhile.
    """
    from infra.settings import WarehouseSettings, load
    from services.cli.opening import data_folder

    settings = load(WarehouseSettings, host=host, port=port)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    _run(data_folder(data), settings, as_json)


def _run(folder: Path, settings: "WarehouseSettings", as_json: bool) -> None:
    from infra.lock import DataLock
    from infra.reading.limits import Limits
    from infra.settings import DataSettings, QuerySettings, load
    from infra.warehouse import Warehouse
    from services.cli import output
    from services.cli.guarding import Guard
    from services.cli.serving import address_of, listen, serve
    from services.warehouse.access import Gate
    from services.warehouse.app import warehouse_app
    from services.warehouse.house import House

    data, query = load(DataSettings, data=folder), load(QuerySettings)
    limits = Limits(query.max_seconds, query.max_memory_bytes, query.max_rows)
    gate = Gate(_secret(settings.password), _secret(settings.writer_key))
    exactly = "port" in settings.model_fields_set
    with (
        DataLock.acquire(data.data, "warehouse") as lock,
        listen(settings.host, settings.port, exactly=exactly) as listener,
        Warehouse(data.warehouse) as opened,
        House(opened, limits) as house,
    ):
        address = address_of(listener)

        async def started() -> None:
            lock.publish(address)
            if as_json:
                told = {"address": address, "data": str(data.data), "pid": lock.holder.pid}
                output.write_json_line(told)
            else:
                output.out().print(f"The warehouse is at {address}", style="bold")
                output.note(f"data {data.data}; user default reads; Ctrl-C stops it")

        endpoint = warehouse_app(house, gate, settings.statements)
        guarded = Guard(endpoint, loopback=settings.is_loopback, api_key=None)
        serve(guarded, None, listener, started, house.stop)


def _secret(value: "SecretStr | None") -> str | None:
    return None if value is None else value.get_secret_value()
