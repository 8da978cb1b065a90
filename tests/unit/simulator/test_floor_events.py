"""What any simulated floor keeps to: valid events, in order, the same each time."""

import os
import subprocess
import sys
from datetime import date

import orjson
import pytest

from events.envelope import order_of
from events.parsing import Rejection, parse_events
from services.simulator.config import FloorConfig
from services.simulator.floor import simulate

SMALL = FloorConfig(seed=4, days=150, accounts=80, reps=5, sdrs=2, turnover_per_year=0.6)


@pytest.fixture(scope="module")
def told() -> list[bytes]:
    return list(simulate(SMALL))


def test_every_event_is_one_of_the_catalogue(told: list[bytes]) -> None:
    rejected = [found for found in parse_events(told) if isinstance(found, Rejection)]
    assert rejected == []


def test_a_floor_shows_every_kind_of_work(told: list[bytes]) -> None:
    families = {orjson.loads(raw)["type"].split(".")[1] for raw in told}
    assert families >= {
        "lead", "call", "email", "meeting", "demo", "proposal", "deal", "purchase", "payment",
        "subscription", "quota", "rep", "team", "territory", "pipeline", "product", "account",
    }  # fmt: skip


def test_events_come_in_the_order_of_time_and_lie_within_the_days(told: list[bytes]) -> None:
    times = [event.time for event in parse_events(told)]
    assert times == sorted(times)
    assert times[0].date() == SMALL.start
    assert (times[-1].date() - SMALL.start).days == SMALL.days - 1


def test_no_two_events_share_an_id(told: list[bytes]) -> None:
    names = {(event["source"], event["id"]) for event in map(orjson.loads, told)}
    assert len(names) == len(told)
    assert {source for source, _ in names} == {"simulator/4"}


def test_the_events_of_an_account_stand_in_the_order_they_were_told(told: list[bytes]) -> None:
    events = [event for event in parse_events(told) if event.account is not None]
    by_account: dict[str, list[tuple[object, ...]]] = {}
    for event in events:
        by_account.setdefault(event.account, []).append(order_of(event)[:2])
    assert by_account
    for places in by_account.values():
        assert places == sorted(set(places))


def test_people_work_in_working_hours(told: list[bytes]) -> None:
    calls = [event for event in parse_events(told) if event.type == "sales.call.made.v1"]
    assert len(calls) > 100
    assert all(call.time.weekday() < 5 and 8 <= call.time.hour < 17 for call in calls)


def test_the_same_settings_give_the_same_bytes(told: list[bytes]) -> None:
    assert list(simulate(SMALL)) == told


def test_another_process_with_other_hashes_gives_the_same_bytes(told: list[bytes]) -> None:
    script = (
        "import sys\n"
        "from services.simulator.config import FloorConfig\n"
        "from services.simulator.floor import simulate\n"
        "config = FloorConfig.model_validate_json(sys.argv[1])\n"
        "sys.stdout.buffer.write(b'\\n'.join(simulate(config)))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, SMALL.model_dump_json()],
        env=os.environ | {"PYTHONHASHSEED": "77"},
        capture_output=True,
        check=True,
    )
    assert found.stdout.split(b"\n") == told


def test_another_seed_gives_another_floor(told: list[bytes]) -> None:
    other = list(simulate(SMALL.model_copy(update={"seed": 5})))
    named = {"account", "deal", "actor"}
    mine, others = (
        {event[name] for event in map(orjson.loads, raws) for name in named if name in event}
        for raws in (told, other)
    )
    assert not mine & others


def test_a_longer_floor_begins_with_the_shorter_one(told: list[bytes]) -> None:
    longer = list(simulate(SMALL.model_copy(update={"days": 200})))
    assert longer[: len(told)] == told
    assert len(longer) > len(told)


def test_more_accounts_change_nothing_for_those_who_were_there(told: list[bytes]) -> None:
    def of_accounts(raws: list[bytes]) -> list[bytes]:
        return [raw for raw in raws if "account" in orjson.loads(raw)]

    mine = of_accounts(told)
    known = set(mine)
    more = of_accounts(list(simulate(SMALL.model_copy(update={"accounts": 120}))))
    assert [raw for raw in more if raw in known] == mine
    assert len(more) > len(mine)


def test_a_floor_may_start_on_any_day() -> None:
    config = FloorConfig(start=date(2024, 2, 29), days=3, accounts=5)
    times = [event.time.date() for event in parse_events(list(simulate(config)))]
    assert min(times) == date(2024, 2, 29)
    assert max(times) <= date(2024, 3, 2)
