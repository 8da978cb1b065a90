"""Conversion and win rate of a few days worked by hand, whole and in slices and periods."""

import json
from collections.abc import Generator, Iterator
from datetime import date
from typing import Any

import pytest
from emptied import SHIPPED, swept

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.projector import Projector
from services.query.answers import Slices, Unanswerable
from services.query.reader import Reader

TIME = {"direction": "outbound"}


def event(kind: str, time: str, data: dict[str, Any], **about: str) -> dict[str, Any]:
    return {"type": f"sales.{kind}.v1", "time": time, "data": data, **about}


def bought(account: str, time: str) -> dict[str, Any]:
    money = {"amount": "5", "currency": "EUR"}
    return event("purchase.made", time, money, account=account, actor="shop")


def talks(day: str, rep: str, people: int, buyers: int, each: int = 1) -> Iterator[dict[str, Any]]:
    """Tell of conversations with so many people, of whom the first few buy that evening."""
    for person in range(people):
        account = f"{rep} {day} {person}"
        for hour in range(each):
            time = f"{day}T{9 + hour:02d}:00:00Z"
            yield event("conversation.held", time, {}, account=account, actor=rep)
        if person < buyers:
            yield bought(account, f"{day}T18:00:00Z")


def deal(name: str, rep: str, end: str, **data: str) -> Iterator[dict[str, Any]]:
    """Tell of a deal that is opened in May and closed in June."""
    about = {"deal": name, "account": f"of {name}", "actor": rep}
    opened = {"pipeline": "main", "stage": "contact"}
    yield event("deal.opened", "2024-05-01T09:00:00Z", opened, **about)
    if end == "won":
        data = {"amount": "5", "currency": "EUR"}
    yield event(f"deal.{end}", "2024-06-01T09:00:00Z", data, **about)


def told() -> Iterator[dict[str, Any]]:
    for time, team in (("2024-01-01", "north"), ("2024-03-02", "south")):
        yield event("rep.team_assigned", f"{time}T00:00:00Z", {"team": team}, actor="ann")
    yield from talks("2024-03-01", "ann", people=100, buyers=20)
    yield from talks("2024-03-02", "ann", people=100, buyers=30)
    yield from talks("2024-03-03", "bob", people=50, buyers=20, each=2)
    # Two leads, one of whom wins; somebody who buys on the 91st day; what is no conversation.
    for lead in ("L-1", "L-2"):
        yield event("conversation.held", "2024-04-01T09:00:00Z", {"lead": lead}, actor="cara")
    about = {"deal": "D-1", "account": "Zed", "actor": "cara"}
    opened = {"pipeline": "main", "stage": "contact", "lead": "L-1"}
    yield event("deal.opened", "2024-04-02T09:00:00Z", opened, **about)
    won = {"amount": "5", "currency": "EUR"}
    yield event("deal.won", "2024-04-20T09:00:00Z", won, **about)
    yield event("call.made", "2024-04-01T10:00:00Z", TIME, account="Late", actor="cara")
    yield bought("Late", "2024-07-01T10:00:00Z")
    for data in ({"outcome": "voicemail"}, {"outcome": "connected", "performer": "machine"}):
        said = TIME | data
        yield event("call.made", "2024-04-01T11:00:00Z", said, account="Nobody", actor="cara")
    # Deals: ann wins 9 of 10, bob 1 of 10, one of ann's is lost first and taken up again.
    for number in range(10):
        yield from deal(f"A-{number}", "ann", "won" if number else "lost", reason="price")
        yield from deal(f"B-{number}", "bob", "lost" if number else "won", reason="timing")
    about = {"deal": "A-1", "account": "of A-1", "actor": "ann"}
    yield event("deal.reopened", "2024-06-02T09:00:00Z", {"stage": "contact"}, **about)
    yield event("deal.lost", "2024-06-03T09:00:00Z", {"reason": "timing"}, **about)
    yield event("deal.reopened", "2024-06-04T09:00:00Z", {"stage": "contact"}, **about)
    yield event("deal.won", "2024-07-01T09:00:00Z", won, **about)


def entry(number: int, event: dict[str, Any]) -> Entry:
    raw = json.dumps(event | {"id": f"e{number}", "source": "crm"}).encode()
    parsed = parse_event(raw)
    assert not isinstance(parsed, Rejection), parsed
    return Entry(home_of(parsed), raw)


@pytest.fixture(scope="module")
def reader(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Reader, None, None]:
    swept(warehouse)
    tape = open_tape(f"sqlite:///{tmp_path_factory.mktemp('rates') / 'tape.sqlite'}")
    tape.append([entry(number, event) for number, event in enumerate(told())])
    projector = Projector(tape, warehouse, SHIPPED)
    projector.prepare()
    projector.catch_up()
    assert projector.health().failures == {}
    with Reader(warehouse) as opened:
        yield opened
    tape.close()


def asked(
    reader: Reader, question: str, names: str, as_of: str | None = None, **slices: str
) -> list[tuple[Any, ...]]:
    answer = reader.show(question, as_of, slices=Slices(**slices))
    places = [answer.columns.index(name) for name in names.split()]
    return [tuple(row[place] for place in places) for row in answer.rows]


def test_100_conversations_and_20_sales_is_20_percent_and_30_is_30(reader: Reader) -> None:
    rows = asked(
        reader,
        "conversion",
        "period conversations people buyers rate conversations_rate",
        period="day",
        until="2024-03-03",
    )
    assert rows == [
        (date(2024, 3, 1), 100, 100, 20, 0.2, 0.2),
        (date(2024, 3, 2), 100, 100, 30, 0.3, 0.3),
        (date(2024, 3, 3), 100, 50, 20, 0.4, 0.2),
    ]


def test_a_rate_has_the_interval_of_its_count(reader: Reader) -> None:
    (row,) = asked(
        reader, "conversion", "rate_low rate_high", since="2024-03-01", until="2024-03-01"
    )
    assert row == pytest.approx((0.133367, 0.288829), abs=1e-6)


def test_a_lead_counts_as_the_account_it_became_and_who_buys_too_late_does_not(
    reader: Reader,
) -> None:
    rows = asked(reader, "conversion", "conversations people buyers", since="2024-04-01")
    assert rows == [(3, 3, 1)]


def test_a_cohort_is_mature_when_its_90_days_have_gone_by(reader: Reader) -> None:
    wanted = {"period": "day", "until": "2024-03-02"}
    names = "period buyers mature"
    assert asked(reader, "conversion", names, as_of="2024-05-31", **wanted) == [
        (date(2024, 3, 1), 20, 1),
        (date(2024, 3, 2), 30, 0),
    ]


def test_what_a_rep_did_belongs_to_the_team_of_that_day(reader: Reader) -> None:
    rows = asked(reader, "conversion", "slice people buyers", by="team", until="2024-03-31")
    assert rows == [("", 50, 20), ("north", 100, 20), ("south", 100, 30)]


def test_win_rates_that_differ_by_more_than_chance_are_told_apart(reader: Reader) -> None:
    names = "slice closed won win_rate rest_closed rest_rate distinguishable loss_reasons"
    rows = asked(reader, "win_rate", names, by="rep", since="2024-06-01")
    assert rows == [
        ("ann", 10, 9, 0.9, 10, 0.1, 1, [("price", 1)]),
        ("bob", 10, 1, 0.1, 10, 0.9, 1, [("timing", 9)]),
    ]
    rows = asked(reader, "win_rate", "slice won lost distinguishable", as_of="2024-06-03", by="rep")
    assert rows == [("ann", 8, 2, 1), ("bob", 1, 9, 1), ("cara", 1, 0, 0)]


def test_a_deal_counts_in_the_period_it_closed_last_in(reader: Reader) -> None:
    rows = asked(reader, "win_rate", "period closed won", period="month")
    assert rows == [
        (date(2024, 4, 1), 1, 1),
        (date(2024, 6, 1), 19, 9),
        (date(2024, 7, 1), 1, 1),
    ]


def test_the_whole_is_the_same_in_every_form(reader: Reader) -> None:
    for question in ("conversion", "win_rate"):
        whole = reader.show(question).rows
        assert whole == reader.show(question, slices=Slices(since="1990-01-01")).rows
        assert whole == reader.show(question, as_of="2199-01-01").rows


def test_the_events_behind_a_slice_are_those_of_the_slice(reader: Reader) -> None:
    found = reader.why("conversion", {"slice": "north"}, slices=Slices(by="team"))
    place = found.events.columns.index("type")
    kinds = [row[place] for row in found.events.rows]
    assert kinds.count("sales.conversation.held.v1") == 100
    assert kinds.count("sales.purchase.made.v1") == 20


@pytest.mark.parametrize(
    ("slices", "said"),
    [
        (Slices(by="colour"), "cannot be sliced by 'colour'; it can by rep, team"),
        (Slices(by="product"), "conversion cannot be sliced by 'product'"),
        (Slices(period="fortnight"), "cannot be cut by 'fortnight'; it can by day, week"),
    ],
)
def test_a_slice_that_a_question_does_not_have_is_refused(
    reader: Reader, slices: Slices, said: str
) -> None:
    with pytest.raises(Unanswerable, match=said):
        reader.show("conversion", slices=slices)
