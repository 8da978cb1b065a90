"""The platform between its start and its end: every part over one opened data folder, served.

The order matters: what is asked starts before those who ask, and ends after them.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from socket import socket

from starlette.concurrency import run_in_threadpool

from infra.settings import GatewaySettings
from infra.tape import TapeUnavailable
from services.cli import output
from services.cli.console_feed import TapeFeed
from services.cli.embedded import plain
from services.cli.floor import live_floor
from services.cli.house import House
from services.cli.panels import WarehousePanels
from services.cli.serving import address_of, serve
from services.cli.state import table_of
from services.cli.teams import Teams
from services.cli.web import application
from services.console import ConsolePorts, mount_console
from services.feed.hub import FeedHub
from services.simulator.config import FloorConfig

log = logging.getLogger(__name__)

FLOOR_ACCOUNTS = 500
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1


class Running:
    """A platform that `run` starts, serves and ends."""

    def __init__(
        self,
        house: House,
        listener: socket,
        settings: GatewaySettings,
        floor: tuple[float, int] | None,
        *,
        as_json: bool,
    ) -> None:
        """`floor` is the rate of a simulated floor, in events a second, and the days of history it
        begins with where it is new; None runs none.
        """
        self.house = house
        self.listener = listener
        self.settings = settings
        self.address = address_of(listener)
        self.floor = floor
        self.as_json = as_json
        self._stop = threading.Event()
        self._live = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM, and end every part before it returns."""
        with ExitStack() as stack:
            clients = [stack.enter_context(self.house.warehouse.fresh_client()) for _ in range(4)]
            hub = FeedHub(self.house.tape)
            stack.callback(hub.close)
            teams = Teams(clients[0])
            panels = WarehousePanels(self.house, clients[1])
            self.house.projector.on_derived = panels.derived
            app = application(self.house, self.settings, hub, teams, clients[2])
            mount_console(app, ConsolePorts(panels, TapeFeed(self.house.tape, teams, clients[3])))
            stack.callback(self._end)
            self.house.projector.start()
            self._begin("teams", lambda: teams.run(self._stop))
            self._begin("gateway-follow", self._follow)
            serve(app, hub, self.listener, self._started, self._stop.set)

    def _begin(self, name: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)
        return thread

    def _end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        self.house.projector.stop(STOP_SECONDS)

    def _follow(self) -> None:
        """Let the gateway read what it must know before the first event comes."""
        try:
            self.house.intake.follow()
        except TapeUnavailable as error:
            log.info("%s", error)

    async def _started(self) -> None:
        self.house.lock.publish(self.address)
        if self.floor is not None:
            await run_in_threadpool(self._start_floor, *self.floor)
        if not self._stop.is_set():
            self._tell()

    def _start_floor(self, rate: float, history: int) -> None:
        """Run the floor in a thread; return when its history is derived."""
        floor = live_floor(
            FloorConfig(accounts=FLOOR_ACCOUNTS),
            rate,
            self.house.intake,
            lambda sql: plain(self.house.reader.query(sql)),
            self._stop,
            history,
            self._live.set,
        )
        thread = self._begin("sales-floor", lambda: floor.run(self._stop))
        with output.progress() as advance:
            while thread.is_alive() and not self._live.wait(POLL_SECONDS):
                advance("history of the sales floor", floor.outcomes.total(), None)
            end = self.house.tape.ends()
            while not self._stop.is_set() and not self._derived(end):
                advance("deriving", floor.outcomes.total(), None)
                self._stop.wait(POLL_SECONDS)

    def _derived(self, end: dict[int, int]) -> bool:
        health = self.house.projector.health()
        return all(
            position.get(partition, 0) >= stop
            for generation, position in health.tables.items()
            if table_of(generation) not in health.failures
            for partition, stop in end.items()
        )

    def _tell(self) -> None:
        if self.as_json:
            held = self.house.lock.holder
            output.write_json_line(
                {"address": self.address, "data": str(self.house.folder), "pid": held.pid}
            )
            return
        output.out().print(f"Salestape is up at {self.address}", style="bold", markup=False)
        output.note(f"data {self.house.folder}; feed {self.address}/feed; Ctrl-C stops it")
