"""What an auditor sees: one deal, told by people who err, change their minds and come late."""

import json
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from clickhouse_connect.driver.client import Client
from emptied import emptied
from fastapi import FastAPI
from few_questions import tables_with
from serving import served

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.audit.encoding import replay_as_json
from services.audit.history import DealReplay, UnknownDeal
from services.audit.http import audit_router
from services.audit.replay import replay
from services.projector.projector import Projector


def told(number: int, kind: str, time: str, /, **more: Any) -> dict[str, Any]:
    data = more.pop("data", {})
    return {
        "id": f"e{number}",
        "source": "crm",
        "type": f"sales.{kind}.v1",
        "time": time,
        "deal": "D-1",
        "account": "Acme",
        "actor": "ann",
        "data": data,
    } | more


OPENED = told(
    1, "deal.opened", "2021-01-04T09:00:00Z", data={"pipeline": "main", "stage": "contact"}
)
MOVED_ON = told(2, "deal.stage_changed", "2021-01-11T09:00:00Z", data={"stage": "needs"})
CALLED = told(3, "call.made", "2021-01-05T10:00:00Z", data={"direction": "outbound"})
WON = told(4, "deal.won", "2021-02-01T12:00:00Z", data={"amount": "100.50", "currency": "EUR"})
LOST_BY_MISTAKE = told(5, "deal.lost", "2021-01-20T08:00:00Z", data={"reason": "price"})
WON_SAID_OTHERWISE = WON | {"data": {"amount": "999", "currency": "EUR"}}


def amending(
    number: int, target: dict[str, Any], kind: str, time: str, **data: Any
) -> dict[str, Any]:
    return target | {
        "id": f"a{number}",
        "source": "desk",
        "type": f"sales.event.{kind}.v1",
        "time": time,
        "actor": target["actor"],
        "data": {
            "target_source": target["source"],
            "target_id": target["id"],
            "target_type": target["type"],
            "target_time": target["time"],
        }
        | data,
    }


CORRECTION = amending(
    1,
    WON,
    "corrected",
    "2021-03-01T00:00:00Z",
    corrected_time="2021-01-28T12:00:00Z",
    payload={"amount": "120", "currency": "EUR"},
    reason="the invoice says so",
)
RETRACTION = amending(2, LOST_BY_MISTAKE, "retracted", "2021-01-21T00:00:00Z", reason="wrong deal")
WITHOUT_TARGET = amending(
    3, told(77, "deal.won", "2021-01-02T00:00:00Z"), "retracted", "2021-01-22T00:00:00Z"
)

STEPS = [
    [WON, OPENED],  # the later event comes first
    [
        MOVED_ON,
        OPENED,
        LOST_BY_MISTAKE,
        told(
            6,
            "deal.opened",
            "2021-01-04T09:00:00Z",
            deal="D-10",
            data={"pipeline": "main", "stage": "contact"},
        ),
    ],
    [RETRACTION, WON_SAID_OTHERWISE, CALLED],
    [CORRECTION, WITHOUT_TARGET],
]


class Office:
    """One deal on a tape, projected; `learnt` is when the tape knew each step."""

    def __init__(self, client: Client, learnt: list[datetime]) -> None:
        self.client = client
        self.learnt = learnt

    def replay(self, at: str | datetime | None = None, known: datetime | None = None) -> DealReplay:
        return replay(self.client, "D-1", at, known)


@pytest.fixture(scope="module")
def office(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Generator[Office]:
    client = emptied(warehouse).client("admin")
    tape = open_tape(f"sqlite://{tmp_path_factory.mktemp('office') / 'tape.sqlite'}")
    learnt = [tape.append([_entry(event) for event in step])[-1].recorded_at for step in STEPS]
    projector = Projector(tape, warehouse, tables_with())
    projector.prepare()
    projector.catch_up()
    assert projector.health().rejected == 0
    yield Office(client, learnt)
    tape.close()


def _entry(event: dict[str, Any]) -> Entry:
    value = json.dumps(event).encode()
    parsed = parse_event(value)
    assert not isinstance(parsed, Rejection), parsed
    return Entry(home_of(parsed), value)


def ids(found: DealReplay) -> list[str]:
    return [line.id for line in found.lines]


def test_lines_stand_in_the_order_of_what_happened_not_of_what_was_learnt(office: Office) -> None:
    assert ids(office.replay()) == ["e1", "e3", "e2", "e5", "e4"]


def test_each_line_has_both_clocks_and_the_state_after_it(office: Office) -> None:
    opened, called, moved_on, _, won = office.replay().lines
    assert (opened.time, opened.recorded_at) == (
        datetime(2021, 1, 4, 9, tzinfo=UTC),
        office.learnt[0],
    )
    assert opened.state is not None
    assert (opened.state.stage, opened.state.status, opened.state.owner) == (
        "contact",
        "open",
        "ann",
    )
    assert called.state is not None
    assert called.state.days_in_stage(called.time) == pytest.approx(25 / 24)
    assert moved_on.state is not None
    assert moved_on.state.stage == "needs"
    assert won.state is not None
    assert (won.state.status, str(won.state.amount), won.state.currency) == ("won", "120", "EUR")


def test_a_corrected_event_shows_what_it_said_before_and_since_when_that_is_known(
    office: Office,
) -> None:
    won = office.replay().lines[-1]
    assert won.standing == "corrected"
    assert (won.told_time.day, won.told_payload["amount"]) == (1, "100.50")
    assert (won.time.day, won.payload["amount"]) == (28, "120")
    assert (won.recorded_at, won.known_since) == (office.learnt[0], office.learnt[3])
    (amendment,) = won.amendments
    assert (amendment.kind, amendment.holds, amendment.reason) == (
        "correction",
        True,
        "the invoice says so",
    )


def test_a_retracted_event_is_shown_and_changes_nothing(office: Office) -> None:
    lost = next(line for line in office.replay().lines if line.id == "e5")
    assert (lost.standing, lost.counts) == ("retracted", False)
    assert lost.state is not None
    assert lost.state.status == "open"


def test_repeats_and_conflicts_are_told_with_the_event_that_was_first(office: Office) -> None:
    opened, *_, won = office.replay().lines
    assert [place.recorded_at for place in opened.repeats] == [office.learnt[1]]
    (conflict,) = won.conflicts
    assert (conflict.payload["amount"], conflict.place.recorded_at) == ("999", office.learnt[2])


def test_an_amendment_without_its_target_is_told(office: Office) -> None:
    (lonely,) = office.replay().unmatched
    assert (lonely.id, lonely.why_not) == ("a3", "its target is not on the tape")


def test_at_leaves_out_what_happened_later(office: Office) -> None:
    assert ids(office.replay(at="2021-01-11")) == ["e1", "e3", "e2"]
    assert ids(office.replay(at="2021-01-11T08:59:59")) == ["e1", "e3"]


def test_at_judges_by_the_corrected_time(office: Office) -> None:
    assert "e4" in ids(office.replay(at="2021-01-30"))
    assert "e4" not in ids(office.replay(at="2021-01-30", known=office.learnt[2]))


def test_known_takes_the_tape_back_to_what_it_knew(office: Office) -> None:
    first = office.replay(known=office.learnt[0])
    assert ids(first) == ["e1", "e4"]
    assert first.lines[-1].standing == "live"
    assert first.state is not None
    assert str(first.state.amount) == "100.50"
    second = office.replay(known=office.learnt[1])
    assert next(line for line in second.lines if line.id == "e5").standing == "live"


def test_a_deal_nobody_told_of_is_unknown_and_its_neighbours_are_named(office: Office) -> None:
    with pytest.raises(UnknownDeal) as caught:
        replay(office.client, "d-1")
    assert caught.value.near[0] == "D-1"
    assert "D-10" in caught.value.near
    assert "did you mean D-1" in str(caught.value)


def test_a_deal_told_of_later_is_unknown_at_that_time(office: Office) -> None:
    with pytest.raises(UnknownDeal, match="only at"):
        replay(office.client, "D-1", known="2021-06-01")


def test_a_time_that_cannot_be_read_says_how_to_write_one(office: Office) -> None:
    with pytest.raises(ValueError, match="write 2017-06-30"):
        replay(office.client, "D-1", at="yesterday")


def test_odd_characters_in_a_deal_are_no_sql(office: Office) -> None:
    with pytest.raises(UnknownDeal):
        replay(office.client, "x' OR 1 = 1 --\\")


@pytest.fixture(scope="module")
def http(office: Office) -> Generator[httpx.Client]:
    app = FastAPI()
    app.include_router(audit_router(lambda: office.client))
    with served(app) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def test_over_http_it_is_the_same_replay(office: Office, http: httpx.Client) -> None:
    answer = http.get("/deals/D-1/replay", params={"at": "2021-01-30"})
    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(replay_as_json(office.replay(at="2021-01-30"))))
    assert answer.json()["state"]["amount"] == "120"
    assert answer.json()["lines"][0]["time"] == "2021-01-04T09:00:00Z"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/deals/D-2/replay", 404, "D-1"),
        ("/deals/D-1/replay?at=soon", 400, "soon"),
        ("/deals/a/b/replay", 404, "a/b"),
    ],
)
def test_over_http_errors_are_problems(
    http: httpx.Client, path: str, status: int, said: str
) -> None:
    answer = http.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
