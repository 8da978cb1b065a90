"""`salestape up`: the whole platform in one process."""

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import output
from services.cli.main import app
from services.cli.options import Data, Json

if TYPE_CHECKING:
    import socket

    from infra.settings import GatewaySettings
    from services.cli.house import House
    from services.simulator.live import LiveFloor

BACKFILL_DAYS = 180
FLOOR_ACCOUNTS = 500
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1


@app.command()
def up(
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate/--no-simulate",
            help="Also run a simulated sales floor, with half a year of history where it is new.",
        ),
    ] = False,
    rate: Annotated[
        str, typer.Option(metavar="RATE", help="With --simulate: how many events, such as 20/s.")
    ] = "5/s",
    host: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            show_default=False,
            help="Where to listen; 127.0.0.1 by default. Others need SALESTAPE_GATEWAY_API_KEY.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            show_default=False,
            help="The port; by default 8420, or the next one that is free.",
        ),
    ] = None,
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
    logging.getLogger().setLevel(logging.INFO)
    for name in ("httpx", "nicegui", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    _run(data_folder(data), settings, events_per_second if simulate else None, as_json)


def _run(folder: Path, settings: "GatewaySettings", rate: float | None, as_json: bool) -> None:
    from services.cli.house import House
    from services.cli.serving import listen

    exactly = "port" in settings.model_fields_set
    with House(folder, "up") as house, listen(settings.host, settings.port, exactly=exactly) as at:
        platform = _Running(house, at, rate, as_json)
        try:
            platform.serve(settings)
        finally:
            platform.stop()


class _Running:
    """A platform between its start and its end."""

    def __init__(
        self, house: "House", listener: "socket.socket", rate: float | None, as_json: bool
    ) -> None:
        from services.cli.serving import address_of

        self.house = house
        self.listener = listener
        self.address = address_of(listener)
        self.rate = rate
        self.as_json = as_json
        self._stop = threading.Event()
        self._live = threading.Event()
        self._threads: list[threading.Thread] = []
        self._floor: LiveFloor | None = None

    def serve(self, settings: "GatewaySettings") -> None:
        """Start everything and serve until told to stop."""
        from services.cli.serving import serve
        from services.cli.web import application

        app = application(self.house, settings)
        self.house.projector.start()
        serve(app, self.listener, self._started, self._stop.set)

    async def _started(self) -> None:
        from starlette.concurrency import run_in_threadpool

        self.house.lock.publish(self.address)
        if self.rate is not None:
            await run_in_threadpool(self._start_floor, self.rate)
        if not self._stop.is_set():
            self._tell()

    def _start_floor(self, rate: float) -> None:
        """Run the floor in a thread; return when its history is derived."""
        from services.cli.embedded import plain
        from services.cli.floor import live_floor
        from services.simulator.config import FloorConfig

        self._floor = live_floor(
            FloorConfig(accounts=FLOOR_ACCOUNTS),
            rate,
            self.house.intake,
            lambda sql: plain(self.house.reader.query(sql)),
            self._stop,
            BACKFILL_DAYS,
            self._live.set,
        )
        thread = threading.Thread(
            target=self._floor.run, args=(self._stop,), name="sales-floor", daemon=True
        )
        thread.start()
        self._threads.append(thread)
        with output.progress() as advance:
            while thread.is_alive() and not self._live.wait(POLL_SECONDS):
                advance("half a year of sales", self._floor.outcomes.total(), None)
            end = self.house.tape.ends()
            while not self._stop.is_set() and not self._derived(end):
                advance("deriving", self._floor.outcomes.total(), None)
                self._stop.wait(POLL_SECONDS)

    def _derived(self, end: dict[int, int]) -> bool:
        health = self.house.projector.health()
        return all(
            position.get(partition, 0) >= stop
            for generation, position in health.tables.items()
            if generation.partition("__")[0] not in health.failures
            for partition, stop in end.items()
        )

    def _tell(self) -> None:
        if self.as_json:
            held = self.house.lock.holder
            output.write_json_line(
                {"address": self.address, "data": str(self.house.folder), "pid": held.pid}
            )
            return
        console = output.out()
        console.print(f"Salestape is up at {self.address}", style="bold", markup=False)
        output.note(f"data {self.house.folder}; feed {self.address}/feed; Ctrl-C stops it")

    def stop(self) -> None:
        """End what runs beside the server."""
        self._stop.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        self.house.projector.stop(STOP_SECONDS)
