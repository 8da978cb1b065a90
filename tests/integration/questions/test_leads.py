"""The questions about leads, on a handful of leads whose numbers are worked by hand.

Of six leads in March, four came by themselves (two by marketing, two at a fair), two were sought.
"""

from typing import Any

import pytest
from golden import Floor, ask, at, told

INBOUND: dict[str, Any] = {"channel": "web", "direction": "inbound", "lead_source": "marketing"}
FAIR: dict[str, Any] = {"channel": "event", "direction": "inbound", "lead_source": "fair"}
OUTBOUND: dict[str, Any] = {"channel": "phone", "direction": "outbound", "lead_source": "list"}


def about(kind: str, lead: str, time: str, rep: str, **data: Any) -> dict[str, Any]:
    return told(f"lead.{kind}", time, lead=lead, subject=lead, actor=rep, **data)


STORY = [
    # l1, marketing: ready, talked to after 2 hours, handed off, accepted after 3, converted, won.
    about("captured", "l1", "03-01 08:00", "sid", campaign="spring", **INBOUND),
    about("assigned", "l1", "03-01 09:00", "sid", rule="skill_match"),
    told("touch.recorded", "03-01 08:30", lead="l1", channel="web", touchpoint="pricing_page"),
    told("call.made", "03-01 09:30", lead="l1", actor="sid", direction="outbound",
         outcome="no_answer"),
    about("first_contacted", "l1", "03-01 10:00", "sid", channel="phone"),
    about("qualified", "l1", "03-02 08:00", "sid"),
    about("handed_off", "l1", "03-02 09:00", "sid", role="ae", recipient="ann"),
    about("hand_off_accepted", "l1", "03-02 12:00", "ann"),
    about("converted", "l1", "03-03 08:00", "ann", deal="d1", account="a1"),
    told("deal.opened", "03-03 08:00", deal="d1", account="a1", actor="ann", pipeline="main",
         stage="contact", lead="l1"),
    told("deal.won", "04-01", deal="d1", account="a1", actor="ann", amount="10", currency="EUR"),
    # l2, marketing: not ready, nurtured by a machine, never talked to.
    about("captured", "l2", "03-02", "sid", campaign="spring", **INBOUND),
    about("assigned", "l2", "03-02 01:00", "sid", rule="random"),
    about("readiness_assessed", "l2", "03-03", "sid", ready=False),
    about("nurtured", "l2", "03-04", "sid", channel="email", performer="machine"),
    about("unqualified", "l2", "03-20", "sid", reason="price"),
    # l3, fair: talked to after 48 hours, handed off and returned, then again and not answered.
    about("captured", "l3", "03-05", "sid", **FAIR),
    told("conversation.held", "03-07", lead="l3", actor="sid"),
    about("qualified", "l3", "03-08", "sid"),
    about("handed_off", "l3", "03-08", "sid", role="ae"),
    about("hand_off_returned", "l3", "03-08 10:00", "bob", reason="no budget"),
    about("handed_off", "l3", "03-09", "sid", role="ae"),
    # l4, fair: nothing happened at all, and a task is overdue.
    about("captured", "l4", "03-10", "sid", **FAIR),
    told("task.scheduled", "03-10", task="t1", task_type="follow_up", due="2024-03-12",
         lead="l4", actor="sid"),
    told("task.scheduled", "03-10", task="t2", task_type="follow_up", due="2024-03-12",
         lead="l4", actor="sid"),
    told("task.done", "03-11", task="t2", actor="sid"),
    # l5, sought: qualified without a conversation, converted into nothing yet won.
    about("captured", "l5", "03-11", "tom", **OUTBOUND),
    about("qualified", "l5", "03-12", "tom"),
    about("converted", "l5", "03-13", "tom", account="a5"),
    # l6, sought: not ready.
    about("captured", "l6", "03-12", "tom", **OUTBOUND),
    about("unqualified", "l6", "03-13", "tom", reason="not_ready"),
]  # fmt: skip


@pytest.fixture(scope="module")
def leads(floor: Floor) -> Floor:
    floor.tell(*STORY)
    return floor


def test_each_lead_has_its_way(leads: Floor) -> None:
    assert ask(leads, "lead, rep, kind, source, campaign, ready, rule, deal", "leads") == [
        ("l1", "ann", "qualified", "marketing", "spring", True, "skill_match", "d1"),
        ("l2", "sid", "price", "marketing", "spring", False, "random", ""),
        ("l3", "sid", "qualified", "fair", "", True, "", ""),
        ("l4", "sid", "unjudged", "fair", "", None, "", ""),
        ("l5", "tom", "qualified", "list", "", True, "", ""),
        ("l6", "tom", "not_ready", "list", "", False, "", ""),
    ]
    assert ask(leads, "touched_at, contacted_at, buyer_touches, our_touches", "leads") == [
        (at("03-01 09:30"), at("03-01 10:00"), 1, 1),
        (at("03-04"), None, 0, 1),
        (at("03-07"), at("03-07"), 0, 0),
        (None, None, 0, 0),
        (None, None, 0, 0),
        (None, None, 0, 0),
    ]
    assert ask(leads, "converted_at, won_at", "leads", "lead IN ('l1', 'l5')") == [
        (at("03-03 08:00"), at("04-01")),
        (at("03-13"), None),
    ]


def test_leads_convert_by_what_they_are_told_apart_by(leads: Floor) -> None:
    counts = "what, value, leads, qualified, converted, won, qualified_won, undecided, mature"
    where = "what IN ('all', 'kind', 'source')"
    assert ask(leads, counts, "lead_conversion", where) == [
        ("all", "", 6, 3, 2, 1, 1, 2, 0),
        ("kind", "qualified", 3, 3, 2, 1, 1, 1, 0),
        ("kind", "not_ready", 1, 0, 0, 0, 0, 0, 1),
        ("kind", "price", 1, 0, 0, 0, 0, 0, 1),
        ("kind", "unjudged", 1, 0, 0, 0, 0, 1, 0),
        ("source", "fair", 2, 1, 0, 0, 0, 2, 0),
        ("source", "list", 2, 1, 1, 0, 0, 0, 1),
        ("source", "marketing", 2, 1, 1, 1, 1, 0, 1),
    ]
    # Wilson for 2 of 6 with z² = 3.8415: (2 + 1.9207 ± 1.96 √(2·4/6 + 0.9604)) / 9.8415
    rates = "conversion, conversion_low, conversion_high, qualified_win_rate"
    assert ask(leads, rates, "lead_conversion", "what = 'all'") == [(0.333, 0.097, 0.7, 0.333)]


def test_a_third_of_the_judged_were_not_ready(leads: Floor) -> None:
    assert ask(leads, "source, leads, judged, unready, unready_share", "unready_leads") == [
        ("fair", 2, 1, 0, 0),
        ("list", 2, 2, 1, 0.5),
        ("marketing", 2, 2, 1, 0.5),
    ]


def test_two_were_talked_to_one_within_a_day(leads: Floor) -> None:
    counts = "source, leads, contacted, untouched, within_a_day, median_hours, our_touches"
    assert ask(leads, counts, "lead_response") == [
        ("fair", 2, 1, 1, 0, None, 0),
        ("list", 2, 0, 2, 0, None, None),
        ("marketing", 2, 1, 0, 1, None, 1),
    ]


def test_who_waited_on_the_13th_is_told_with_the_overdue_task(leads: Floor) -> None:
    found = "lead, state, waiting_hours, overdue, overdue_tasks"
    question = "waiting_leads_at(as_of = '2024-03-13 00:00:00', known_at = '2100-01-01')"
    assert ask(leads, found, question) == [
        ("l4", "untouched", 72, 1, ["t1"]),
        ("l2", "not reached", 264, 0, []),
    ]


def test_one_of_two_answered_hand_offs_was_accepted(leads: Floor) -> None:
    assert ask(leads, "lead, recipient, answer, lag_hours, reason", "hand_offs") == [
        ("l1", "ann", "accepted", 3, ""),
        ("l3", "bob", "returned", 10, "no budget"),
        ("l3", "", "waiting", None, ""),
    ]
    counts = (
        "role, hand_offs, accepted, returned, waiting, acceptance, acceptance_low, converted, won"
    )
    assert ask(leads, counts, "hand_off_results") == [("ae", 3, 1, 1, 1, 0.5, 0.095, 1, 1)]


def test_a_handful_of_leads_tells_no_two_groups_apart(leads: Floor) -> None:
    counts = "comparison, leads, converted, other_leads, other_converted, ratio, distinguishable"
    assert ask(leads, counts, "lead_comparisons") == [
        ("inbound against outbound", 2, 1, 2, 1, 1, 0),
        ("nurtured against not", 1, 0, 3, 2, 0, 0),
        ("skill match against random", 1, 1, 1, 0, None, 0),
    ]
    # ln 1 ± 1.96 √(1 - 1/2 + 1 - 1/2) = ± 1.96
    ratios = "ratio_low, ratio_high"
    where = "startsWith(comparison, 'inbound')"
    assert ask(leads, ratios, "lead_comparisons", where) == [(0.141, 7.099)]


def test_leads_are_cut_by_month_and_by_who_has_them(leads: Floor) -> None:
    by = "by = 'rep', period = 'month', since = '', until = ''"
    rows = ask(leads, "slice, toString(period), leads", f"lead_conversion_by({by})", "what = 'all'")
    assert rows == [("ann", "2024-03-01", 1), ("sid", "2024-03-01", 3), ("tom", "2024-03-01", 2)]
