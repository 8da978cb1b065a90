"""A worker of the cluster size: a Faust app that hosts both loops, beside others of its group.

Faust gives the process its life: the worker, its supervision, the agent, the timers, the leader.
The records come another way: a service reads them in batches under the group's own name, and hands
whole batches to the agent over a channel. Faust's tables, `take` and `exactly_once` are not used:
the truth about positions is the warehouse's.
"""

import asyncio
import logging
import os
import signal
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import faust
from faust.exceptions import NotReady

from infra.clock import monotonic
from infra.settings import KafkaSettings
from infra.tape import Tape, TapeRefused, TapeUnavailable
from infra.tape.kafka_group import GroupReader
from infra.warehouse import FAILURES, Warehouse
from projections.registry import Definitions
from services.projector import store
from services.projector.append import Appender, DeadLetters, tune_collector
from services.projector.appending import Appending, Work
from services.projector.derive import DeriveLoop
from services.projector.process import Process, SteadyChannel, broker_options
from services.projector.rounds import Rounds
from services.projector.standing import Standing

log = logging.getLogger(__name__)

REFRESH_SECONDS = 2.0
"""How often a worker looks what others did: a rebuild that was begun, a table that took over."""
WATCH_SECONDS = 2.0
COMMIT_SECONDS = 1.0
CLEANING_SECONDS = 600.0
DRAIN_SECONDS = 20.0
"""How long the batch and the round in hand may take at the end."""
GAVE_UP = 1


class Group(NamedTuple):
    """The tape that workers share, and what they are called together."""

    servers: Sequence[str]
    topic: str
    settings: KafkaSettings
    name: str
    session_seconds: float


class LeaderTimer(NamedTuple):
    """Work that one worker of the group does every so many seconds, in a thread.

    Two may do it in a split moment, so it must be harmless twice. It raises `TapeUnavailable` or
    the engine's error when it is to be tried again at the next time.
    """

    name: str
    seconds: float
    work: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a worker does at a time."""

    batch_size: int = 20_000
    derive_share: float = 0.8


class Worker:
    """One worker. `run` returns when it was told to stop, and raises what made it give up."""

    def __init__(
        self,
        name: str,
        group: Group,
        tape: Tape,
        warehouse: Warehouse,
        definitions: Definitions,
        pace: Pace,
        dead_letters: DeadLetters | None = None,
        timers: Sequence[LeaderTimer] = (),
    ) -> None:
        """`name` is this process's alone, and names its working tables: letters and digits.

        `tape` is the group's, for who asks how long it is; who composes this closes it.
        """
        self.standing = Standing(name, group.name)
        self._group = group
        self._tape = tape
        self._appender = Appender(warehouse.client("append"), dead_letters=dead_letters)
        self._derive = DeriveLoop(warehouse.client("derive"), definitions, worker=name, leads=False)
        self._pace = pace
        self._timers = [*timers, LeaderTimer("cleaning", CLEANING_SECONDS, self._clean)]
        self._rounds = Rounds(
            self._derive,
            lambda: self._appending.behind,
            self.standing.trouble,
            pace.derive_share,
            self._look,
            self._stand,
        )
        self._gave_up: Exception | None = None
        self._late = False
        self._looked_at = 0.0

    def run(self) -> None:
        """Work until SIGINT or SIGTERM.

        Raises `TapeRefused` where this tape can never be read, and the engine's error where the
        store cannot be made.
        """
        store.prepare(self._appender.client)
        tune_collector()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="salestape-")))
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            stopped = Process(self._app(folder, loop), self._end, loop).live()
        if self._late or not stopped:
            # Threads that hang would keep the process from ending.
            log.warning("something hung and was left behind; the next worker goes on from there")
            os._exit(GAVE_UP if self._late or self._gave_up else 0)
        if self._gave_up is not None:
            raise self._gave_up

    # What Faust runs

    def _app(self, folder: Path, loop: asyncio.AbstractEventLoop) -> faust.App:
        app = faust.App(
            f"{self._group.name}.leader",
            loop=loop,
            datadir=folder,
            web_enabled=False,
            autodiscover=False,
            topic_replication_factor=self._group.settings.replication or 1,
            broker_session_timeout=self._group.session_seconds,
            broker_heartbeat_interval=self._group.session_seconds / 3,
            **broker_options(self._group.servers, self._group.settings),
        )
        batches = SteadyChannel(app, maxsize=1)
        hand_over: Any = batches.put  # typed for events, takes anything
        self._appending = Appending(
            GroupReader(*self._group[:4], self._group.session_seconds),
            self._appender,
            hand_over,
            self._pace.batch_size,
            self.standing.trouble,
            self._rounds.wake,
        )

        @app.agent(batches)
        async def append(stream: faust.StreamT[Work]) -> None:
            await self._appending.fold(stream)

        worker = self

        @app.service
        class Reading(faust.Service):
            async def on_start(self) -> None:
                worker._rounds.start()

            @faust.Service.task
            async def read(self) -> None:
                try:
                    await worker._appending.read()
                except TapeRefused as error:
                    worker._give_up(error)

            @faust.Service.timer(COMMIT_SECONDS)
            async def commit(self) -> None:
                await worker._appending.commit()

            @faust.Service.timer(WATCH_SECONDS)
            async def watch(self) -> None:
                await worker._watch(app)

        for one in self._timers:
            app.timer(one.seconds, on_leader=True, name=one.name)(self._periodic(one))
        return app

    def _periodic(self, timer: LeaderTimer) -> Callable[[], Any]:
        async def work() -> None:
            try:
                await asyncio.to_thread(timer.work)
            except (*FAILURES, TapeUnavailable) as error:
                log.error("%s failed and is tried again: %s", timer.name, error)
                self.standing.failing_timers[timer.name] = str(error)
            else:
                self.standing.failing_timers.pop(timer.name, None)

        return work

    def _give_up(self, error: Exception) -> None:
        self._gave_up = error
        os.kill(os.getpid(), signal.SIGTERM)  # the one way in which everything ends in order

    async def _watch(self, app: faust.App) -> None:
        if self._rounds.failed and self._gave_up is None:
            self._give_up(RuntimeError("the derive loop ended; what it said stands above"))
        try:
            self.standing.leader = app.is_leader()
        except NotReady:
            self.standing.leader = False
        try:
            ends = await asyncio.to_thread(self._tape.ends)
        except TapeUnavailable as error:
            self.standing.trouble["tape"] = str(error)
            return
        self.standing.trouble.pop("tape", None)
        self.standing.rejected = self._appender.rejected
        self.standing.last_derived_at = self._rounds.last_derived_at
        self.standing.look_at_appending(self._appending.turn, ends)
        await self._appending.watch(ends)

    # In the thread that derives

    def _look(self) -> None:
        """See what is to be derived here, and what others did; lead, where that is for this one."""
        derive, leads = self._derive, self.standing.leader
        partitions = frozenset(self._appending.turn.position)
        if leads and not derive.leads:
            derive.start()
            log.warning("this worker leads now")
        elif partitions != derive.partitions or monotonic() > self._looked_at + REFRESH_SECONDS:
            derive.resume()
            self._looked_at = monotonic()
        derive.leads, derive.partitions = leads, partitions
        self._stand()

    def _stand(self) -> None:
        self.standing.look_at_deriving(self._derive)

    def _clean(self) -> None:
        self._derive.drop_abandoned()

    # The end

    async def _end(self) -> None:
        in_time = await self._appending.drain(DRAIN_SECONDS)
        await asyncio.to_thread(self._rounds.stop, DRAIN_SECONDS)
        self._late = not in_time or self._rounds.running
        if not self._late:
            try:
                await asyncio.to_thread(self._derive.drop_working_tables)
            except FAILURES as error:
                log.warning("the working tables stay for the leader to drop: %s", error)
