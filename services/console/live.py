"""What all sessions share: loops that run while somebody watches, and stop when nobody does.

One follows the feed, one takes the pulse, two keep the board of panels; each tells every session.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from infra.clock import monotonic
from services.console.board import Board
from services.console.clocks import Clocks
from services.console.ports import ConsolePorts
from services.console.pulse import UNKNOWN, Beat, Pulse
from services.console.tail import News, Tail
from services.console.threads import Threads

log = logging.getLogger(__name__)

FEED_SECONDS = 0.25
PULSE_SECONDS = 1.0
BOARD_SECONDS = 0.25
LINGER_SECONDS = 15.0
"""How long the loops go on without a session: a page that is loaded again need not begin anew."""


class Watcher(Protocol):
    """A session, as the loops see it. None of these may block."""

    @property
    def clocks(self) -> Clocks:
        """The clocks its panels show."""

    def show_news(self, news: News) -> None:
        """Take up new events."""

    def show_feed_error(self, reason: str) -> None:
        """Say that the feed cannot be read; an empty reason says that it can again."""

    def show_beat(self, beat: Beat) -> None:
        """Show how the platform is."""

    def show_answers(self) -> None:
        """Show what the board knows for the clocks."""


class Live:
    """The loops and who watches them. Lives on one event loop."""

    def __init__(self, ports: ConsolePorts) -> None:
        self.ports = ports
        self.threads = Threads()
        self.tail = Tail(ports.feed, self.threads)
        self.board = Board(ports.panels, self.threads)
        self.beat = UNKNOWN
        self.feed_error = ""
        self._pulse = Pulse()
        self._watchers: set[Watcher] = set()
        self._until = 0.0
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def join(self, watcher: Watcher) -> None:
        """Add a session; the first one starts the loops."""
        self._watchers.add(watcher)
        for turn, seconds in (
            (self._follow, FEED_SECONDS),
            (self._listen, PULSE_SECONDS),
            (self._answer_now, BOARD_SECONDS),
            (self._answer_then, BOARD_SECONDS),
        ):
            name = turn.__name__
            if name not in self._tasks or self._tasks[name].done():
                if turn == self._follow:
                    self.tail.forget()  # what came meanwhile may be much more than a tick takes
                self._tasks[name] = asyncio.create_task(
                    self._while_watched(turn, seconds), name=f"console{name}"
                )

    def leave(self, watcher: Watcher) -> None:
        """Remove a session; a while after the last one the loops end."""
        self._watchers.discard(watcher)
        self._until = monotonic() + LINGER_SECONDS

    async def close(self) -> None:
        """End the loops, and wait until no port is being asked."""
        self._watchers.clear()
        tasks = tuple(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.threads.close()

    async def _while_watched(self, turn: Callable[[], Awaitable[None]], seconds: float) -> None:
        while self._watchers or monotonic() < self._until:
            try:
                await turn()
            except Exception:
                # A fault of the page must not end it for everybody; it is logged in full.
                log.exception("the console stumbled; it goes on")
            await asyncio.sleep(seconds)

    async def _follow(self) -> None:
        try:
            news = await self.tail.advance()
        # Whatever the port raises is told above the feed, until it can be read again.
        except Exception as error:  # noqa: BLE001
            self._tell_feed_error(str(error) or type(error).__name__)
            return
        self._tell_feed_error("")
        if news.items or news.skipped or news.first:
            for watcher in tuple(self._watchers):
                watcher.show_news(news)

    def _tell_feed_error(self, reason: str) -> None:
        if reason == self.feed_error:
            return
        self.feed_error = reason
        if reason:
            log.warning("the feed cannot be read: %s", reason)
        for watcher in tuple(self._watchers):
            watcher.show_feed_error(reason)

    async def _listen(self) -> None:
        try:
            health = await self.threads.run(self.ports.panels.health)
        # Whatever the port raises is told in the header, until it answers again.
        except Exception as error:  # noqa: BLE001
            self.beat = self._pulse.silent(str(error) or type(error).__name__)
        else:
            self.beat = self._pulse.beat(health, monotonic())
        for watcher in tuple(self._watchers):
            watcher.show_beat(self.beat)

    async def _answer_now(self) -> None:
        wanted = {watcher.clocks for watcher in self._watchers}
        self.board.keep(wanted)
        await self._answer({clocks for clocks in wanted if clocks.live})

    async def _answer_then(self) -> None:
        # A loop of its own, because a question about another time may take long.
        await self._answer({one.clocks for one in self._watchers if not one.clocks.live})

    async def _answer(self, wanted: set[Clocks]) -> None:
        version = await self.board.version() if wanted else None
        for clocks in wanted:
            if self.board.is_due(clocks, version):
                await self.board.refresh(clocks, version, partial(self._tell_answers, clocks))

    def _tell_answers(self, clocks: Clocks) -> None:
        for watcher in tuple(self._watchers):
            if watcher.clocks == clocks:
                watcher.show_answers()
