"""Money told in one currency: each amount at the rate of the day of its event, worked by hand."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from golden import Floor, told

from infra.warehouse import Warehouse
from projections import forms, registry
from services.query.answers import Slices, Unanswerable
from services.query.reader import Reader

DEFINITIONS = registry.load()
CONVERTED = [
    question
    for question in DEFINITIONS.questions.values()
    if forms.why_not_converted(question, DEFINITIONS) is None
]
SAMPLE = list({forms.made_of(one, DEFINITIONS)[0]: one.name for one in CONVERTED}.values())
"""One question of those made of the same tables; `salestape check` tries them all."""


def rated(one: str, other: str, rate: str, day: str) -> dict[str, Any]:
    return told("exchange_rate.set", day, currency=one, quote_currency=other, rate=rate,
                valid_from=f"2024-{day}")  # fmt: skip


def sold(deal: str, day: str, currency: str, amount: str) -> list[dict[str, Any]]:
    about = {"deal": deal, "account": f"of {deal}", "actor": "ann"}
    worth = {"amount": amount, "currency": currency}
    return [
        told("deal.opened", "01-02", **about, pipeline="p", stage="talk", **worth),
        told("deal.won", day, **about, **worth),
    ]


def asked(currency: str, amount: str) -> dict[str, Any]:
    return told("quota.set", "01-01", actor="ann", currency=currency, amount=amount,
                period_start="2024-01-01", period_end="2024-03-31")  # fmt: skip


STORY = [
    # A dollar is 0.90 euro, from March on 0.80; a euro is 0.80 pounds, so a pound 1.25 euro.
    rated("USD", "EUR", "0.9", "01-01"),
    rated("USD", "EUR", "0.8", "03-01"),
    rated("EUR", "GBP", "0.8", "01-01"),
    # Of the franc nothing is known before March.
    rated("CHF", "EUR", "1.1", "03-01"),
    *(asked(currency, "100") for currency in ("EUR", "USD", "GBP", "JPY")),
    *sold("d1", "02-10", "USD", "100"),
    *sold("d2", "03-10", "USD", "100"),
    *sold("d3", "03-11", "GBP", "20"),
    *sold("d4", "03-12", "EUR", "7"),
    *sold("d5", "03-13", "JPY", "9"),
    told("purchase.made", "02-11", account="a", amount="10", currency="USD"),
    told("purchase.made", "03-11", account="a", amount="10", currency="USD"),
    told("purchase.made", "02-11", account="b", amount="10", currency="CHF"),
    told("purchase.made", "03-11", account="b", amount="10", currency="CHF"),
]


@pytest.fixture(scope="module")
def reader(floor: Floor, warehouse: Warehouse) -> Iterator[Reader]:
    floor.tell(*STORY)
    with Reader(warehouse, definitions=DEFINITIONS) as made:
        yield made


def ask(
    reader: Reader, columns: str, question: str, as_of: str | None = None, **how: str
) -> list[tuple[Any, ...]]:
    answer = reader.show(question, as_of, slices=Slices(**how))
    places = [answer.columns.index(name) for name in columns.split(", ")]
    return [tuple(row[place] for place in places) for row in answer.rows]


def test_each_amount_is_told_at_the_rate_of_its_day(reader: Reader) -> None:
    # Dollars 90 and 80, pounds 25, euros 7; no rate of the yen is known, so it stays what it is.
    # Of the quotas, a hundred each: 100, 90 and 125.
    columns = "currency, quota, actual"
    assert ask(reader, columns, "attainment", currency="EUR") == [
        ("EUR", Decimal(315), Decimal(202)),
        ("JPY", Decimal(100), Decimal(9)),
    ]
    assert [row[0] for row in ask(reader, "currency", "attainment")] == ["EUR", "GBP", "JPY", "USD"]


def test_it_is_told_so_in_slices_and_as_of_two_clocks(reader: Reader) -> None:
    by_month = {"currency": "EUR", "by": "rep", "period": "quarter"}
    assert ask(reader, "slice, currency, actual", "attainment", **by_month) == [
        ("ann", "EUR", Decimal(202)),
        ("ann", "JPY", Decimal(9)),
    ]
    assert ask(reader, "currency, actual", "attainment", "2024-03-10", currency="EUR") == [
        ("EUR", Decimal(170)),
        ("JPY", Decimal(0)),
    ]


def test_what_a_deal_was_before_is_told_at_the_rate_of_that_day(reader: Reader) -> None:
    # Opened in January at 90 each, d2 is won at 80: ten less by the rate. In pounds a euro is 0.8.
    columns = "currency, opened, won, shrunk"
    march = {"since": "2024-03-01", "until": "2024-03-11"}
    assert ask(reader, "currency, won", "waterfall", currency="EUR", **march) == [
        ("EUR", Decimal(105)),
        ("JPY", Decimal(0)),
    ]
    assert ask(reader, columns, "waterfall", currency="EUR")[0][:2] == ("EUR", Decimal(212))


def test_purchases_are_told_at_the_rate_of_their_day(reader: Reader) -> None:
    assert ask(reader, "amount, currency, balance", "purchases", currency="EUR") == [
        (Decimal(9), "EUR", Decimal(9)),
        (Decimal(8), "EUR", Decimal(17)),
        (Decimal(10), "CHF", Decimal(10)),
        (Decimal(11), "EUR", Decimal(11)),
    ]
    assert ask(reader, "amount, currency", "purchases", currency="reporting")[:2] == [
        (Decimal(9), DEFINITIONS.calendar.currency),
        (Decimal(8), DEFINITIONS.calendar.currency),
    ]


@pytest.mark.parametrize("name", SAMPLE)
def test_no_question_with_money_leaves_any_behind_that_has_a_rate(
    reader: Reader, name: str
) -> None:
    told = {currency for (currency,) in ask(reader, "currency", name, currency="EUR")}
    assert told <= {"", "EUR", "JPY", "CHF"}


@pytest.mark.parametrize(
    ("name", "currency", "reason"),
    [
        ("growth", "euro", "'euro' is no currency: write three capital letters"),
        ("win_rate", "EUR", "win_rate cannot be told in one currency: it tells no money"),
        ("customer_value", "EUR", "sums of all time, which have no day to take a rate of"),
        ("deals", "EUR", "deals cannot be told in one currency: it is a table"),
    ],
)
def test_what_cannot_be_told_so_says_why(
    reader: Reader, name: str, currency: str, reason: str
) -> None:
    with pytest.raises(Unanswerable, match=reason):
        reader.show(name, slices=Slices(currency=currency))


def test_events_are_shown_in_their_own_currency(reader: Reader) -> None:
    with pytest.raises(Unanswerable, match="ask why without a currency"):
        reader.why("growth", {"measure": "won"}, slices=Slices(currency="EUR"))
