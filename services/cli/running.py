"""The gateway between its start and its end: its parts over an opened house, served.

`services.cli.whole` adds what `salestape up` has besides. The order matters: what is asked starts
before those who ask, and ends after them.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from socket import socket
from typing import Generic, TypeVar

from clickhouse_connect.driver.client import Client
from fastapi import FastAPI

from infra.settings import GatewaySettings
from infra.tape import TapeRefused, TapeUnavailable
from services.cli import output
from services.cli.house import House
from services.cli.serving import address_of, serve
from services.cli.teams import Teams
from services.cli.web import application
from services.feed.hub import FeedHub

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0
FOLLOW_SECONDS = 1.0
"""How often the gateway reads what others have appended, so that no caller waits for that."""

H = TypeVar("H", bound=House)


class Running(Generic[H]):
    """A gateway that `run` starts, serves and ends; it must have the lock of its data folder."""

    title = "The gateway is at"

    def __init__(
        self, house: H, listener: socket, settings: GatewaySettings, *, as_json: bool
    ) -> None:
        self.house = house
        self.listener = listener
        self.settings = settings
        self.address = address_of(listener)
        self.as_json = as_json
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM, and end every part before it returns."""
        with ExitStack() as stack:
            hub = FeedHub(self.house.tape)
            stack.callback(hub.close)
            teams = Teams(self._client(stack))
            app = application(self.house, self.settings, hub, teams, self._client(stack))
            self._add_parts(app, teams, stack)
            stack.callback(self._end)
            self._begin("teams", lambda: teams.run(self._stop))
            self._begin("gateway-follow", self._follow)
            serve(app, hub, self.listener, self._started, self._stop.set)

    def _add_parts(self, app: FastAPI, teams: Teams, stack: ExitStack) -> None:
        """Start what the platform has besides the gateway; `stack` ends it."""

    def _client(self, stack: ExitStack) -> Client:
        client = self.house.warehouse.fresh_client()
        stack.callback(client.close)
        return client

    def _begin(self, name: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)
        return thread

    def _end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)

    def _follow(self) -> None:
        """Read what is on the tape before the first event comes, and then what others append."""
        told = ""
        while not self._stop.is_set():
            try:
                self.house.intake.follow()
                told = ""
            except TapeUnavailable as error:
                if str(error) != told:
                    told = str(error)
                    log.info("%s", error)
            except TapeRefused as error:
                log.error("the gateway cannot take events: %s", error)
                return
            self._stop.wait(FOLLOW_SECONDS)

    async def _started(self) -> None:
        if self.house.lock is not None:
            self.house.lock.publish(self.address)
        await self._prepare()
        if not self._stop.is_set():
            self._tell()

    async def _prepare(self) -> None:
        """Do what must be done before people are told that it is there."""

    def _tell(self) -> None:
        if self.as_json:
            pid = None if self.house.lock is None else self.house.lock.holder.pid
            output.write_json_line(
                {"address": self.address, "data": str(self.house.folder), "pid": pid}
            )
            return
        output.out().print(f"{self.title} {self.address}", style="bold")
        output.note(f"data {self.house.folder}; feed {self.address}/feed; Ctrl-C stops it")
