"""The questions about the force, on a few reps whose pay, training and duties are told by hand."""

from decimal import Decimal
from typing import Any

import golden
import pytest
from golden import Floor, told

ALWAYS = "known_at = '2100-01-01'"


def paid(kind: str, rep: str, time: str, amount: str, **data: Any) -> dict[str, Any]:
    named = {"amount": amount, "currency": "EUR"} | data
    return told(f"commission.{kind}", time, actor=rep, **named)


def rewarded(rep: str, time: str, **data: Any) -> dict[str, Any]:
    return told("reward.given", time, actor=rep, **data)


def trained(rep: str, time: str, training: str, **data: Any) -> dict[str, Any]:
    return told("training.completed", time, actor=rep, training=training, **data)


def judged(rep: str, time: str, score: int, **data: Any) -> dict[str, Any]:
    return told("skill.assessed", time, actor=rep, skill="closing", score=score, **data)


def aimed(time: str, metric: str, goal: str, due: str) -> dict[str, Any]:
    named = {"target": f"{metric} {time}", "metric": metric, "goal": goal, "due": due}
    return told("target.set", time, actor="ann", **named)


def settled(cadence: str, fulfilled_by: str, count: int, unit: str, **data: Any) -> dict[str, Any]:
    named = {"cadence": cadence, "fulfilled_by": f"sales.{fulfilled_by}.v1"} | data
    return told("cadence.set", "01-01", interval_count=count, interval_unit=unit, **named)


REPS = ("ann", "bob", "cid", "dan", "eve", "fay")

STORY = [
    # Six join in January; dan leaves in February, fay changes the team in March.
    *(told("rep.joined", "01-02 09:00", actor=rep, team="north", role="ae") for rep in REPS),
    told("rep.left", "02-20 17:00", actor="dan"),
    told("rep.team_assigned", "03-10 09:00", actor="fay", team="south"),
    # Ann earns 700 and gives 100 back; gus belongs to nobody; eve gets something without a price.
    paid("earned", "ann", "01-10", "700", incentive_plan="simple", rule="base"),
    paid("earned", "ann", "01-20", "-100", incentive_plan="simple"),
    paid("earned", "ann", "02-05", "50", currency="USD"),
    paid("earned", "bob", "01-15", "200", rule="base"),
    paid("earned", "cid", "01-16", "100", rule="base"),
    paid("earned", "cid", "01-17", "-100", rule="base"),
    paid("earned", "gus", "01-18", "900"),
    paid("paid", "ann", "02-01", "450", incentive_plan="simple"),
    rewarded("ann", "01-31", reward_type="bonus", amount="200", currency="EUR"),
    rewarded("eve", "01-31", reward_type="time_off", criterion="quarter_target_met"),
    # Two topics; ann does one twice, dan before he leaves, fay once in each of her teams.
    trained("ann", "01-11", "t1", topic="closing", skill="closing", score=80,
            duration_seconds=3600),
    trained("ann", "01-25", "t2", topic="closing", duration_seconds=1800, score=60),
    trained("dan", "02-01", "t1", topic="closing", score=70),
    trained("fay", "03-05", "t1", topic="closing", score=90, duration_seconds=1800),
    trained("fay", "03-12", "t1", topic="closing", score=100),
    trained("gus", "03-12", "t1", topic="closing"),
    trained("bob", "01-12", "t3"),
    # Ann goes from 4 to 7, by two judges, and is coached since; her goal is 8.
    judged("ann", "01-05", 4),
    judged("ann", "02-15", 7, assessor="max"),
    told("coaching.held", "02-16", actor="ann", coach="max", skill="closing"),
    told("coaching.held", "02-17", actor="ann", coach="max", skill="listening"),
    aimed("01-06", "closing", "9", "2024-05-01"),
    aimed("01-07", "closing", "8", "2024-06-01"),
    aimed("01-07", "wins", "8", "2024-06-01"),
    judged("bob", "02-01", 6, assessor="max"),
    judged("bob", "02-02", 5, assessor="max"),
]  # fmt: skip


@pytest.fixture(scope="module")
def force(floor: Floor) -> Floor:
    floor.tell(*STORY)
    return floor


def ask(floor: Floor, columns: str, question: str, where: str = "1") -> list[tuple[Any, ...]]:
    rows = golden.ask(floor, columns, question, where)
    return [tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in rows]


def test_a_statement_has_what_was_earned_and_paid(force: Floor) -> None:
    # Ann: 700 - 100 earned, 450 paid, 150 owed. Her bonus names nothing it was given for, and her
    # dollars neither plan nor rule.
    columns = "currency, commissions, earned, payments, paid, balance, rewards, reward_worth"
    assert ask(force, columns, "incentive_statement", "rep = 'ann'") == [
        ("EUR", 2, 600, 1, 450, 150, 1, 200),
        ("USD", 1, 50, 0, 0, 50, 0, 0),
    ]
    columns = "rep, currency, rewards, unexplained, incentive_plans"
    assert ask(force, columns, "incentive_statement", "rep IN ('ann', 'bob', 'eve')") == [
        ("ann", "EUR", 1, 1, ["simple"]),
        ("ann", "USD", 0, 1, []),
        ("bob", "EUR", 0, 0, []),
        ("eve", "", 1, 0, []),
    ]


def test_a_payment_stands_in_the_month_it_was_made(force: Floor) -> None:
    by = "by = 'team', period = 'month', since = '', until = ''"
    columns = "slice, toMonth(period), currency, earned, paid, balance"
    assert ask(force, columns, f"incentive_statement_by({by})", "rep = 'ann'") == [
        ("north", 1, "EUR", 600, 0, 600),
        ("north", 2, "EUR", 0, 450, -450),
        ("north", 2, "USD", 50, 0, 50),
    ]


def test_three_of_six_earn_and_the_top_two_have_all(force: Floor) -> None:
    # Ann 600 + 200, bob 200, eve time off; cid nets 0 and gus is not of the force. A fifth of six
    # is two, rounded up: ann and bob have all.
    columns = "currency, force, earners, reach, outsiders, earned, top_reps, top_share"
    assert ask(force, columns, "incentive_reach") == [
        ("EUR", 6, 3, 0.5, 1, 1000, 2, 1),
        ("USD", 6, 3, 0.5, 1, 50, 2, 1),
    ]
    # Wilson of 3 in 6 by hand: (3 + 1.921 ± 1.96·√(1.5 + 0.960)) / 9.841 = 0.188 and 0.812.
    assert ask(force, "reach_low, reach_high", "incentive_reach", "currency = 'EUR'") == [
        (0.188, 0.812)
    ]


def test_the_force_of_a_month_is_who_belonged_in_it(force: Floor) -> None:
    # Dan leaves in February; in March nobody earns, and April is not over.
    by = "by = '', period = 'month', since = '', until = '2024-04-10'"
    columns = "toMonth(period), currency, force, earners, top_reps, top_share, earners_outside"
    assert ask(force, columns, f"incentive_reach_by({by})") == [
        (1, "EUR", 6, 3, 2, 1, 0),
        (2, "USD", 6, 1, 2, 1, 0),
        (3, "", 5, 0, 1, None, 0),
        (4, "", 5, 0, 1, None, 0),
    ]
    # Fay belongs to both teams in March; a force of one has no top fifth.
    by = "by = 'team', period = 'quarter', since = '2024-03-01', until = '2024-03-31'"
    columns = "slice, force, earners, top_share, mature"
    assert ask(force, columns, f"incentive_reach_by({by})") == [
        ("north", 5, 0, None, 1),
        ("south", 1, 0, None, 1),
    ]


def test_who_was_trained_in_what(force: Floor) -> None:
    # Ann, dan and fay of six; six completions with gus's, of 3,600 + 1,800 + 1,800 s = 2 h; of the
    # scores 60, 70, 80, 90, 100 the middle one is 80.
    columns = "topic, force, trained, coverage, completions, hours, timed, scored, median_score"
    assert ask(force, columns, "training_coverage") == [
        ("", 6, 1, 0.167, 1, 0, 0, 0, None),
        ("closing", 6, 3, 0.5, 6, 2, 3, 5, 80),
    ]
    assert ask(force, "missing", "training_coverage", "topic = 'closing'") == [
        (["bob", "cid", "eve"],)
    ]


def test_training_belongs_to_the_team_of_its_day(force: Floor) -> None:
    # In March north has ann, bob, cid, eve and, until the 10th, fay; gus belongs nowhere.
    by = "by = 'team', period = 'month', since = '2024-03-01', until = '2024-03-31'"
    columns = "slice, force, trained, completions"
    assert ask(force, columns, f"training_coverage_by({by})") == [
        ("", 0, 0, 1),
        ("north", 5, 1, 1),
        ("south", 1, 1, 1),
    ]


def test_a_skill_is_judged_against_the_judgement_before_and_the_goal(force: Floor) -> None:
    columns = "rep, skill, score, assessor, assessments, score_before, change, same_assessor"
    assert ask(force, columns, "skills") == [
        ("ann", "closing", 7, "max", 2, 4, 3, 0),
        ("ann", "listening", None, "", 0, None, None, None),
        ("bob", "closing", 5, "max", 2, 6, -1, 1),
    ]
    # The goal set last is 8; the training of January came before the last judgement.
    columns = "rep, skill, target, toMonth(due), gap, support"
    assert ask(force, columns, "skills", "rep = 'ann'") == [
        ("ann", "closing", 8, 6, 1, 1),
        ("ann", "listening", None, None, None, 1),
    ]


@pytest.fixture(scope="module")
def duties(floor: Floor) -> Floor:
    floor.tell(
        *(told("rep.joined", "01-02", actor=rep, team="north", role="ae")
          for rep in ("ann", "bob", "dan")),
        told("rep.joined", "03-01", actor="cid", team="south", role="sdr"),
        told("rep.left", "02-20", actor="dan"),
        *(told("account.created", "01-05", account=account, name=account, segment=segment)
          for account, segment in (("a1", "key"), ("a2", "key"), ("a3", "small"))),
        settled("appraisal", "appraisal.given", 1, "quarter"),
        settled("coaching", "coaching.held", 2, "week", team="north", valid_from="2024-02-01"),
        settled("visits", "visit.made", 1, "month", segment="key"),
        settled("progress", "team_meeting.held", 1, "week", team="north"),
        settled("forum", "team_meeting.held", 1, "month"),
        settled("calls", "call.made", 1, "week", role="ae"),
        settled("old", "check_in.held", 1, "week"),
        settled("drill", "training.completed", 1, "year", team="east", segment="key"),
        told("cadence.set", "02-01", cadence="old", fulfilled_by="sales.check_in.held.v1",
             interval_count=0, interval_unit="week"),
        told("appraisal.given", "01-31", actor="ann", period_start="2024-01-01",
             period_end="2024-01-31"),
        told("coaching.held", "03-04", actor="ann", coach="max"),
        told("coaching.held", "01-08", actor="bob", coach="max"),
        told("visit.made", "03-10", account="a1", actor="ann"),
        told("team_meeting.held", "03-13", actor="max", team="north", meeting_type="progress"),
        told("team_meeting.held", "03-14", actor="max", team="south", meeting_type="progress"),
        told("call.made", "03-14", account="a1", actor="ann", direction="outbound"),
    )  # fmt: skip
    return floor


def test_what_is_overdue_stands_first(duties: Floor) -> None:
    # As of 20 March. Two weeks from 4 March are the 18th; bob's coaching of January came before the
    # cadence, which begins on 1 February. A month from a2's 5 January is 5 February: 44 days ago.
    # Three months from bob's 2 January are 2 April, from ann's appraisal of 31 January 30 April,
    # from cid's 1 March 1 June. A week from 13 March is today.
    columns = "cadence, subject_type, name, toString(due_on), days_overdue, state"
    question = f"cadences_at(as_of = '2024-03-20', {ALWAYS})"
    assert ask(duties, columns, question) == [
        ("coaching", "rep", "bob", "2024-02-01", 48, "overdue"),
        ("visits", "account", "a2", "2024-02-05", 44, "overdue"),
        ("coaching", "rep", "ann", "2024-03-18", 2, "overdue"),
        ("appraisal", "rep", "ann", "2024-04-30", None, "done"),
        ("appraisal", "rep", "bob", "2024-04-02", None, "pending"),
        ("appraisal", "rep", "cid", "2024-06-01", None, "pending"),
        ("calls", "rep", "ann", None, None, "unseen"),
        ("calls", "rep", "bob", None, None, "unseen"),
        ("drill", "rep", "", None, None, "nobody"),
        ("forum", "department", "", "2024-04-14", None, "done"),
        ("progress", "team", "north", "2024-03-20", None, "due"),
        ("visits", "account", "a1", "2024-04-10", None, "done"),
    ]
    columns = "cadence, name, interval_count, interval_unit, times_done, toString(last_done)"
    assert ask(duties, columns, question, "cadence = 'coaching'") == [
        ("coaching", "bob", 2, "week", 1, "2024-01-08"),
        ("coaching", "ann", 2, "week", 1, "2024-03-04"),
    ]
