"""The append loop of a worker that shares the tape with others: reads on and hands batches over.

Same steps, other edges. The position to start from is the warehouse's own watermark, read after
each change of the assignment (a *turn*). Within a turn batches follow each other without a gap, and
a batch is appended only when it begins where the one before ended; whatever was lost on the way
(a batch that failed, one that was dropped) ends the turn, and the next begins at the watermark
again. So no watermark is ever written past a record that is not in the ledger, and a batch that a
worker still appends after its partition moved says nothing but the truth.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from infra.clock import monotonic
from infra.tape import TapeUnavailable
from infra.tape.kafka_group import GroupReader
from infra.warehouse import FAILURES
from services.projector import store
from services.projector.append import GATHER_SECONDS, Appender, AppendLater, Batch, prepared
from services.projector.rounds import POLL_SECONDS, RETRY_SECONDS, note

log = logging.getLogger(__name__)

READ_AHEAD = 2
"""How many batches are in hand at most: one in the engine, one ready for it."""
STUCK_SECONDS = 30.0
"""How long nothing may come of a partition that has more, before the consumer is made anew."""
FETCH_SECONDS = 90.0
"""How long a fetch may take: it waits while the group settles who reads what."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Turn:
    """One assignment of partitions, followed without a gap."""

    number: int
    position: dict[int, int]
    """Per partition assigned, the offset before which everything is in the ledger."""
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READ_AHEAD))
    in_hand: deque[Batch] = field(default_factory=deque)
    broken: bool = False
    """True where a batch was lost: what follows it must not be appended."""


@dataclass(frozen=True, slots=True)
class Work:
    """A batch on its way to be appended."""

    turn: Turn
    batch: Batch


class Appending:
    """Reads what the group assigns, and appends it. Lives in one event loop."""

    def __init__(
        self,
        reader: GroupReader,
        appender: Appender,
        hand_over: Callable[[Work], Awaitable[object]],
        batch_size: int,
        trouble: dict[str, str],
        on_appended: Callable[[], None],
    ) -> None:
        """`hand_over` brings work to who calls `fold`; `trouble` is where the loops say why they
        wait, as `read` and `append`."""
        self.turn = Turn(-1, {})
        self.behind = False
        """True while the last batch was a full one, so that more is likely waiting."""
        self._reader = reader
        self._appender = appender
        self._hand_over = hand_over
        self._batch_size = batch_size
        self._trouble = trouble
        self._on_appended = on_appended
        self._ending = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._committed: dict[int, int] = {}
        self._stuck: str | None = None
        self._since: dict[int, tuple[int, float]] = {}
        self._checks = ThreadPoolExecutor(1, thread_name_prefix="projector-validate")
        self._engine = ThreadPoolExecutor(1, thread_name_prefix="projector-append")

    # 1. and 2.: reading

    async def read(self) -> None:
        """Read and hand over batches until `drain`. Raises `TapeRefused`.

        A consumer that raised is never used again: aiokafka may pass over a record after an error.
        """
        self._idle.clear()
        try:
            while not self._ending.is_set():
                try:
                    await self._reader.open()
                    await self._follow()
                except TapeUnavailable as error:
                    note(self._trouble, "read", error)
                    self.turn.broken = True
                    await self._reader.close()
                    await self._pause(RETRY_SECONDS)
        finally:
            self._idle.set()

    async def _follow(self) -> None:
        turn: Turn | None = None
        while not self._ending.is_set():
            if turn is None or turn.broken or turn.number != self._reader.turn:
                turn = await self._begin()
                continue
            await turn.room.acquire()
            if not await self._read_on(turn):
                turn.room.release()
            elif not self.behind:
                await self._pause(GATHER_SECONDS)
            self._trouble.pop("read", None)

    async def _begin(self) -> Turn | None:
        """Begin a turn at the watermark; None when the warehouse cannot tell it now."""
        number, assigned = self._reader.turn, self._reader.assigned
        try:
            # After the batch that may still be in the engine: its thread does one thing at a time.
            marks = await self._in(self._engine, lambda: store.watermark(self._appender.client))
        except FAILURES as error:
            note(self._trouble, "append", error)
            await self._pause(RETRY_SECONDS)
            return None
        position = {part: marks.get(part, 0) for part in assigned}
        await self._reader.place(position)
        self.turn = Turn(number, position)
        self._since.clear()
        return self.turn

    async def _read_on(self, turn: Turn) -> bool:
        """Read a batch and hand it over; return whether there was one."""
        if self._stuck is not None:
            why, self._stuck = self._stuck, None
            raise TapeUnavailable(why)
        # 1. take a batch from the tape
        start = dict(self._reader.positions)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                records = await self._reader.fetch(self._batch_size, POLL_SECONDS)
        except TimeoutError as error:
            raise TapeUnavailable(f"a fetch took {FETCH_SECONDS:g} s; joining again") from error
        if turn.broken or turn.number != self._reader.turn or not records:
            self.behind = False
            return False
        self.behind = full = len(records) >= self._batch_size
        batch = await self._in(self._checks, lambda: prepared(start, records, full=full))
        turn.in_hand.append(batch)
        await self._hand_over(Work(turn, batch))
        return True

    # 3. and 4.: appending

    async def fold(self, stream: AsyncIterable[Work]) -> None:
        """Append the batches of a stream."""
        async for work in stream:
            turn = work.turn
            try:
                if not await self._append(turn, work.batch):
                    turn.broken = True
            except BaseException:
                turn.broken = True
                raise
            finally:
                turn.in_hand.remove(work.batch)
                turn.room.release()

    async def _append(self, turn: Turn, batch: Batch) -> bool:
        """Append a batch, again and again until it is; return whether it still could be."""
        while not turn.broken and turn.number == self._reader.turn:
            if batch.start != turn.position:
                log.warning("a batch was lost on the way; going back to the watermark")
                return False
            try:
                await self._in(self._engine, lambda: self._appender.append(batch))
            except (AppendLater, TapeUnavailable) as error:
                note(self._trouble, "append", error)
                if self._ending.is_set():
                    return False
                await self._pause(RETRY_SECONDS)
                continue
            turn.position = batch.end
            self._trouble.pop("append", None)
            self._on_appended()
            return True
        return False

    async def commit(self) -> None:
        """Tell the group how far the ledger is, where it does not know. For lag monitors only."""
        # 4. commit the position on the tape
        turn = self.turn
        if turn.number != self._reader.turn or turn.position == self._committed:
            return
        position = turn.position
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._reader.commit(position)
        except (TapeUnavailable, TimeoutError) as error:
            log.info("the group was not told how far the ledger is: %s", error)
        else:
            self._committed = position

    # Watching

    async def watch(self, ends: dict[int, int]) -> None:
        """Have the consumer made anew where nothing comes though there is more.

        Call it every few seconds with the offsets that the next records get.
        """
        if self.turn.number != self._reader.turn or self.turn.room.locked():
            self._since.clear()  # not reading: the engine is what is waited for
            return
        try:
            async with asyncio.timeout(POLL_SECONDS):
                passed = await self._reader.passed()
        except TimeoutError:
            return
        moment = monotonic()
        for part, at in passed.items():
            before, since = self._since.get(part, (-1, moment))
            if at >= ends.get(part, 0) or at != before:
                self._since[part] = (at, moment)
            elif moment - since > STUCK_SECONDS:
                self._stuck = (
                    f"nothing came of partition {part} for {STUCK_SECONDS:g} s, which has records "
                    f"from {at} to {ends[part]}; joining again"
                )

    # The end

    async def drain(self, seconds: float) -> bool:
        """Append what is in hand, commit, leave the group; tell whether that was done in time.

        What is only being read is given up where that takes long: it comes again.
        """
        self._ending.set()
        try:
            async with asyncio.timeout(seconds):
                await self._let_go()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._idle.wait(), POLL_SECONDS)
                await self._let_go()
            await self.commit()
        except TimeoutError:
            log.warning("what was in hand was not appended in %g s; it comes again", seconds)
            return False
        finally:
            await self._reader.close()
            for pool in (self._checks, self._engine):
                pool.shutdown(wait=False, cancel_futures=True)
        return True

    async def _let_go(self) -> None:
        while self.turn.in_hand and not self.turn.broken:
            await asyncio.sleep(0.02)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not for what comes after the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)
