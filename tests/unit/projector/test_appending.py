"""How a worker goes on when partitions move, a batch is lost, or the tape or the engine fails."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from infra.tape import Record, TapeRefused, TapeUnavailable
from services.projector.append import AppendLater, Batch
from services.projector.appending import Appending, Work

MOMENT = datetime(2025, 1, 1, tzinfo=UTC)


class Topic:
    """What a `GroupReader` reads: partitions with so many records, of which this one has some."""

    def __init__(self, **ends: int) -> None:
        self.ends = {int(name[1:]): end for name, end in ends.items()}
        self.assigned: frozenset[int] = frozenset()
        self.turn = 0
        self.positions: dict[int, int] = {}
        self.opened = 0
        self.faults: list[Exception] = []
        self.committed: dict[int, int] = {}

    def assign(self, *parts: int) -> None:
        self.assigned, self.positions, self.turn = frozenset(parts), {}, self.turn + 1

    async def open(self) -> None:
        self.opened += 1
        self.assign(*self.ends)

    async def place(self, wanted: Mapping[int, int]) -> None:
        self.positions = dict(wanted)

    async def fetch(self, limit: int, seconds: float) -> list[Record]:
        await asyncio.sleep(0.001)
        if self.faults:
            raise self.faults.pop()
        records = []
        for part, at in self.positions.items():
            stop = min(self.ends[part], at + limit)
            records += [Record(part, n, MOMENT, "key", b"bytes") for n in range(at, stop)]
            self.positions[part] = stop
        return records

    async def passed(self) -> dict[int, int]:
        return dict(self.positions)

    async def commit(self, positions: Mapping[int, int]) -> None:
        self.committed = dict(positions)

    async def close(self) -> None:
        self.assign()


class Store:
    """What an `Appender` writes: the records there are, and the watermark."""

    def __init__(self) -> None:
        self.held: set[tuple[int, int]] = set()
        self.marks: dict[int, int] = {}
        self.faults: list[Exception] = []
        self.client = self
        self.lock = threading.Lock()

    def query(self, _sql: str) -> Any:
        return SimpleNamespace(result_rows=list(self.marks.items()))

    def append(self, batch: Batch) -> None:
        with self.lock:
            if self.faults:
                raise self.faults.pop()
            self.held |= {(record.partition, record.offset) for record in batch.records}
            for part, at in batch.end.items():
                self.marks[part] = max(at, self.marks.get(part, 0))

    def has_holes(self) -> bool:
        return any((part, n) not in self.held for part, at in self.marks.items() for n in range(at))


class Bench:
    """An `Appending` between the two, with a channel that may lose what it carries."""

    def __init__(self, topic: Topic, store: Store) -> None:
        self.topic, self.store = topic, store
        self.trouble: dict[str, str] = {}
        self.channel: asyncio.Queue[Work] = asyncio.Queue(1)
        self.lose: Callable[[Work], bool] = lambda _work: False
        reader: Any = topic
        appender: Any = store
        self.appending = Appending(
            reader, appender, self.channel.put, 5, self.trouble, lambda: None
        )

    async def stream(self) -> AsyncIterator[Work]:
        while True:
            work = await self.channel.get()
            if self.lose(work):
                work.turn.in_hand.remove(work.batch)
                work.turn.room.release()
                continue
            yield work

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                assert not self.store.has_holes()
                await asyncio.sleep(0.002)

    async def run(self, during: Callable[["Bench"], Any]) -> None:
        tasks = [
            asyncio.ensure_future(self.appending.read()),
            asyncio.ensure_future(self.appending.fold(self.stream())),
        ]
        try:
            await during(self)
            await self.until(lambda: self.store.marks == self.topic.ends)
            assert await self.appending.drain(10)
            assert self.topic.committed == self.topic.ends
            await tasks[0]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert not self.store.has_holes()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are of no interest here, and pauses are for engines."""
    monkeypatch.setattr("services.projector.append.rows_of", lambda _records: None)
    monkeypatch.setattr("services.projector.appending.GATHER_SECONDS", 0.001)
    monkeypatch.setattr("services.projector.appending.RETRY_SECONDS", 0.001)


def test_a_batch_that_was_lost_on_the_way_is_never_passed_over() -> None:
    async def losing(bench: Bench) -> None:
        lost = []

        def third(work: Work) -> bool:
            lost.append(work)
            return len(lost) == 3

        bench.lose = third
        await bench.until(lambda: len(lost) > 3)

    asyncio.run(Bench(Topic(p0=40, p1=13), Store()).run(losing))


def test_a_partition_that_moves_is_read_from_the_watermark_on() -> None:
    async def moving(bench: Bench) -> None:
        await bench.until(lambda: bool(bench.store.marks))
        bench.topic.assign(0)
        bench.store.append(  # what another worker did meanwhile
            Batch({1: 0}, {1: 30}, [Record(1, n, MOMENT, "", b"") for n in range(30)], None, True)  # type: ignore[arg-type]
        )
        await bench.until(lambda: bench.store.marks[0] == 40)
        bench.topic.assign(0, 1)

    asyncio.run(Bench(Topic(p0=40, p1=50), Store()).run(moving))


def test_an_engine_that_is_away_is_given_the_same_batch_again() -> None:
    async def failing(bench: Bench) -> None:
        bench.store.faults += [AppendLater("the disk is full")] * 3
        await bench.until(lambda: "append" in bench.trouble)
        await bench.until(lambda: "append" not in bench.trouble)

    asyncio.run(Bench(Topic(p0=40), Store()).run(failing))


def test_a_consumer_that_failed_is_made_anew() -> None:
    async def failing(bench: Bench) -> None:
        bench.topic.faults += [TapeUnavailable("the brokers are away")]
        await bench.until(lambda: bench.topic.opened == 2)

    bench = Bench(Topic(p0=40), Store())
    asyncio.run(bench.run(failing))
    assert bench.trouble == {}


def test_a_tape_that_forgot_ends_the_reading() -> None:
    async def reading() -> None:
        bench = Bench(Topic(p0=40), Store())
        bench.topic.faults += [TapeRefused("records were deleted")]
        with pytest.raises(TapeRefused):
            await bench.appending.read()
        assert await bench.appending.drain(10)

    asyncio.run(reading())


def test_a_consumer_that_sticks_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.projector.appending.STUCK_SECONDS", 0.01)

    async def sticking(bench: Bench) -> None:
        await bench.until(lambda: bench.store.marks == bench.topic.ends)
        ends = {0: 41}  # one more than comes

        async def watched() -> None:
            while bench.topic.opened == 1:
                await bench.appending.watch(ends)
                await asyncio.sleep(0.002)

        await asyncio.wait_for(watched(), 20)

    asyncio.run(Bench(Topic(p0=40), Store()).run(sticking))
