"""The questions about money, on a few subscriptions, budgets and deals that are worked by hand."""

from decimal import Decimal
from typing import Any

import golden
import pytest
from golden import Floor, told

ALWAYS = "known_at = '2100-01-01'"


def subscribed(kind: str, account: str, time: str, amount: str, **data: Any) -> dict[str, Any]:
    named = {"subscription": f"s-{account}", "amount": amount, "currency": "EUR"} | data
    return told(f"subscription.{kind}", time, account=account, **named)


def spent(time: str, rep: str, line: str, amount: str, **data: Any) -> dict[str, Any]:
    named = {"budget_line": line, "amount": amount, "currency": "EUR"} | data
    return told("spend.incurred", time, actor=rep, **named)


def budget(time: str, line: str, amount: str, **data: Any) -> dict[str, Any]:
    quarter = {"period_start": "2024-01-01", "period_end": "2024-03-31", "currency": "EUR"}
    return told("budget.set", time, budget_line=line, amount=amount, **quarter, **data)


def won(deal: str, time: str) -> list[dict[str, Any]]:
    named = {"deal": deal, "account": "a", "actor": "ann"}
    opened = told("deal.opened", "01-02", pipeline="main", stage="contact", **named)
    return [opened, told("deal.won", time, amount="1000", currency="GBP", **named)]


STORY = [
    # c1 pays 100, then 150, then cancels; c2 1,200 a year, then 600; c4 has a second one in March.
    subscribed("started", "c1", "01-10", "100", billing_period="month"),
    subscribed("changed", "c1", "02-15", "150", subscription_change="upgrade"),
    told("subscription.cancelled", "03-20", account="c1", subscription="s-c1"),
    subscribed("started", "c2", "01-20", "1200", billing_period="year"),
    subscribed("renewed", "c2", "02-10", "600"),
    subscribed("started", "c4", "01-05", "10"),
    subscribed("started", "c4", "03-01", "20", subscription="second"),
    # c3 begins in February, pauses in March and comes back for more.
    subscribed("started", "c3", "02-05", "30"),
    subscribed("changed", "c3", "03-05", "30", subscription_change="pause"),
    subscribed("changed", "c3", "04-02", "40", subscription_change="resume"),
    # 900 for promotion, then 1,000, of which 300 for the north.
    budget("01-01", "promotion", "900"),
    budget("01-02", "promotion", "1000"),
    budget("01-02", "promotion", "300", team="north"),
    spent("01-15", "ann", "promotion", "400", team="north", purpose="acquisition"),
    spent("01-20", "bob", "promotion", "10", currency="USD"),
    spent("02-01", "bob", "training", "30", purpose="retention"),
    spent("02-10", "bob", "promotion", "200"),
    spent("04-02", "bob", "promotion", "50"),
    *won("d1", "02-20"),
    *won("d2", "03-10"),
    *(
        told("purchase.made", f"02-{day}", account="a", actor="bob", amount="9", currency="GBP")
        for day in (11, 12, 13, 14)
    ),
]


@pytest.fixture(scope="module")
def books(floor: Floor) -> Floor:
    floor.tell(*STORY)
    return floor


def ask(floor: Floor, columns: str, question: str, where: str = "1") -> list[tuple[Any, ...]]:
    rows = golden.ask(floor, columns, question, where)
    return [tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in rows]


def test_recurring_revenue_moves_from_month_to_month(books: Floor) -> None:
    moves = "toMonth(starts), opening, new, returned, expanded, contracted, lost, closing"
    question = f"subscription_movements_at(as_of = '2024-04-15', {ALWAYS})"
    assert ask(books, moves, question) == [
        (1, 0, 210, 0, 0, 0, 0, 210),
        (2, 210, 30, 0, 50, 50, 0, 240),
        (3, 240, 0, 0, 20, 0, 180, 80),
        (4, 80, 0, 40, 0, 0, 0, 120),
    ]
    # Of 210 in February 50 went and 50 came; of 240 in March 180 went and 20 came.
    kept = "customers, gross_retention, net_retention, lost_customers, churn, mature"
    assert ask(books, kept, question) == [
        (0, None, None, 0, None, 1),
        (3, 0.762, 1, 0, 0, 1),
        (4, 0.25, 0.333, 2, 0.5, 1),
        (2, None, None, 0, None, 0),
    ]


def test_a_quarter_nets_what_moved_within_it(books: Floor) -> None:
    # c1 and c3 came and went in the first quarter: they were never there at its end.
    moves = "toMonth(period), customers, opening, new, returned, expanded, lost, closing"
    by = "by = '', period = 'quarter', since = '2024-04-01', until = ''"
    assert ask(books, moves, f"subscription_movements_by({by})") == [(4, 2, 80, 0, 40, 0, 0, 120)]
    by = "by = '', period = 'quarter', since = '', until = '2024-03-31'"
    assert ask(books, moves, f"subscription_movements_by({by})") == [(1, 0, 0, 80, 0, 0, 0, 80)]


def test_spend_is_set_against_every_budget_it_belongs_to(books: Floor) -> None:
    columns = "budget_line, team, budget, spent, used, left_over, expected_by_now, state"
    # 45 of 91 days: 1,000 · 45 / 91 = 494.51.
    question = f"budget_use_at(as_of = '2024-02-14', {ALWAYS})"
    assert ask(books, columns, question, "currency = 'EUR'") == [
        ("promotion", "", 1000, 600, 0.6, 400, 494.5, "ahead"),
        ("promotion", "north", 300, 400, 1.333, -100, 148.35, "exceeded"),
        ("training", "", None, 30, None, None, None, "no budget"),
    ]
    columns = "budget_line, team, currency, spent, spends, state"
    question = f"budget_use_at(as_of = '2024-04-30', {ALWAYS})"
    assert ask(books, columns, question, "budget_line = 'promotion'") == [
        ("promotion", "", "EUR", 600, 2, "within"),
        ("promotion", "north", "EUR", 400, 1, "exceeded"),
        ("promotion", "", "EUR", 50, 1, "no budget"),
        ("promotion", "", "USD", 10, 1, "no budget"),
    ]


def test_two_deals_for_680_cost_340_each(books: Floor) -> None:
    columns = (
        "currency, spent, acquisition, retention, wins, cost_per_win, purchases, cost_per_purchase"
    )
    assert ask(books, columns, "cost_per_sale") == [
        ("EUR", 680, 400, 30, 2, 340, 4, 170),
        ("USD", 10, 0, 0, 2, 5, 4, 2.5),
    ]
    # Of 2 by chance: 2 (1 - 1/18 - 1.96/(3√2))³ = 0.2246 and 3 (1 - 1/27 + 1.96/(3√3))³ = 7.224.
    ends = "round(cost_per_win_low), round(cost_per_win_high)"
    assert ask(books, ends, "cost_per_sale", "currency = 'EUR'") == [(94, 3027)]


def test_costs_are_cut_by_rep_and_quarter(books: Floor) -> None:
    columns = "slice, toMonth(period), currency, spent, wins, cost_per_win, purchases"
    by = "by = 'rep', period = 'quarter', since = '', until = ''"
    assert ask(books, columns, f"cost_per_sale_by({by})") == [
        ("ann", 1, "EUR", 400, 2, 200, 0),
        ("bob", 1, "EUR", 230, 0, None, 4),
        ("bob", 1, "USD", 10, 0, None, 4),
        ("bob", 4, "EUR", 50, 0, None, 0),
    ]


def captured(lead: str, time: str, campaign: str) -> dict[str, Any]:
    way = {"channel": "web", "direction": "inbound", "campaign": campaign}
    return told("lead.captured", time, lead=lead, subject=lead, **way)


def opened(deal: str, lead: str) -> dict[str, Any]:
    named = {"deal": deal, "account": "a", "actor": "ann", "lead": lead}
    return told("deal.opened", "02-01", pipeline="main", stage="contact", **named)


@pytest.fixture(scope="module")
def campaigns(floor: Floor) -> Floor:
    bought = [(f"c{n}", "01-10") for n in range(6)] + [(f"c{n}", "02-10") for n in range(5)]
    floor.tell(
        told("campaign.started", "01-01", campaign="spring", name="Spring", channel="web",
             amount="500", currency="EUR"),
        spent("01-02", "ann", "promotion", "400", campaign="spring"),
        spent("01-03", "ann", "promotion", "50", campaign="spring", currency="USD"),
        # Another campaign of the web: one lead, whose deal is won for 200 at a cost of 100.
        told("campaign.started", "01-01", campaign="summer", channel="web"),
        spent("01-02", "ann", "promotion", "100", campaign="summer"),
        captured("l5", "01-05", "summer"),
        opened("d5", "l5"),
        told("deal.won", "03-01", deal="d5", account="a", amount="200", currency="EUR"),
        # Of the four leads one was captured first at the fair; of three deals one is won.
        captured("l1", "01-05", "spring"),
        captured("l2", "01-05", "spring"),
        captured("l3", "01-05", "spring"),
        captured("l4", "01-04", "fair"),
        captured("l4", "01-06", "spring"),
        opened("d1", "l1"),
        opened("d2", "l2"),
        opened("d3", "l3"),
        told("deal.won", "03-01", deal="d1", account="a", amount="1000", currency="EUR"),
        told("deal.lost", "03-01", deal="d3", account="a", reason="price"),
        # Six customers are won for 600, five of them are kept for 50.
        spent("01-09", "ann", "promotion", "600", purpose="acquisition"),
        spent("02-09", "ann", "promotion", "50", purpose="retention"),
        *(told("purchase.made", time, account=name, amount="9", currency="EUR")
          for name, time in bought),
    )  # fmt: skip
    return floor


def test_a_campaign_is_set_against_the_deals_of_its_leads(campaigns: Floor) -> None:
    columns = "campaign, currency, name, channel, budget, spent, leads, cost_per_lead"
    assert ask(campaigns, columns, "campaign_return") == [
        ("fair", "", "", "", None, 0, 1, None),
        ("spring", "EUR", "Spring", "web", 500, 400, 3, 133.333),
        ("spring", "USD", "Spring", "web", None, 50, 3, 16.667),
        ("summer", "EUR", "", "web", None, 100, 1, 100),
    ]
    columns = "deals, open, won, win_rate, won_amount, cost_per_win, return_on_spend"
    assert ask(campaigns, columns, "campaign_return") == [
        (0, 0, 0, 0, 0, None, None),
        (3, 1, 1, 0.333, 1000, 400, 2.5),
        (3, 1, 1, 0.333, 0, 50, 0),
        (1, 0, 1, 1, 200, 100, 2),
    ]


def test_a_channel_is_set_against_the_deals_of_its_campaigns(campaigns: Floor) -> None:
    # Spring and summer: 3 and 1 leads, 1 and 1 deals won, for 1000 and 200 at 400 and 100.
    columns = "channel, currency, campaigns, spent, leads, cost_per_lead, deals, open, won"
    assert ask(campaigns, columns, "channel_return") == [
        ("", "", 1, 0, 1, None, 0, 0, 0),
        ("web", "EUR", 2, 500, 4, 125, 4, 1, 2),
        ("web", "USD", 2, 50, 4, 12.5, 4, 1, 2),
    ]
    # Wilson of 2 in 4 by hand: (2 + 1.921 ± 1.96·√(1 + 0.960)) / 7.841 = 0.150 and 0.850.
    columns = "win_rate, win_rate_low, win_rate_high, won_amount, cost_per_win, return_on_spend"
    assert ask(campaigns, columns, "channel_return", "channel = 'web'") == [
        (0.5, 0.15, 0.85, 1200, 250, 2.4),
        (0.5, 0.15, 0.85, 0, 25, 0),
    ]


def test_winning_a_customer_cost_ten_times_as_much_as_keeping_one(campaigns: Floor) -> None:
    columns = "won_customers, cost_of_winning, kept_customers, cost_of_keeping, ratio, "
    # 10 times or over exp(1.96 √(1/6 + 1/5)) = 3.277.
    ends = "ratio_low, ratio_high, distinguishable"
    assert ask(campaigns, columns + ends, "cost_of_customers") == [
        (6, 100, 5, 10, 10, 3.052, 32.766, 1)
    ]
    by = "by = '', period = 'month', since = '', until = ''"
    assert ask(campaigns, columns + "toMonth(period)", f"cost_of_customers_by({by})") == [
        (6, 100, 0, None, None, 1),
        (0, None, 5, 10, None, 2),
    ]
