"""A live floor tells events of the present at the rate asked for, and goes on where one ended."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Event as Stop

import orjson
import pytest

from events.envelope import AnyEvent
from events.parsing import Rejection, parse_events
from infra.sink import Outcome
from infra.tape import TapeRefused, TapeUnavailable
from services.simulator.config import STAGES, FloorConfig
from services.simulator.floor import Earlier, OpenDeal
from services.simulator.live import LiveFloor

CONFIG = FloorConfig(seed=31, accounts=60, reps=4, sdrs=2)
BEGAN = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)


class Time:
    """A clock that only waiting moves; it stops the floor when its time has come."""

    def __init__(self, now: datetime, seconds: float) -> None:
        self.present = now
        self.ends = now + timedelta(seconds=seconds)
        self.stop = Stop()

    def now(self) -> datetime:
        return self.present

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.present += timedelta(seconds=seconds)
        if self.present >= self.ends:
            self.stop.set()


class Tape:
    """A sink that keeps what it takes, with the time it took it, and fails when told to."""

    def __init__(self, time: Time, fails: Callable[[int], Exception | None] = lambda _: None):
        self.time = time
        self.taken: list[tuple[datetime, bytes]] = []
        self.offered: list[list[bytes]] = []
        self._fails = fails

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        self.offered.append(list(raws))
        failure = self._fails(len(self.offered))
        if failure is not None:
            raise failure
        self.taken += [(self.time.now(), raw) for raw in raws]
        return [Outcome("appended") for _ in raws]

    @property
    def raws(self) -> list[bytes]:
        return [raw for _, raw in self.taken]

    @property
    def events(self) -> list[AnyEvent]:
        events = parse_events(self.raws)
        assert not any(isinstance(event, Rejection) for event in events)
        return events  # type: ignore[return-value]


def run(
    seconds: float,
    rate: float = 20,
    *,
    config: FloorConfig = CONFIG,
    began: datetime = BEGAN,
    fails: Callable[[int], Exception | None] = lambda _: None,
    backfill_days: int = 0,
    earlier: Earlier | None = None,
) -> Tape:
    time = Time(began, seconds)
    tape = Tape(time, fails)
    floor = LiveFloor(
        config, rate, tape, time.now, time.sleep, backfill_days=backfill_days, earlier=earlier
    )
    floor.run(time.stop)
    assert sum(floor.outcomes.values()) == len(tape.taken)
    return tape


def live(tape: Tape) -> list[tuple[datetime, AnyEvent]]:
    at = [at for at, _ in tape.taken]
    return [(at, event) for at, event in zip(at, tape.events, strict=True) if event.time > BEGAN]


@pytest.mark.parametrize("rate", [0.5, 3, 20, 300])
def test_events_come_at_the_rate_asked_for(rate: float) -> None:
    told = live(run(60, rate))
    assert len(told) == pytest.approx(60 * rate, abs=max(0.2 * rate, 1.5))
    # Not only over the whole: no stretch of ten seconds has more than its share, or less.
    for start in range(0, 50, 10):
        window = BEGAN + timedelta(seconds=start)
        within = sum(window <= at < window + timedelta(seconds=10) for at, _ in told)
        assert within == pytest.approx(10 * rate, abs=max(0.2 * rate, 1.5))


def test_events_are_stamped_with_the_present_never_with_what_is_to_come() -> None:
    told = live(run(60))
    times = [event.time for _, event in told]
    assert times == sorted(times)
    for at, event in told:
        assert timedelta(0) <= at - event.time <= timedelta(seconds=0.3)


def test_history_comes_first_and_ends_at_the_present() -> None:
    tape = run(30, backfill_days=60)
    times = [event.time for event in tape.events]
    assert times == sorted(times)
    assert times[0] == datetime(2026, 1, 9, tzinfo=UTC)
    past = [time for time in times if time <= BEGAN]
    assert len(past) > 500
    assert BEGAN - past[-1] < timedelta(days=1)
    assert len(times) - len(past) == pytest.approx(600, abs=20)


def test_deals_of_the_history_go_on_in_the_present() -> None:
    events = run(60, backfill_days=60).events
    opened = {event.deal for event in events if event.type == "sales.deal.opened.v1"}
    before = {event.deal for event in events if event.deal and event.time <= BEGAN}
    closed = {
        event.deal
        for event in events
        if event.type in ("sales.deal.won.v1", "sales.deal.lost.v1") and event.time > BEGAN
    }
    assert closed & before
    assert closed <= opened


def test_a_run_never_uses_an_id_of_an_earlier_one() -> None:
    first = run(20, backfill_days=10)
    later = BEGAN + timedelta(minutes=5)
    for earlier in (None, Earlier(quotas={})):
        second = run(20, began=later, earlier=earlier)
        for named in ("id", "deal"):
            ids = [
                {event[named] for event in map(orjson.loads, tape.raws) if event.get(named)}
                for tape in (first, second)
            ]
            assert ids[0]
            assert not ids[0] & ids[1]


def test_a_later_run_knows_the_reps_and_customers_of_the_first() -> None:
    first = run(20, backfill_days=40).events
    later = BEGAN + timedelta(hours=1)
    second = run(300, began=later, earlier=Earlier(quotas={})).events
    assert all(event.time >= later for event in second)

    def named(events: list[AnyEvent], kind: str, attribute: str) -> set[str | None]:
        return {getattr(event, attribute) for event in events if event.type == kind}

    reps = named(first, "sales.rep.joined.v1", "actor")
    assert {event.actor for event in second if event.actor} <= reps
    created = named(first, "sales.account.created.v1", "account")
    assert not named(second, "sales.account.created.v1", "account") & created
    assert not named(second, "sales.subscription.started.v1", "account") & created
    assert named(second, "sales.purchase.made.v1", "account") & created


def test_reps_who_left_do_not_come_back() -> None:
    reps = {event.actor for event in run(120, backfill_days=40).events if event.actor}
    left = sorted(reps)[:3]
    events = run(120, earlier=Earlier(quotas={}, left=left)).events
    assert len(events) > 1_000
    assert {event.actor for event in events if event.actor} <= reps - set(left)


def test_open_deals_of_an_earlier_run_are_seen_through() -> None:
    left = [
        OpenDeal(f"D-{number}", "Amber Foods", "Somebody Gone", stage, Decimal("1234.50"))
        for number, stage in enumerate(STAGES * 4)
    ]
    few = CONFIG.model_copy(update={"accounts": 15})
    events = run(300, config=few, earlier=Earlier(quotas={}, open_deals=left)).events
    for deal in left:
        story = [event for event in events if event.deal == deal.deal]
        kinds = [event.type for event in story]
        assert "sales.deal.opened.v1" not in kinds
        assert ("sales.deal.won.v1" in kinds) + ("sales.deal.lost.v1" in kinds) == 1
        reached = [e.data.stage for e in story if e.type == "sales.deal.stage_changed.v1"]
        following = STAGES[STAGES.index(deal.stage) + 1 :]
        assert reached == list(following[: len(reached)])
        if STAGES.index(deal.stage) >= STAGES.index("proposal"):
            won = [e.data.amount for e in story if e.type == "sales.deal.won.v1"]
            assert won in ([], ["1234.50"])


def test_quotas_keep_up_with_a_floor_that_runs_faster_than_time() -> None:
    config = CONFIG.model_copy(update={"seed": 1, "accounts": 300})
    events = run(300, 100, config=config, backfill_days=120).events
    quotas = [event for event in events if event.type.startswith("sales.quota.")]
    assert {event.data.period_start for event in quotas} == {
        date(2025, 10, 1),
        date(2026, 1, 1),
    }
    this_quarter = [event for event in quotas if event.data.period_start == date(2026, 1, 1)]
    last: dict[str | None, Decimal] = {}
    for event in this_quarter:
        amount = Decimal(event.data.amount)
        assert amount > last.get(event.actor, Decimal(0))
        assert (event.type == "sales.quota.set.v1") == (event.actor not in last)
        last[event.actor] = amount
    won = sum(
        Decimal(event.data.amount)
        for event in events
        if event.type == "sales.deal.won.v1" and event.time >= datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert len(this_quarter) > 2 * len(last)
    assert Decimal("0.6") < won / sum(last.values()) < Decimal("1.3")


def test_quotas_of_a_later_run_grow_from_where_they_stood() -> None:
    first = run(5, backfill_days=70).events
    rep = next(event.actor for event in first if event.type == "sales.quota.set.v1")
    assert rep is not None
    earlier = Earlier(quotas={rep: Decimal("1000000.00")})
    second = run(120, began=BEGAN + timedelta(hours=1), earlier=earlier).events
    told = [event for event in second if event.type.startswith("sales.quota.")]
    own = [event for event in told if event.actor == rep]
    assert own[0].type == "sales.quota.revised.v1"
    assert all(Decimal(event.data.amount) > 1_000_000 for event in own)


def test_what_the_tape_cannot_take_now_is_handed_in_again() -> None:
    away = range(3, 9)
    tape = run(30, fails=lambda n: TapeUnavailable("locked") if n in away else None)
    tried_again = {bytes(b"\n".join(tape.offered[n - 1])) for n in [*away, away.stop]}
    assert len(tried_again) == 1
    ids = [orjson.loads(raw)["id"] for raw in tape.raws]
    assert len(ids) == len(set(ids))
    numbers = sorted(int(i.rsplit(".", 1)[1]) for i in ids if ".f." in i)
    assert numbers == list(range(1, len(numbers) + 1))


def test_after_a_pause_the_floor_does_not_race_to_make_up_for_it() -> None:
    tape = run(90, 50, fails=lambda n: TapeUnavailable("full") if 20 <= n < 30 else None)
    assert max(len(lot) for lot in tape.offered[5:]) <= 50


def test_a_floor_whose_tape_stays_away_can_be_stopped() -> None:
    tape = run(10, fails=lambda _: TapeUnavailable("away"))
    assert tape.taken == []


def test_what_the_tape_will_never_take_ends_the_run() -> None:
    with pytest.raises(TapeRefused, match="closed"):
        run(10, fails=lambda _: TapeRefused("closed"))


def test_a_clock_that_goes_back_does_not_stop_the_floor() -> None:
    time = Time(BEGAN, 60)
    tape = Tape(time)
    lots = 0

    def sleep(seconds: float) -> None:
        nonlocal lots
        lots += 1
        time.sleep(seconds)
        if lots == 50:
            time.present -= timedelta(hours=1)
            time.ends -= timedelta(hours=1)

    LiveFloor(CONFIG, 20, tape, time.now, sleep).run(time.stop)
    times = [event.time for event in tape.events if event.time > BEGAN - timedelta(hours=1)]
    assert times == sorted(times)
    assert len(times) > 1_000


def test_refusals_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    time = Time(BEGAN, 2)

    class Refusing:
        def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
            return [Outcome("rejected", id="x", reason="too many") for _ in raws]

    floor = LiveFloor(CONFIG, 20, Refusing(), time.now, time.sleep)
    with caplog.at_level(logging.ERROR):
        floor.run(time.stop)
    assert floor.outcomes["rejected"] > 40
    assert "too many" in caplog.text


def test_a_rate_must_be_above_zero() -> None:
    time = Time(BEGAN, 1)
    with pytest.raises(ValueError, match="rate must be more than 0"):
        LiveFloor(CONFIG, 0, Tape(time), time.now, time.sleep)
