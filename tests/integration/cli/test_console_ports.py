"""What the console is given: the feed off a real tape, the panels out of a real warehouse."""

import json
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from few_questions import tables_with
from waiting import wait_until

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.settings import file_url
from infra.tape import Entry, Tape
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.cli.console_feed import TapeFeed
from services.cli.following import Following
from services.cli.panels import WarehousePanels
from services.cli.teams import Teams
from services.console.ports import FeedFilter
from services.projector.projector import Projector
from services.query.reader import Reader

EPOCH = datetime(2024, 1, 1, 9, tzinfo=UTC)


def event(number: int, kind: str, data: dict[str, Any], **attributes: str) -> bytes:
    return json.dumps(
        {
            "id": f"e{number}",
            "source": "test",
            "type": kind,
            "time": (EPOCH + timedelta(days=number)).isoformat(),
            "data": data,
            **attributes,
        }
    ).encode()


MONEY = {"amount": "10", "currency": "EUR"}
HISTORY = [
    event(0, "sales.rep.joined.v1", {"team": "Old Hands"}, actor="ann"),
    event(1, "sales.rep.team_assigned.v1", {"team": "Northern Lights"}, actor="ann"),
    event(2, "sales.rep.team_assigned.v1", {"team": "South"}, actor="bob"),
    event(3, "sales.purchase.made.v1", MONEY, account="Acme", actor="ann"),
    event(4, "sales.call.made.v1", {"direction": "outbound"}, account="Acme", actor="bob"),
    event(5, "sales.deal.opened.v1", {"stage": "a", "pipeline": "p"}, deal="d1", account="Bolt"),
]


@dataclass(slots=True)
class Desk:
    """A tape, a projector that follows it, and what the console is given of both."""

    tape: Tape
    projector: Projector
    feed: TapeFeed
    panels: WarehousePanels
    teams: Teams

    def record(self, *raws: bytes) -> None:
        found = [(parse_event(raw), raw) for raw in raws]
        self.tape.append(
            [Entry("?" if isinstance(e, Rejection) else home_of(e), raw) for e, raw in found]
        )

    def derive(self) -> None:
        self.projector.catch_up()
        self.teams.refresh()


@pytest.fixture
def desk(empty_warehouse: Warehouse, tmp_path: Path) -> Generator[Desk, None, None]:
    tape = open_tape(file_url("sqlite", tmp_path / "tape.sqlite"))
    definitions = tables_with("funnel", "quota_attainment", "churn_signals")
    projector = Projector(tape, empty_warehouse, definitions)
    projector.prepare()
    with Reader(empty_warehouse, definitions=definitions) as reader:
        house: Any = SimpleNamespace(reader=reader, health=projector.health)
        client = empty_warehouse.client("admin")
        teams = Teams(client)
        panels = WarehousePanels(house, client, Following(tape, client, definitions).version)
        yield Desk(tape, projector, TapeFeed(tape, teams, client), panels, teams)
    tape.close()


def test_the_feed_begins_with_the_newest_and_goes_on_without_a_gap(desk: Desk) -> None:
    desk.record(*HISTORY)
    newest = desk.feed.latest(2)
    assert [item.id for item in newest.items] == ["e4", "e5"]
    assert newest.skipped == 0
    assert desk.feed.since(newest.position, 10).items == []
    calls = [event(n, "sales.call.made.v1", {"direction": "inbound"}) for n in range(6, 11)]
    desk.record(b"no event", *calls)
    some = desk.feed.since(newest.position, 4)
    assert [item.id for item in some.items] == ["e7", "e8", "e9", "e10"]
    assert some.skipped == 2
    assert desk.feed.since(newest.position, 10).items[0].id == "e6"


def test_an_event_is_shown_with_the_team_its_rep_is_in_now(desk: Desk) -> None:
    desk.record(*HISTORY)
    desk.derive()
    teams = {item.id: item.team for item in desk.feed.latest(10).items}
    assert (teams["e3"], teams["e4"], teams["e5"]) == ("Northern Lights", "South", "")


def test_a_search_finds_parts_of_names_anywhere_on_the_tape_oldest_first(desk: Desk) -> None:
    desk.record(*HISTORY)
    desk.derive()
    for wanted, found in (
        (FeedFilter(team="north"), ["e0", "e1", "e3"]),
        (FeedFilter(account="CM"), ["e3", "e4"]),
        (FeedFilter(account="acme", actor="b"), ["e4"]),
        (FeedFilter(family="deal"), ["e5"]),
        (FeedFilter(team="nobody's"), []),
    ):
        assert [item.id for item in desk.feed.search(wanted, 10)] == found
        assert [item.id for item in desk.feed.search(wanted, 1)] == found[-1:]
    recorded = {item.id: item for item in desk.feed.latest(10).items}
    for item in desk.feed.search(FeedFilter(), 10):
        assert item == recorded[item.id]


def test_the_panels_count_as_of_any_clock_and_know_how_far_they_are(desk: Desk) -> None:
    assert desk.panels.health().last_event_at is None
    desk.record(*HISTORY)
    assert desk.panels.health().lag == len(HISTORY)
    desk.derive()
    health = desk.panels.health()
    assert (health.events, health.lag) == (len(HISTORY), 0)
    assert health.last_event_at == EPOCH + timedelta(days=5)
    assert [row["stage"] for row in desk.panels.funnel(None, None)] == ["a"]
    assert desk.panels.funnel(EPOCH, None) == []
    late = desk.panels.churn_signals(EPOCH + timedelta(days=300), None, 10)
    assert (late.accounts, late.flagged) == (1, 1)
    assert late.fired == dict.fromkeys(late.rows[0]["rules"], 1)
    assert desk.panels.churn_signals(EPOCH + timedelta(days=4), None, 10).flagged == 0
    assert desk.panels.churn_signals(EPOCH, None, 10).accounts == 0


def test_the_version_of_the_panels_changes_when_a_projector_elsewhere_derives(desk: Desk) -> None:
    before = desk.panels.version()
    assert desk.panels.version() == before
    desk.record(*HISTORY)
    desk.derive()
    wait_until(lambda: desk.panels.version() != before)


def test_a_deal_is_told_step_by_step_and_an_unknown_one_not_at_all(desk: Desk) -> None:
    won = event(7, "sales.deal.won.v1", MONEY, deal="d1", account="Bolt", actor="ann")
    desk.record(*HISTORY, won)
    desk.derive()
    steps = desk.panels.deal_history("d1", None, None)
    assert [(step.status, step.stage, step.amount) for step in steps] == [
        ("open", "a", ""),
        ("won", "a", "10"),
    ]
    assert desk.panels.deal_history("d1", EPOCH + timedelta(days=6), None) == steps[:1]
    assert desk.panels.deal_history("d2", None, None) == []
