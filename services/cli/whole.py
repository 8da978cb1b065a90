"""The whole platform in one process: the gateway with the projector, the console and, where it is
wished for, a simulated sales floor."""

import threading
from contextlib import ExitStack
from socket import socket

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from infra.settings import GatewaySettings, SignalSettings, load
from services.cli import output
from services.cli.console_feed import TapeFeed
from services.cli.direct import plain
from services.cli.floor import live_floor
from services.cli.following import is_derived
from services.cli.house import EmbeddedHouse
from services.cli.panels import WarehousePanels
from services.cli.running import STOP_SECONDS, Running
from services.cli.signalling import Looking
from services.cli.teams import Teams
from services.console import ConsolePorts, mount_console
from services.signals.raising import Signals
from services.simulator.config import FloorConfig

FLOOR_ACCOUNTS = 500
POLL_SECONDS = 0.1


class Whole(Running[EmbeddedHouse]):
    """A platform that `run` starts, serves and ends."""

    title = "Salestape is up at"

    def __init__(
        self,
        house: EmbeddedHouse,
        listener: socket,
        settings: GatewaySettings,
        floor: tuple[float, int] | None,
        *,
        as_json: bool,
    ) -> None:
        """`floor` is the rate of a simulated floor, in events a second, and the days of history it
        begins with where it is new; None runs none.
        """
        super().__init__(house, listener, settings, as_json=as_json)
        self.floor = floor
        self._live = threading.Event()
        self._rounds = 0

    def _add_parts(self, app: FastAPI, teams: Teams, stack: ExitStack) -> None:
        projector = self.house.projector
        projector.on_derived = self._count_round
        panels = WarehousePanels(self.house, self._client(stack), lambda: self._rounds)
        feed = TapeFeed(self.house.tape, teams, self._client(stack))
        mount_console(app, ConsolePorts(panels, feed))
        stack.callback(projector.stop, STOP_SECONDS)
        projector.start()
        self._raise_signals(stack)

    def _raise_signals(self, stack: ExitStack) -> None:
        settings = load(SignalSettings)
        if not settings.seconds:
            return
        signals = Signals(
            self._client(stack), self.house.intake, self.house.definitions.questions, settings.days
        )
        looking = Looking(signals, self.house.tape.ends, self._derived)
        self._begin("signals", lambda: looking.keep_on(settings.seconds, self._stop))

    def _count_round(self) -> None:
        self._rounds += 1

    async def _prepare(self) -> None:
        if self.floor is not None:
            await run_in_threadpool(self._start_floor, *self.floor)

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
        return is_derived(self.house.health(), end)
