"""The questions about customers, on a handful of customers whose numbers are worked by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from golden import Floor, ask, at, retracted, told

ALWAYS = "known_at = '2100-01-01'"


def bought(account: str, *times: str, amount: str = "10", **data: Any) -> list[dict[str, Any]]:
    return [
        told("purchase.made", time, account=account, amount=amount, currency="EUR", **data)
        for time in times
    ]


STORY = [
    # January: ann every ten days until March, bob again in March, cid once, dan twice in one day.
    *bought("ann", "01-01", "01-11", "01-21", "01-31", "02-10", "03-01"),
    *bought("bob", "01-05", "03-05", "05-20"),
    *bought("cid", "01-06"),
    *bought("dan", "01-07 08:00", "01-07 09:00"),
    # February: eve every five days, then not for 40, and then again.
    *bought("eve", "02-01", "02-06", "02-11", "03-22"),
    told("account.created", "01-01", account="bob", segment="print"),
    # Ann and cid said that they leave, but ann bought again; dan was found gone.
    told("account.churned", "02-15", account="ann"),
    told("account.churned", "02-20", account="cid", silent=False),
    told("account.churned", "02-25", account="dan", silent=True),
    # Bob had not paid at the end of March, ann's ticket was with a specialist; both ended in April.
    told("payment.failed", "03-06", account="bob", amount="10", currency="EUR"),
    told("payment.received", "04-02", account="bob", amount="10", currency="EUR"),
    told("ticket.escalated", "02-20", account="ann", ticket="t1"),
    told("ticket.closed", "04-10", account="ann", ticket="t1"),
]


@pytest.fixture(scope="module")
def customers(floor: Floor) -> Floor:
    floor.tell(*STORY)
    return floor


def test_one_of_four_came_back_a_month_later_and_two_in_the_second(customers: Floor) -> None:
    counts = "cohort, number, customers, retained, retention, mature"
    question = f"retention_cohorts_at(as_of = '2024-03-30', {ALWAYS})"
    january, february = date(2024, 1, 1), date(2024, 2, 1)
    # Dan's second order is of his first day and makes him no less a customer of January alone.
    assert ask(customers, counts, question) == [
        (january, 1, 4, 1, 0.25, 1),
        (january, 2, 4, 2, None, 0),
        (february, 1, 1, 1, None, 0),
    ]


def test_a_month_is_over_at_the_end_of_its_last_day(customers: Floor) -> None:
    # Wilson for 2 of 4 with z² = 3.8415: (2 + 1.9207 ± 1.96 √(2·2/4 + 0.9604)) / 7.8415
    rates = "cohort, number, retention, retention_low, retention_high, mature"
    question = f"retention_cohorts_at(as_of = '2024-03-31', {ALWAYS})"
    assert ask(customers, rates, question, "number = 2") == [
        (date(2024, 1, 1), 2, 0.5, 0.15, 0.85, 1)
    ]


def test_cohorts_are_cut_by_other_periods_and_by_segment(customers: Floor) -> None:
    counts = "slice, toString(period), toString(cohort), number, customers, retained, mature"
    by = "by = '', period = 'quarter', since = '', until = ''"
    where = "number <= 1"
    assert ask(customers, counts, f"retention_cohorts_by({by})", where) == [
        ("", "2024-01-01", "2024-01-01", 1, 5, 1, 1)
    ]
    by = "by = 'segment', period = 'week', since = '', until = '2024-01-10'"
    # Bob's second purchase lies 64 days after the Monday of his cohort, in the 9th week after.
    where = "retained > 0 AND number < 12"
    assert ask(customers, counts, f"retention_cohorts_by({by})", where) == [
        ("", "2024-01-01", "2024-01-01", 1, 3, 1, 1),
        ("", "2024-01-01", "2024-01-01", 2, 3, 1, 1),
        ("", "2024-01-01", "2024-01-01", 4, 3, 1, 1),
        ("", "2024-01-01", "2024-01-01", 5, 3, 1, 1),
        ("", "2024-01-01", "2024-01-01", 8, 3, 1, 1),
        ("print", "2024-01-01", "2024-01-01", 9, 1, 1, 1),
    ]


def test_three_of_five_bought_again_and_one_came_back_after_a_pause(customers: Floor) -> None:
    # Gaps: ann 10 10 10 10 20, bob 60, eve 5 5 40. Ann's rhythm is 10 days and eve's 5: eve's 40
    # days are a pause of more than 15, and on 30 April ann has been idle for 60, more than 30.
    columns = (
        "customers, repeat_customers, repeat_rate, undecided, mature, median_days_to_second, gaps,"
        " median_gap_days, paused, reactivated, reactivation_rate"
    )
    question = f"repeat_purchases_at(as_of = '2024-04-30', {ALWAYS})"
    assert ask(customers, columns, question) == [(5, 3, 0.6, 2, 0, None, 9, 10, 2, 1, 0.5)]
    question = f"repeat_purchases_at(as_of = '2024-03-31', {ALWAYS})"
    # 30 days are not more than three times ten.
    assert ask(customers, "paused, reactivated", question) == [(1, 1)]


def test_orders_are_due_by_the_customers_own_rhythm(customers: Floor) -> None:
    columns = "account, purchase_days, median_gap_days, p90_gap_days, due_on, overdue_days, state"
    question = f"reorders_at(as_of = '2024-03-31', {ALWAYS})"
    # The 90th percentile of 10 10 10 10 20 lies 0.6 of the way from the fourth to the fifth.
    assert ask(customers, columns, question) == [
        ("ann", 6, 10, 16, date(2024, 3, 11), 20, "overdue"),
        ("eve", 4, 5, None, date(2024, 3, 27), 4, "overdue"),
        ("bob", 2, None, None, None, None, "new"),
        ("cid", 1, None, None, None, None, "left"),
        ("dan", 1, None, None, None, None, "silent"),
    ]
    assert ask(customers, "left_at", question, "account = 'cid'") == [(at("02-20"),)]
    question = f"reorders_at(as_of = '2024-04-30', {ALWAYS})"
    assert ask(customers, "account, overdue_days, state", question, "overdue_days > 0") == [
        ("ann", 50, "silent"),
        ("eve", 34, "silent"),
    ]
    question = f"reorders_at(as_of = '2024-03-06', {ALWAYS})"
    where = "state = 'in rhythm'"
    assert ask(customers, "account, due_on, overdue_days", question, where) == [
        ("ann", date(2024, 3, 11), 0)
    ]


def test_rules_are_judged_by_who_bought_in_the_90_days_after(customers: Floor) -> None:
    # Only bob bought after March. At its end his payment was open, and ann's ticket; at the end of
    # April cid and dan were idle for more than 90 days, ann and eve for three times their rhythm.
    counts = "toString(judged_on), rule, customers, churned, flagged, flagged_churned"
    question = f"churn_rule_quality_at(as_of = '2024-07-31', {ALWAYS})"
    march, april = "2024-03-31", "2024-04-30"
    where = "judged_on > '2024-03-01' AND rule IN ('any', 'idle_long', 'off_rhythm', "
    where += "'payment_trouble', 'ticket_escalated')"
    assert ask(customers, counts, question, where) == [
        (march, "any", 5, 4, 2, 1),
        (april, "any", 5, 4, 4, 4),
        (march, "idle_long", 5, 4, 0, 0),
        (april, "idle_long", 5, 4, 2, 2),
        (march, "off_rhythm", 5, 4, 0, 0),
        (april, "off_rhythm", 5, 4, 2, 2),
        (march, "payment_trouble", 5, 4, 1, 0),
        (april, "payment_trouble", 5, 4, 0, 0),
        (march, "ticket_escalated", 5, 4, 1, 1),
        (april, "ticket_escalated", 5, 4, 0, 0),
    ]
    rates = "churn_rate, precision, recall, rest_rate, distinguishable"
    where = f"judged_on = '{march}' AND rule IN ('any', 'idle_long')"
    assert ask(customers, rates, question, where) == [
        (0.8, 0.5, 0.25, 1, 0),
        (0.8, None, 0, 0.8, 0),
    ]
    # Wilson of 4 in 5 by hand: (4 + 1.921 ± 1.96·√(0.8 + 0.960)) / 8.841; of 3 in 3: 3 / 6.8415.
    ends = "churn_rate_low, churn_rate_high, rest_rate_low, rest_rate_high"
    where = f"judged_on = '{march}' AND rule = 'any'"
    assert ask(customers, ends, question, where) == [(0.376, 0.964, 0.439, 1)]


def test_a_rule_is_judged_when_its_90_days_are_over(customers: Floor) -> None:
    days = "toString(max(judged_on)), toString(min(judged_on)), countIf(customers > 0), count()"
    # In November and December nobody had bought yet.
    assert ask(customers, days, f"churn_rule_quality_at(as_of = '2024-07-29', {ALWAYS})") == [
        ("2024-04-30", "2023-11-30", 32, 48)
    ]
    assert ask(customers, days, f"churn_rule_quality_at(as_of = '2024-07-28', {ALWAYS})") == [
        ("2024-03-31", "2023-10-31", 24, 48)
    ]


def called(account: str, *days: str) -> list[dict[str, Any]]:
    return [
        told("call.made", day, account=account, actor="rep", direction="outbound") for day in days
    ]


def subscribed(account: str, kind: str, day: str, due: str | None = None) -> dict[str, Any]:
    worth = {} if kind == "cancelled" else {"amount": "10", "currency": "EUR"}
    named = worth | ({"renewal_due": f"2024-{due}"} if due else {})
    return told(f"subscription.{kind}", day, account=account, subscription=f"S-{account}", **named)


def scored(account: str, day: str, survey: str, score: int) -> dict[str, Any]:
    return told("survey.answered", day, account=account, survey=survey, score=score)


# All bought in March, so that on the last of April nobody is idle for 90 days.
SIGNS = [
    *(one for name in ("ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal", "ida", "jon", "kim")
      for one in bought(name, "03-15")),
    # Ann was called every ten days until 20 March, 41 days ago; bob every fourteen, so that 41 are
    # less than three times that; cid on four days only; jon on five days in a row.
    *called("ann", "02-09", "02-19", "02-29", "03-10", "03-20"),
    *called("bob", "01-24", "02-07", "02-21", "03-06", "03-20"),
    *called("cid", "02-19", "02-29", "03-10", "03-20"),
    *called("jon", "01-01", "01-02", "01-03", "01-04", "01-05"),
    # Dan's last word is a 6 of 10, eve's a 3 of 5 after a 2, fay's a 2 of 5: CES does not count.
    scored("dan", "03-20", "csat", 5), scored("dan", "03-21", "nps", 6),
    scored("eve", "03-20", "csat", 2), scored("eve", "03-21", "csat", 3),
    scored("fay", "03-20", "csat", 2), scored("fay", "03-21", "ces", 7),
    # Gus is to renew by 30 May, and was last called 61 days before; hal was called 60 days before,
    # ida has cancelled, and kim renewed until December.
    subscribed("gus", "started", "01-01", "05-30"), *called("gus", "03-30"),
    subscribed("hal", "started", "01-01", "05-30"), *called("hal", "03-31"),
    subscribed("ida", "started", "01-01", "05-30"), subscribed("ida", "cancelled", "02-01"),
    subscribed("kim", "started", "01-01", "04-10"), subscribed("kim", "renewed", "04-09", "12-01"),
    # Ann, dan and gus are gone; the others bought again in May.
    *(one for name in ("bob", "cid", "eve", "fay", "hal", "ida", "jon", "kim")
      for one in bought(name, "05-15")),
    # After April: ann is called, dan is content, gus renews.
    *called("ann", "05-02"), scored("dan", "05-02", "nps", 9),
    subscribed("gus", "renewed", "05-02", "12-31"),
]  # fmt: skip
APRIL = "as_of = '2024-04-30'"


@pytest.fixture(scope="module")
def signs(customers: Floor) -> Floor:
    customers.tell(*SIGNS)
    return customers


def test_contact_dries_up_answers_are_low_and_renewals_are_not_looked_after(signs: Floor) -> None:
    columns = "account, rules, evidence, arrayMap(day -> toString(toDate(day)), since)"
    question = f"churn_signals_at({APRIL}, {ALWAYS})"
    # Ann: 20 March and 31 days. Jon: three times one day is less than 30: 5 January and 31.
    assert ask(signs, columns, question, "notEmpty(rules) ORDER BY account") == [
        ("ann", ["contact_dried_up"],
         ["no contact since 2024-03-20, usually one every 10 days"], ["2024-04-20"]),
        ("dan", ["low_satisfaction"], ["answered 6 to NPS on 2024-03-21"], ["2024-03-21"]),
        ("fay", ["low_satisfaction"], ["answered 2 to CSAT on 2024-03-20"], ["2024-03-20"]),
        ("gus", ["renewal_untouched"],
         ["to be renewed by 2024-05-30, no contact from 60 days before on"], ["2024-04-30"]),
        ("jon", ["contact_dried_up"],
         ["no contact since 2024-01-05, usually one every 1 days"], ["2024-02-05"]),
    ]  # fmt: skip
    # Gus's 30 days begin on 30 April.
    question = f"churn_signals_at(as_of = '2024-04-29', {ALWAYS})"
    assert ask(signs, "account", question, "has(rules, 'renewal_untouched')") == []
    question = f"churn_signals_at(as_of = '2024-05-03', {ALWAYS})"
    # Three days later bob's 44 days are more than three times 14.
    assert ask(signs, "account", question, "notEmpty(rules) ORDER BY account") == [
        ("bob",), ("fay",), ("jon",),
    ]  # fmt: skip


def test_rules_about_contact_answers_and_renewals_are_replayed(signs: Floor) -> None:
    # Of eleven, three bought no more: ann, dan and gus. Jon and fay are cried wolf about.
    counts = "rule, customers, churned, flagged, flagged_churned"
    question = f"churn_rule_quality_at(as_of = '2024-08-01', {ALWAYS})"
    where = "judged_on = '2024-04-30' AND flagged > 0"
    assert ask(signs, counts, question, where) == [
        ("any", 11, 3, 5, 3),
        ("contact_dried_up", 11, 3, 2, 1),
        ("low_satisfaction", 11, 3, 2, 1),
        ("renewal_untouched", 11, 3, 1, 1),
    ]
    rates = "precision, recall, rest_rate"
    where = "judged_on = '2024-04-30' AND rule = 'contact_dried_up'"
    assert ask(signs, rates, question, where) == [(0.5, 0.333, 0.222)]


def test_money_and_tickets_that_go_wrong_are_signs_until_they_are_mended(floor: Floor) -> None:
    floor.tell(*STORY)
    columns = "account, rules, evidence, arrayMap(day -> toString(toDate(day)), since)"
    question = f"churn_signals_at(as_of = '2024-03-31', {ALWAYS})"
    assert ask(floor, columns, question, "notEmpty(rules) ORDER BY account") == [
        ("ann", ["ticket_escalated"], ["ticket escalated on 2024-02-20"], ["2024-02-20"]),
        (
            "bob",
            ["payment_trouble"],
            ["payment failed or overdue since 2024-03-06"],
            ["2024-03-06"],
        ),
    ]
    # In April both are mended. Ann bought every 10 days, and 31 after 1 March are more than three
    # times that; eve every 5, and 16 after 22 March. Cid and dan bought on 6 and 7 January.
    question = f"churn_signals_at(as_of = '2024-04-30', {ALWAYS})"
    columns = "account, idle_days, rules, arrayMap(day -> toString(toDate(day)), since)"
    assert ask(floor, columns, question, "notEmpty(rules) ORDER BY account") == [
        ("ann", 60, ["off_rhythm"], ["2024-04-01"]),
        ("cid", 115, ["idle_long"], ["2024-04-06"]),
        ("dan", 114, ["idle_long"], ["2024-04-07"]),
        ("eve", 39, ["off_rhythm"], ["2024-04-07"]),
    ]


def test_who_buys_again_late_is_undecided_until_then(floor: Floor) -> None:
    # Five second purchases after 10, 20, 30, 40 and 50 days: nine of ten came within 46.
    days = ("01-11", "01-21", "01-31", "02-10", "02-20")
    events = [one for n, day in enumerate(days) for one in bought(f"c{n}", "01-01", day)]
    floor.tell(*events, *bought("late", "02-01"), *bought("later", "03-01"))
    columns = "repeat_customers, undecided, mature, median_days_to_second"
    question = f"repeat_purchases_at(as_of = '2024-03-18', {ALWAYS})"
    assert ask(floor, columns, question) == [(5, 1, 0, 30)]
    question = f"repeat_purchases_at(as_of = '2024-04-16', {ALWAYS})"
    assert ask(floor, columns, question) == [(5, 0, 1, 30)]


def test_equal_customers_have_equal_scores(floor: Floor) -> None:
    # Five customers, two of them alike. Frequency 1 1 1 2 5: nobody is worse than 1, three fifths
    # are worse than 2, four than 5. Returned is taken off: gus has 20 - 15 = 5, the least.
    floor.tell(
        *bought("fay", "01-10", "02-10", "03-10", "04-10", "05-10", amount="100"),
        *bought("gus", "05-01", amount="20"),
        told("purchase.returned", "05-02", account="gus", amount="15", currency="EUR"),
        *bought("hal", "02-01", amount="10"),
        *bought("ida", "02-01", amount="10"),
        *bought("jo", "01-01", "01-02", amount="200"),
        told("purchase.made", "05-10", account="fay", amount="7", currency="USD", order="9"),
    )
    columns = "account, recency_days, value, recency, frequency, monetary, segment"
    question = f"rfm_segments_at(as_of = '2024-05-20', {ALWAYS})"
    assert ask(floor, columns, question, "currency = 'EUR'") == [
        ("fay", 10, Decimal(500), 5, 5, 5, "champions"),
        ("gus", 19, Decimal(5), 4, 1, 1, "promising"),
        ("hal", 109, Decimal(10), 2, 1, 2, "hibernating"),
        ("ida", 109, Decimal(10), 2, 1, 2, "hibernating"),
        ("jo", 139, Decimal(400), 1, 4, 4, "cannot_lose"),
    ]


def survey(time: str, kind: str, *scores: int) -> list[dict[str, Any]]:
    return [
        told("survey.answered", f"{time} {hour:02}:00", account="ann", survey=kind, score=score)
        for hour, score in enumerate(scores)
    ]


def referred(time: str, account: str, **data: Any) -> dict[str, Any]:
    return told("referral.given", time, account=account, **data)


@pytest.fixture(scope="module")
def voices(floor: Floor) -> Floor:
    floor.tell(
        *survey("03-04", "nps", 10, 9, 9, 8, 3, 10),
        *survey("04-04", "nps", 2, 5, 6, 0, 7),
        *survey("05-04", "nps", 10),
        *survey("03-05", "csat", 5, 4, 3),
        # Rex recommends to new, who buys for 150 and gives back 20, to a lead that becomes an
        # account, to old, who was a customer already, and to somebody who is not named.
        referred("03-01", "rex", referred_account="new"),
        referred("03-02", "rex", lead="l2"),
        referred("03-03", "rex", referred_account="old"),
        referred("03-04", "rex", direction="inbound"),
        told("lead.converted", "03-05", lead="l2", account="later"),
        *bought("old", "02-01", "03-09"),
        *bought("new", "03-10", amount="100"),
        *bought("new", "03-20", amount="50"),
        told("purchase.returned", "03-21", account="new", amount="20", currency="EUR"),
        # Roy comes second for new, and his lead became nobody.
        referred("03-05", "roy", referred_account="new"),
        referred("03-06", "roy", lead="l3"),
    )
    return floor


def test_four_of_six_promote_and_a_month_later_nobody_does(voices: Floor) -> None:
    counts = "toString(period), survey, answers, accounts, favourable, unfavourable, mean, score"
    by = "by = '', period = 'month', since = '', until = ''"
    assert ask(voices, counts, f"satisfaction_trend_by({by})") == [
        ("2024-03-01", "csat", 3, 1, 2, 1, None, 0.667),
        ("2024-03-01", "nps", 6, 1, 4, 1, 8.167, 0.5),
        ("2024-04-01", "nps", 5, 1, 0, 4, 4, -0.8),
        ("2024-05-01", "nps", 1, 1, 1, 0, None, 1),
    ]
    # Wilson for 4 of 6 is 0.3 to 0.903, for 1 of 6 0.03 to 0.564; the shares are correlated by
    # -√0.4 = -0.632. 0.5 - √(0.367² + 2·0.632·0.367·0.397 + 0.397²) = -0.19, and
    # 0.5 + √(0.236² + 2·0.632·0.236·0.137 + 0.137²) = 0.84.
    ends = "score, score_low, score_high"
    where = "survey = 'nps' AND period = '2024-03-01'"
    assert ask(voices, ends, f"satisfaction_trend_by({by})", where) == [(0.5, -0.19, 0.84)]
    # One answer in May is too few to compare.
    change = "toString(period), score_before, difference_high < 0, distinguishable"
    where = "survey = 'nps'"
    assert ask(voices, change, f"satisfaction_trend_by({by})", where) == [
        ("2024-03-01", None, None, 0),
        ("2024-04-01", 0.5, 1, 1),
        ("2024-05-01", -0.8, None, 0),
    ]


def test_one_of_two_who_were_won_over_bought(voices: Floor) -> None:
    columns = (
        "referrer, currency, referrals, referred, converted, known_before, customers, conversion,"
        " purchases, revenue"
    )
    assert ask(voices, columns, "referral_revenue") == [
        ("roy", "", 2, 1, 0, 0, 0, 0, 0, Decimal(0)),
        ("rex", "EUR", 4, 3, 3, 1, 1, 0.5, 2, Decimal(130)),
    ]


def test_a_history_has_every_purchase_and_return_in_order(floor: Floor) -> None:
    # The second comes 10 whole days after the first, the return between them counts for neither.
    back = told("purchase.returned", "03-05", account="a", amount="4", currency="EUR", order="o1")
    dollars = told("purchase.made", "03-20", account="a", amount="7", currency="USD", actor="ann")
    nobody = told("purchase.made", "03-21", amount="5", currency="EUR")
    first, second = bought("a", "03-01 12:00", "03-11 13:00", order="o1", product="ink")
    history = (first, second, back, dollars, nobody)
    floor.tell(*history, *bought("b", "03-02"))

    columns = "account, nth, returned, amount, balance, days_since_last, order, rep"
    rows = [
        ("", 1, 0, 5, 5, None, "", ""),
        ("a", 1, 0, 10, 10, None, "o1", ""),
        ("a", 1, 1, -4, 6, 3, "o1", ""),
        ("a", 2, 0, 10, 16, 10, "o1", ""),
        ("a", 3, 0, 7, 7, 8, "", "ann"),
        ("b", 1, 0, 10, 10, None, "", ""),
    ]
    assert ask(floor, columns, "purchases") == rows
    asked = "purchases_at(as_of = '2024-03-10', known_at = '2100-01-01')"
    assert ask(floor, columns, asked, "account = 'a'") == rows[1:3]
    floor.tell(*history, retracted(back))
    assert ask(floor, "balance", "purchases", "account = 'a' AND currency = 'EUR'") == [
        (10,),
        (20,),
    ]


def test_reviews_of_a_month_stand_beside_its_deals(floor: Floor) -> None:
    def posted(day: str, account: str = "", **data: Any) -> dict[str, Any]:
        about = {"account": account} if account else {}
        return told("review.posted", day, **about, site="stars", **data)

    five = {"rating_scale": "5"}
    doubted = posted("04-03", "b", rating="1", **five)
    reviews = [
        # 4 of 5 and 8 of 10 are favourable, 2 of 5 is not; 3 of 5 and no opinion are neither.
        posted("03-01", "a", rating="4", **five),
        posted("03-02", "a", rating="8", rating_scale="10"),
        posted("03-03", "b", rating="2", **five),
        posted("03-04", "c", rating="3", **five),
        posted("03-05", rating="5", **five),
        posted("03-06", sentiment="positive"),
        posted("03-07", rating="7"),
        doubted,
    ]
    said = {"won": {"amount": "1", "currency": "EUR"}, "lost": {"competitor": "other"}}
    deals = [
        event
        for n, (day, end) in enumerate((("03-10", "won"), ("03-11", "lost"), ("05-01", "won")))
        for event in (
            told("deal.opened", "02-01", deal=f"d{n}", account="a", pipeline="p", stage="talk"),
            told(f"deal.{end}", day, deal=f"d{n}", account="a", **said[end]),
        )
    ]
    floor.tell(*reviews, *deals)

    by = "by = '', period = 'month', since = '', until = ''"
    columns = "toMonth(period), reviews, accounts, rated, favourable, unfavourable, mean_rating"
    # (0.8 + 0.8 + 0.4 + 0.6 + 1) / 5 = 0.72; of 7 reviews 4 are favourable.
    assert ask(floor, columns, f"reviews_by({by})") == [
        (3, 7, 3, 5, 4, 1, 0.72),
        (4, 1, 1, 1, 0, 1, None),
    ]
    columns = "toMonth(period), favourable_rate, closed, won, win_rate, lost_to_competitors"
    assert ask(floor, columns, f"reviews_by({by})") == [
        (3, 0.571, 2, 1, 0.5, 1),
        (4, 0, 0, 0, None, 0),
    ]
    floor.tell(*reviews, *deals, retracted(doubted))
    assert ask(floor, "reviews, unfavourable, closed, won", "reviews") == [(7, 1, 3, 2)]
    asked = "reviews_at(as_of = '2024-03-03', known_at = '2100-01-01')"
    assert ask(floor, "reviews, mean_rating, closed", asked) == [(3, None, 0)]
