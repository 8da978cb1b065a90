"""The questions about people, on a few reps whose quotas and deals are told by hand."""

from decimal import Decimal
from typing import Any

import golden
import pytest
from golden import Floor, corrected, told

ALWAYS = "known_at = '2100-01-01'"


def asked(rep: str, currency: str, amount: str, **data: Any) -> dict[str, Any]:
    """Return a quota of the first quarter, which has 91 days."""
    named = {"period_start": "2024-01-01", "period_end": "2024-03-31"} | data
    return told("quota.set", "01-01", actor=rep, currency=currency, amount=amount, **named)


def sold(deal: str, rep: str, day: str, currency: str, amount: str) -> list[dict[str, Any]]:
    about = {"deal": deal, "account": f"of {deal}", "actor": rep}
    worth = {"amount": amount, "currency": currency}
    return [
        told("deal.opened", "01-02", **about, pipeline="p", stage="talk", **worth),
        told("deal.won", day, **about, **worth),
    ]


OPENED, WON = sold("d1", "ann", "01-20", "EUR", "3000")

STORY = [
    # Ann moves south on the 15th of February: 45 days of the quarter north, 46 south.
    told("rep.joined", "01-01", actor="ann", team="north"),
    told("rep.joined", "01-01", actor="bob", team="north"),
    told("rep.team_assigned", "02-15", actor="ann", team="south"),
    asked("ann", "EUR", "9100"),
    asked("ann", "USD", "910"),
    asked("ann", "GBP", "91"),
    asked("ann", "JPY", "1000"),
    asked("bob", "EUR", "910"),
    # A month of its own is another quota than that of the quarter.
    asked("bob", "EUR", "310", period_end="2024-01-31"),
    told("quota.set", "01-01", actor="bob", measure="wins", amount="3",
         period_start="2024-01-01", period_end="2024-03-31"),
    OPENED, WON,
    # Seventy of a hundred are ann's, thirty bob's.
    *sold("d2", "ann", "03-01", "EUR", "1000"),
    told("deal.credit_split", "03-02", deal="d2", account="of d2",
         credits=[{"rep": "ann", "share": "0.7"}, {"rep": "bob", "share": "0.3"}]),
    *sold("d3", "ann", "02-20", "USD", "500"),
    *sold("d4", "bob", "01-31", "EUR", "100"),
    # Nobody asked bob for dollars, nor for anything in April.
    *sold("d5", "bob", "02-01", "USD", "77"),
    *sold("d6", "bob", "04-01", "EUR", "88"),
]  # fmt: skip


@pytest.fixture(scope="module")
def people(floor: Floor) -> Floor:
    floor.tell(*STORY)
    return floor


def ask(floor: Floor, columns: str, question: str, where: str = "1") -> list[tuple[Any, ...]]:
    rows = golden.ask(floor, columns, question, where)
    return [tuple(round(float(v), 3) if isinstance(v, Decimal) else v for v in row) for row in rows]


def test_a_quota_counts_where_the_rep_was_on_each_of_its_days(people: Floor) -> None:
    # Ann: 45 days of 100 a day north, 46 south; d1 north, 700 of d2 south. Bob: 910, 100 of d4
    # and 300 of d2. Yen: 1,000 x 45 / 91 = 494.505 in 45 days.
    columns = "slice, currency, reps, quota, actual, attainment, gap, reps_reached"
    by = "by = 'team', period = '', since = '', until = ''"
    where = "measure = 'won_amount' AND quota_period = 'quarter'"
    assert ask(people, columns, f"attainment_by({by})", where) == [
        ("north", "EUR", 2, 5410, 3400, 0.628, 2010, 0),
        ("south", "EUR", 1, 4600, 700, 0.152, 3900, 0),
        ("north", "GBP", 1, 45, 0, 0, 45, 0),
        ("south", "GBP", 1, 46, 0, 0, 46, 0),
        ("north", "JPY", 1, 494.505, 0, 0, 494.505, 0),
        ("south", "JPY", 1, 505.495, 0, 0, 505.495, 0),
        ("north", "USD", 1, 450, 0, 0, 450, 0),
        ("south", "USD", 1, 460, 500, 1.087, -40, 1),
    ]


def test_attainment_of_the_force_tells_who_reached_it(people: Floor) -> None:
    # Bob's quota of January is another than that of the quarter: 100 of 310; d4 counts for both.
    # Bob won d4, d5 and 0.3 of d2: 2.3 of 3 wins; d6 is after the quarter.
    columns = "measure, quota_period, currency, reps, quota, actual, reps_reached, mature"
    assert ask(people, columns, "attainment", "currency IN ('', 'EUR', 'JPY')") == [
        ("wins", "quarter", "", 1, 3, 2.3, 0, 1),
        ("won_amount", "month", "EUR", 1, 310, 100, 0, 1),
        ("won_amount", "quarter", "EUR", 2, 10_010, 4_100, 0, 1),
        ("won_amount", "quarter", "JPY", 1, 1000, 0, 0, 1),
    ]


def test_a_month_of_a_quarters_quota_is_its_days(people: Floor) -> None:
    # 31, 29 and 31 days of 110 a day; in January ann has 3,000 of 3,100 and bob 100 of 310.
    by = "by = '', period = 'month', since = '', until = ''"
    columns = "toMonth(period), quota, actual, reps_reached, reached_high, mature"
    where = "measure = 'won_amount' AND quota_period = 'quarter' AND currency = 'EUR'"
    # Wilson of 0 in 2 by hand: 3.841 / (2 + 3.841) = 0.658.
    assert ask(people, columns, f"attainment_by({by})", where) == [
        (1, 3410, 3100, 0, 0.658, 1),
        (2, 3190, 0, 0, 0.658, 1),
        (3, 3410, 1000, 0, 0.658, 1),
    ]
    columns = "quota, actual, expected_by_now, pace, mature"
    assert ask(people, columns, f"attainment_at(as_of = '2024-02-10', {ALWAYS})", where) == [
        # 41 days of 110; d2 is not won yet. All of d2 would have been ann's until it was split.
        (10_010, 3_100, 4_510, 0.687, 0)
    ]
    assert ask(people, "rep, actual", f"quota_days_at(as_of = '2024-03-01', {ALWAYS})",
               "day = '2024-03-01' AND measure = 'won_amount' AND currency = 'EUR'") == [
        ("ann", 1000), ("bob", 0),
    ]  # fmt: skip


def test_the_days_of_a_quota_add_up_to_it(people: Floor) -> None:
    days = "sum(quota), count(), min(quota) > 10.98, max(quota) < 10.99"
    assert people.ask(f"SELECT {days} FROM sales.quota_days WHERE currency = 'JPY'") == [
        (Decimal(1000), 91, 1, 1)
    ]


def test_a_correction_changes_the_quarter_gone_by(people: Floor) -> None:
    by = "by = 'rep', period = 'quarter', since = '', until = ''"
    where = "currency = 'EUR' AND slice = 'ann'"
    before = ask(people, "actual, attainment", f"attainment_by({by})", where)
    people.tell(*STORY, corrected(WON, amount="8000"))
    # Ann: 3,000 and 8,000 with 700 of 9,100.
    assert before == [(3_700, 0.407)]
    assert ask(people, "actual, attainment, reps_reached", f"attainment_by({by})", where) == [
        (8_700, 0.956, 0)
    ]
    people.tell(*STORY)
