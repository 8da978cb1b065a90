"""What the console's sessions share: one feed, one pulse, one board for all of them."""

import asyncio
import threading
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from services.console import board as board_module
from services.console import formats
from services.console import live as live_module
from services.console.board import LEAST_SECONDS, MOST_SECONDS, NAMES, Board
from services.console.clocks import Clocks, moment_given
from services.console.live import Live
from services.console.page.view import View
from services.console.ports import (
    ChurnSignals,
    ConsolePorts,
    FeedFilter,
    FeedItem,
    FeedSlice,
    Health,
    HistoryStep,
)
from services.console.pulse import BEHIND, Beat, Pulse
from services.console.tail import KEPT, PER_TICK, News, Tail
from services.console.threads import Threads

NOON = datetime(2025, 5, 5, 12, tzinfo=UTC)
LIMIT = 10.0


class Ports:
    """A tape of numbered events and questions that count how often they are asked."""

    def __init__(self) -> None:
        self.items: list[FeedItem] = []
        self.changes = 0
        self.asked: list[tuple[str, datetime | None]] = []
        self.failure: Exception | None = None
        self.threads: set[str] = set()

    def grow(self, count: int, **told: Any) -> None:
        for _ in range(count):
            offset = len(self.items)
            self.items.append(FeedItem(0, offset, NOON, NOON, "sales.call.made.v1", **told))

    def latest(self, limit: int) -> FeedSlice:
        return FeedSlice(self.items[-limit:], len(self.items))

    def since(self, position: Any, limit: int) -> FeedSlice:
        first = max(position, len(self.items) - limit)
        return FeedSlice(self.items[first:], len(self.items), first - position)

    def search(self, wanted: FeedFilter, limit: int) -> Sequence[FeedItem]:
        return [one for one in self.items if one.account == wanted.account][-limit:]

    def _ask(self, question: str, as_of: datetime | None) -> None:
        self.threads.add(threading.current_thread().name)
        self.asked.append((question, as_of))
        if self.failure is not None:
            raise self.failure

    def version(self) -> Hashable:
        return self.changes

    def funnel(self, as_of: datetime | None, known_at: datetime | None) -> list[dict[str, Any]]:
        self._ask("funnel", as_of)
        return []

    def quota_attainment(
        self, as_of: datetime | None, known_at: datetime | None
    ) -> list[dict[str, Any]]:
        return []

    def churn_signals(
        self, as_of: datetime | None, known_at: datetime | None, limit: int
    ) -> ChurnSignals:
        return ChurnSignals([], 0, 0, {})

    def deal_history(
        self, deal: str, as_of: datetime | None, known_at: datetime | None
    ) -> list[HistoryStep]:
        return []

    def health(self) -> Health:
        return Health(len(self.items), 0)


class Watching:
    """A session that remembers what it was told."""

    def __init__(self, clocks: Clocks | None = None) -> None:
        self.clocks = clocks or Clocks()
        self.news: list[News] = []
        self.errors: list[str] = []
        self.beats: list[Beat] = []
        self.answers = 0

    def show_news(self, news: News) -> None:
        self.news.append(news)

    def show_feed_error(self, reason: str) -> None:
        self.errors.append(reason)

    def show_beat(self, beat: Beat) -> None:
        self.beats.append(beat)

    def show_answers(self) -> None:
        self.answers += 1


class Seconds:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.01)


def tail_over(ports: Ports) -> Tail:
    return Tail(ports, Threads())


def test_the_tail_begins_with_the_newest_and_goes_on_without_gap_or_repeat() -> None:
    async def scenario() -> None:
        ports = Ports()
        ports.grow(KEPT + 10)
        tail = tail_over(ports)
        first = await tail.advance()
        assert first.first
        ports.grow(3)
        second = await tail.advance()
        third = await tail.advance()
        offsets = [item.offset for item in (*first.items, *second.items, *third.items)]
        assert offsets == list(range(10, KEPT + 13))
        assert len(tail.items) == KEPT

    asyncio.run(scenario())


def test_what_comes_too_fast_is_counted() -> None:
    async def scenario() -> None:
        ports = Ports()
        tail = tail_over(ports)
        await tail.advance()
        ports.grow(PER_TICK + 500)
        news = await tail.advance()
        assert (len(news.items), news.skipped) == (PER_TICK, 500)

    asyncio.run(scenario())


def test_a_filter_also_finds_what_is_no_longer_at_hand_and_nothing_twice() -> None:
    async def scenario() -> None:
        ports = Ports()
        ports.grow(2, account="old")
        ports.grow(KEPT)
        ports.grow(1, account="old")
        tail = tail_over(ports)
        await tail.advance()
        found = await tail.matching(FeedFilter(account="old"), 200)
        assert [item.offset for item in found] == [0, 1, KEPT + 2]

    asyncio.run(scenario())


def test_a_change_is_asked_for_once_for_all_sessions_with_the_same_clocks() -> None:
    async def scenario() -> None:
        ports = Ports()
        live = Live(ConsolePorts(ports, ports))
        then = Clocks(moment_given("2020-01-01"))
        sessions = [Watching(), Watching(), Watching(then)]
        for session in sessions:
            live.join(session)
        await until(lambda: all(session.answers == len(NAMES) for session in sessions))
        assert set(ports.asked) == {("funnel", None), ("funnel", then.as_of)}
        ports.changes += 1
        await until(lambda: all(session.answers == 2 * len(NAMES) for session in sessions))
        assert len(ports.asked) == 4
        assert ports.threads.isdisjoint({threading.main_thread().name})
        await live.close()

    asyncio.run(scenario())


def test_panels_are_asked_again_when_something_changed_but_not_more_than_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        clock = Seconds()
        monkeypatch.setattr(board_module, "monotonic", clock)
        board = Board(Ports(), Threads())
        past = Clocks(NOON - timedelta(days=1))
        for clocks in (Clocks(), past):
            assert board.is_due(clocks, "before")
            await board.refresh(clocks, "before")
        clock.at = LEAST_SECONDS / 2
        assert not board.is_due(Clocks(), "after")
        clock.at = MOST_SECONDS / 2
        assert board.is_due(Clocks(), "after")
        assert not board.is_due(Clocks(), "before")
        clock.at = MOST_SECONDS
        assert board.is_due(Clocks(), "before"), "days pass"
        assert not board.is_due(past, "before")

    asyncio.run(scenario())


def test_slow_panels_leave_the_engine_to_others_most_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        clock = Seconds()
        monkeypatch.setattr(board_module, "monotonic", clock)

        class Slow(Ports):
            def funnel(self, as_of: datetime | None, known_at: datetime | None) -> list[Any]:
                clock.at += 10
                return []

        board = Board(Slow(), Threads())
        await board.refresh(Clocks(), "before")
        clock.at += 15
        assert not board.is_due(Clocks(), "after")
        clock.at += 15
        assert board.is_due(Clocks(), "after")

    asyncio.run(scenario())


def test_the_loops_end_when_nobody_watches_and_begin_again_when_somebody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_module, "LINGER_SECONDS", 0.0)

    async def scenario() -> None:
        ports = Ports()
        ports.grow(5)
        live = Live(ConsolePorts(ports, ports))
        before = asyncio.all_tasks()
        session = Watching()
        live.join(session)
        await until(lambda: bool(session.news))
        live.leave(session)
        await until(lambda: asyncio.all_tasks() == before)
        ports.grow(5)
        late = Watching()
        live.join(late)
        await until(lambda: bool(late.news))
        assert late.news[0].first
        assert len(late.news[0].items) == 10
        await live.close()
        assert asyncio.all_tasks() == before

    asyncio.run(scenario())


def test_closing_waits_for_a_question_that_is_being_answered() -> None:
    async def scenario() -> None:
        entered, go_on, left = threading.Event(), threading.Event(), threading.Event()

        class Slow(Ports):
            def funnel(self, as_of: datetime | None, known_at: datetime | None) -> list[Any]:
                entered.set()
                go_on.wait(LIMIT)
                left.set()
                return []

        ports = Slow()
        live = Live(ConsolePorts(ports, ports))
        live.join(Watching())
        await until(entered.is_set)
        closing = asyncio.create_task(live.close())
        done, _ = await asyncio.wait({closing}, timeout=0.2)
        assert not done
        go_on.set()
        await closing
        assert left.is_set()

    asyncio.run(scenario())


def test_a_slow_question_about_another_time_does_not_hold_up_those_who_watch_now() -> None:
    async def scenario() -> None:
        go_on = threading.Event()

        class Slow(Ports):
            def funnel(self, as_of: datetime | None, known_at: datetime | None) -> list[Any]:
                if as_of is not None:
                    go_on.wait(LIMIT)
                return []

        ports = Slow()
        live = Live(ConsolePorts(ports, ports))
        now_watching, then_watching = Watching(), Watching(Clocks(moment_given("2020-01-01")))
        live.join(then_watching)
        live.join(now_watching)
        await until(lambda: now_watching.answers == len(NAMES))
        ports.changes += 1
        await until(lambda: now_watching.answers == 2 * len(NAMES))
        assert then_watching.answers == 0
        go_on.set()
        await until(lambda: then_watching.answers > 0)
        await live.close()

    asyncio.run(scenario())


def test_a_panel_keeps_its_last_answer_beside_the_reason_why_it_is_old() -> None:
    async def scenario() -> None:
        ports = Ports()
        board = Board(ports, Threads())
        await board.refresh(Clocks(), 1)
        good = board.answers(Clocks())["funnel"]
        ports.failure = RuntimeError("out of memory")
        await board.refresh(Clocks(), 2)
        panel = board.answers(Clocks())["funnel"]
        assert (panel.error, panel.answer, panel.at) == ("out of memory", good.answer, good.at)
        assert board.answers(Clocks())["churn"].error == ""

    asyncio.run(scenario())


def test_the_rate_is_that_of_the_last_seconds() -> None:
    pulse = Pulse()
    beats = [pulse.beat(Health(1_000 + 50 * second, 0), float(second)) for second in range(30)]
    assert beats[-1].rate == "50"
    assert pulse.beat(Health(5_000, 0), 200.0).rate != "50"


def test_lag_and_trouble_are_told_from_live() -> None:
    pulse = Pulse()
    assert pulse.beat(Health(10, BEHIND - 1), 0.0).state == "live"
    assert pulse.beat(Health(10, BEHIND), 1.0).state == "behind"
    troubled = pulse.beat(Health(10, 0, {"deals": "no memory"}), 2.0)
    assert (troubled.state, troubled.reason) == ("trouble", "deals: no memory")
    assert pulse.silent("away").events == formats.NONE


def test_a_view_is_read_back_from_its_address() -> None:
    view = View(
        FeedFilter("deal", "A & B", "D/1", "Ünal", "north"),
        Clocks(moment_given("2017-06-30"), moment_given("2017-07-01T08:15")),
        "direct",
        "2025-01-01/2025-12-31/won_amount/EUR",
    )
    assert View.of_query(dict(parse_qsl(view.address()[1:]))) == view
    assert View.of_query({}).address() == "."


def test_an_address_that_makes_no_sense_shows_the_default() -> None:
    assert View.of_query({"as_of": "soon", "x": "y"}) == View()
