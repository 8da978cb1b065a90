"""The questions about how reps grow, on a few careers that are told by hand."""

from decimal import Decimal
from typing import Any

import pytest
from golden import Floor, ask, at, corrected, retracted, told

ALWAYS = "known_at = '2100-01-01'"


def worked(rep: str, deal: str, day: str, *steps: str) -> list[dict[str, Any]]:
    """Return a deal that enters the first stage on the 2nd of January, all else on a day."""
    about = {"deal": deal, "account": f"of {deal}", "actor": rep}
    events = [told("deal.opened", "01-02", **about, pipeline="p", stage="talk")]
    for step in steps:
        if step in ("won", "lost"):
            worth = {"amount": "1", "currency": "EUR"} if step == "won" else {}
            events.append(told(f"deal.{step}", f"{day} 12:00", **about, **worth))
        else:
            events.append(told("deal.stage_changed", day, **about, stage=step))
    return events


def lot(rep: str, day: str, number: int, *steps: str) -> list[dict[str, Any]]:
    """Return so many deals that go the same way."""
    return [
        event
        for place in range(number)
        for event in worked(rep, f"{rep} {day} {'-'.join(steps)} {place}", day, *steps)
    ]


DOUBTED = worked("bob", "taken back", "02-10", "lost")

GAPS = [
    told("pipeline.defined", "01-01", pipeline="p", stages=[
        {"name": "talk", "position": 1}, {"name": "offer", "position": 2},
        {"name": "won", "position": 3, "kind": "won"},
        {"name": "lost", "position": 4, "kind": "lost"},
    ]),
    told("rep.joined", "01-01", actor="ann", team="north"),
    told("rep.joined", "01-01", actor="bob", team="north"),
    told("rep.joined", "01-01", actor="cid", team="south"),
    # Talk: ann advances with 2 of 10, bob and cid with 9 of 10 each; bob loses one in April, and
    # another that was told is taken back.
    *lot("ann", "02-10", 8, "lost"),
    *lot("ann", "02-10", 2, "offer"),
    *lot("bob", "02-10", 5, "offer", "won"),
    *lot("bob", "02-10", 4, "won"),
    *lot("bob", "04-10", 1, "lost"),
    *DOUBTED, retracted(DOUBTED[-1]),
    *lot("cid", "02-10", 9, "offer", "lost"),
    *lot("cid", "02-10", 1, "lost"),
    # Nobody owns it.
    told("deal.opened", "01-02", deal="lone", account="of lone", pipeline="p", stage="talk"),
    told("deal.lost", "02-10", deal="lone", account="of lone"),
]  # fmt: skip


@pytest.fixture(scope="module")
def gaps(floor: Floor) -> Floor:
    floor.tell(*GAPS)
    return floor


def test_a_rep_who_loses_what_peers_keep_has_a_gap(gaps: Floor) -> None:
    # Ann: 2 of 10 against 18 of 20. Wilson: (2 + 1.921 ± 1.96·√(1.6 + 0.960)) / 13.841 = 0.057 and
    # 0.510; (18 + 1.921 ± 1.96·√(1.8 + 0.960)) / 23.841 = 0.699 and 0.972. Newcombe: -0.7 -
    # √(0.143² + 0.072²) = -0.860; -0.7 + √(0.310² + 0.201²) = -0.331. Bob, and cid as well: 9 of 10
    # against 11 of 20.
    columns = "rep, decided, advanced, rate, open, peers, peer_decided, peer_advanced, peer_rate"
    assert ask(gaps, columns, "coaching_gaps", "stage = 'talk'") == [
        ("ann", 10, 2, 0.2, 0, 2, 20, 18, 0.9),
        ("bob", 10, 9, 0.9, 1, 2, 20, 11, 0.55),
        ("cid", 10, 9, 0.9, 0, 2, 20, 11, 0.55),
    ]
    columns = "rate_low, rate_high, difference, difference_low, difference_high"
    assert ask(gaps, columns, "coaching_gaps", "stage = 'talk' AND rep = 'ann'") == [
        (0.057, 0.51, -0.7, -0.86, -0.331)
    ]
    # At the peers' rate ann would have advanced with 9, and has with 2; 3.31 and 8.60 are ten times
    # the ends. Bob, with Wilson 0.596 to 0.982 against 0.342 to 0.742: 0.35 - √(0.304² + 0.192²) =
    # -0.010 and 0.35 + √(0.082² + 0.208²) = 0.574, so he may be no better at all.
    columns = "rep, distinguishable, gap, cost, cost_low, cost_high"
    assert ask(gaps, columns, "coaching_gaps", "stage = 'talk' AND rep != 'cid'") == [
        ("ann", 1, 1, 7, 3.307, 8.604),
        ("bob", 0, 0, -3.5, -5.735, 0.096),
    ]


def test_a_gap_can_hold_among_many_comparisons(gaps: Floor) -> None:
    # z² = 10.828: (2 + 5.414 + 3.291·√(1.6 + 2.707)) / 20.828 = 0.684 and (18 + 5.414 -
    # 3.291·√(1.8 + 2.707)) / 30.828 = 0.533; -0.7 + √(0.484² + 0.367²) = -0.093.
    assert ask(gaps, "strict_high", "coaching_gaps", "stage = 'talk' AND rep = 'ann'") == [
        (-0.093,)
    ]


def test_what_is_open_at_the_stage_is_in_no_rate(gaps: Floor) -> None:
    # Offer: ann's two are open; bob won five that were there, four skipped it; cid lost nine.
    columns = "rep, position, decided, advanced, rate, open, peers, peer_rate, mature"
    assert ask(gaps, columns, "coaching_gaps", "stage = 'offer'") == [
        ("ann", 2, 0, 0, None, 2, 2, 0.357, 0),
        ("bob", 2, 5, 5, 1, 0, 1, 0, 1),
        ("cid", 2, 9, 0, 0, 0, 1, 1, 1),
    ]
    columns = "difference, distinguishable, gap, cost"
    assert ask(gaps, columns, "coaching_gaps", "stage = 'offer' AND rep = 'ann'") == [
        (None, 0, 0, None)
    ]


def test_peers_are_those_of_the_slice_and_the_period(gaps: Floor) -> None:
    # In the first quarter bob has advanced with 9 of 9; cid is alone in the south.
    by = "by = 'team', period = 'quarter', since = '', until = '2024-03-31'"
    columns = "slice, rep, decided, advanced, peers, peer_decided, peer_advanced, gap, cost, mature"
    assert ask(gaps, columns, f"coaching_gaps_by({by})", "stage = 'talk'") == [
        ("north", "ann", 10, 2, 1, 9, 9, 1, 8, 1),
        ("north", "bob", 9, 9, 1, 10, 2, 0, -7.2, 1),
        ("south", "cid", 10, 9, 0, 0, 0, 0, None, 1),
    ]
    by = "by = 'rep', period = '', since = '', until = ''"
    assert ask(gaps, "slice, rep, peers", f"coaching_gaps_by({by})", "stage = 'talk'") == [
        ("ann", "ann", 2),
        ("bob", "bob", 2),
        ("cid", "cid", 2),
    ]


def test_before_anything_is_decided_all_is_open(gaps: Floor) -> None:
    columns = "rep, stage, decided, rate, open, peers, gap, mature"
    question = f"coaching_gaps_at(as_of = '2024-02-01', {ALWAYS})"
    assert ask(gaps, columns, question) == [
        ("ann", "talk", 0, None, 10, 0, 0, 0),
        ("bob", "talk", 0, None, 11, 0, 0, 0),
        ("cid", "talk", 0, None, 10, 0, 0, 0),
    ]


def years_ago(number: int, event: dict[str, Any]) -> dict[str, Any]:
    """Return an event of so many years before 2024."""
    return event | {"time": event["time"].replace("2024-", f"{2024 - number}-", 1)}


def won(rep: str, deal: str, day: str) -> list[dict[str, Any]]:
    """Return a deal that is opened and won on one day."""
    about = {"deal": deal, "account": f"of {deal}", "actor": rep}
    return [
        told("deal.opened", day, **about, pipeline="p", stage="talk"),
        told("deal.won", f"{day} 12:00", **about, amount="1", currency="EUR"),
    ]


WINS_OF_ESTABLISHED = {"e1": 1, "e2": 2, "e3": 2, "e4": 2, "e5": 3}
TOO_EARLY = won("nia", "n1", "01-02")

RAMP = [
    # Five have been there since 2022; they win 1, 2, 2, 2 and 3 deals on 20 December 2023, a
    # Wednesday. A sixth leaves on New Year's Day, a seventh has another role.
    *(years_ago(2, told("rep.joined", "01-03", actor=rep, role="ae"))
      for rep in (*WINS_OF_ESTABLISHED, "e6")),
    told("rep.left", "01-01 18:00", actor="e6"),
    years_ago(2, told("rep.joined", "01-03", actor="s1", role="sdr")),
    *(years_ago(1, event) for rep, wins in WINS_OF_ESTABLISHED.items() for place in range(wins)
      for event in won(rep, f"{rep} {place}", "12-20")),
    # Nia joins on a Monday, and wins on 10 January (first told a week early), 7 February, 31 March
    # and 1 April; she is trained before, twice after, and calls.
    told("rep.joined", "01-01 09:00", actor="nia", role="ae"),
    *TOO_EARLY, corrected(TOO_EARLY[1], "01-10 12:00"),
    *won("nia", "n2", "02-07"), *won("nia", "n3", "03-31"), *won("nia", "n4", "04-01"),
    years_ago(1, told("training.completed", "12-30", actor="nia", training="t0", onboarding=True)),
    told("training.completed", "01-03", actor="nia", training="t1", onboarding=True),
    told("training.completed", "05-03", actor="nia", training="t2"),
    told("call.made", "01-03", actor="nia", account="a", direction="outbound"),
    told("call.made", "03-31", actor="nia", account="a", direction="outbound"),
    told("call.made", "04-01", actor="nia", account="a", direction="outbound"),
    # Bob wins one. Lea leaves. Dan is an SDR. Zed comes when nobody has won for long.
    told("rep.joined", "01-01", actor="bob", role="ae"), *won("bob", "b1", "01-10"),
    told("rep.joined", "01-08", actor="lea", role="ae"), told("rep.left", "02-20", actor="lea"),
    told("rep.joined", "01-01", actor="dan", role="sdr"),
    told("rep.joined", "04-01", actor="zed", role="ae"),
    # Ann was there before; cid is hired for a day to come; gus was never said to have joined.
    years_ago(2, told("rep.joined", "03-01", actor="ann", role="ae")),
    *(years_ago(2, event) for event in won("ann", "a1", "04-01")),
    years_ago(1, told("rep.left", "03-01", actor="ann")),
    told("rep.joined", "02-05", actor="ann", role="ae"), *won("ann", "a2", "02-09"),
    years_ago(1, told("rep.hired", "12-01", actor="cid", role="ae", starts_on="2024-01-15")),
    told("rep.team_assigned", "01-15", actor="gus", team="north"),
]  # fmt: skip

NEW = "joined >= '2024-01-01'"


@pytest.fixture(scope="module")
def ramp(floor: Floor) -> Floor:
    floor.tell(*RAMP)
    return floor


def test_a_newcomer_is_ramped_once_established_reps_win_no_more(ramp: Floor) -> None:
    # The median of the five is 2 from the week that ends on 24 December until the thirteenth, which
    # ends on 17 March. Nia has two wins at the end of the week of 7 February: on 11 February, 41
    # days after 1 January. Bob and ann have one each; cid, lea and zed none. For zed and dan there
    # is nothing to compare with: a median of 0, and no established SDR but one.
    columns = "rep, toString(joined), status, ramp_days, established, their_median"
    question = f"newcomer_ramp_at(as_of = '2024-07-15', {ALWAYS})"
    assert ask(ramp, columns, question, NEW) == [
        ("bob", "2024-01-01", "ramping", None, 5, 2),
        ("dan", "2024-01-01", "nothing to compare", None, None, None),
        ("nia", "2024-01-01", "ramped", 41, 5, 2),
        ("lea", "2024-01-08", "left", None, 5, 2),
        ("cid", "2024-01-15", "ramping", None, 5, 2),
        ("ann", "2024-02-05", "ramping", None, 5, 2),
        ("zed", "2024-04-01", "nothing to compare", None, None, None),
    ]
    # Those who were there first had nobody to be compared with.
    assert ask(ramp, "DISTINCT status", question, f"NOT {NEW} AND rep != 'e6'") == [
        ("nothing to compare",)
    ]


def test_the_first_deal_and_win_since_joining(ramp: Floor) -> None:
    columns = (
        "rep, days, trainings, onboarding, opened_after, won_after, toString(first_win), mature"
    )
    question = f"newcomer_ramp_at(as_of = '2024-07-15', {ALWAYS})"
    assert ask(ramp, columns, question, "rep IN ('ann', 'lea', 'nia')") == [
        ("nia", 196, 2, 1, 1, 9, "2024-01-10", 0),
        ("lea", 43, 0, 0, None, None, None, 1),
        ("ann", 161, 0, 0, 4, 4, "2024-02-09", 0),
    ]
    assert ask(ramp, "rep, left, mature", "newcomer_ramp", "rep IN ('lea', 'nia')") == [
        ("nia", None, 1),
        ("lea", at("02-20").date(), 1),
    ]


def test_quarters_of_tenure_that_are_not_over_are_not_known(ramp: Floor) -> None:
    # Nia's first 91 days end on 31 March, the second on 30 June. Byar for 3: 3·(1 - 1/27 -
    # 1.96/(3·√3))³ = 0.603 and 4·(1 - 1/36 + 1.96/(3·2))³ = 8.765.
    columns = (
        "rep, wins, activities, arrayMap(one -> round(one, 3), wins_low), round(wins_high[1], 3)"
    )
    question = f"newcomer_ramp_at(as_of = '2024-07-15', {ALWAYS})"
    assert ask(ramp, columns, question, "rep IN ('lea', 'nia')") == [
        ("nia", [3, 1, None, None], [2, 1, None, None], [0.603, 0.013, None, None], 8.765),
        ("lea", [None] * 4, [None] * 4, [None] * 4, None),
    ]
    assert ask(ramp, "wins, activities", "newcomer_ramp", "rep = 'nia'") == [
        ([3, 1, 0, 0], [2, 1, 0, 0])
    ]


def test_a_newcomer_of_some_weeks_may_still_be_compared(ramp: Floor) -> None:
    # Zed has not come; at noon of 11 February the week of nia's second win is not over.
    question = f"newcomer_ramp_at(as_of = '2024-02-11 12:00', {ALWAYS})"
    assert ask(ramp, "rep, status, ramp_days", question, "rep IN ('dan', 'nia', 'zed')") == [
        ("dan", "ramping", None),
        ("nia", "ramping", None),
    ]
    question = f"newcomer_ramp_at(as_of = '2024-02-11', {ALWAYS})"
    assert ask(ramp, "rep, status, ramp_days", question, "rep = 'nia'") == [("nia", "ramped", 41)]


def hired(rep: str, traits: dict[str, int], wins: int, **left: str) -> list[dict[str, Any]]:
    """Return who was judged and hired in January 2023, and won so many deals in that June."""
    events = [
        *(told("candidate.scored", "01-05", actor="max", candidate=f"c {rep}", trait=trait, score=n)
          for trait, n in traits.items()),
        told("rep.hired", "01-10", actor=rep, candidate=f"c {rep}", starts_on="2023-02-01"),
        *(event for place in range(wins) for event in won(rep, f"{rep} {place}", "06-01")),
        *(told("rep.left", day, actor=rep) for day in left.values()),
    ]  # fmt: skip
    return [years_ago(1, event) for event in events]


def talked(rep: str, kind: str) -> dict[str, Any]:
    named = {"candidate": f"c {rep}", "interview_type": kind}
    return years_ago(1, told("candidate.interviewed", "01-04", actor="max", **named))


MISTYPED = years_ago(1, told("candidate.scored", "01-05", actor="max", candidate="c l1",
                             trait="curious", score=9))  # fmt: skip

HIRES = [
    # Six curious hires win four each and stay; of six others, who win two each, five leave, one of
    # them on the last of the 365 days from 1 February 2023, which is 31 January 2024.
    *(event for n in range(6) for event in hired(f"h{n}", {"curious": 8}, 4)),
    *hired("l0", {"curious": 4}, 2),
    *hired("l1", {}, 2, left="08-01"), MISTYPED, corrected(MISTYPED, score=4),
    *(event for n in (2, 3, 4) for event in hired(f"l{n}", {"curious": 4}, 2, left="08-01")),
    *hired("l5", {"curious": 3}, 2), told("rep.left", "01-31", actor="l5"),
    # Two judge l5, 3 and 5; what is told of l0 once hired does not count, nor what is won later.
    years_ago(1, told("candidate.scored", "01-06", actor="moe", candidate="c l5", trait="curious",
                      score=5)),
    *(years_ago(1, told("candidate.scored", day, actor="moe", candidate="c l0", trait="curious",
                        score=10)) for day in ("03-06", "03-07")),
    *won("l0", "late", "02-01"), told("rep.left", "02-01", actor="h0"),
    # Tough ones: two of five win ten each, three none; of five others each wins two.
    *(event for n, wins in enumerate((10, 10, 0, 0, 0))
      for event in hired(f"t{n}", {"tough": 7}, wins)),
    *(event for n in range(5) for event in hired(f"s{n}", {"tough": 6}, 2)),
    # All are alike in one trait; one was hired a year later, one never.
    *(event for n in range(3) for event in hired(f"k{n}", {"kind": 5}, 1)),
    told("candidate.scored", "01-05", actor="max", candidate="c new", trait="curious", score=9),
    told("rep.hired", "01-10", actor="new", candidate="c new"),
    told("candidate.scored", "01-05", actor="max", candidate="c not", trait="curious", score=1),
    # The curious played a role, three of the others solved a case.
    *(talked(f"h{n}", "role_play") for n in range(6)),
    *(talked(f"l{n}", "case") for n in range(3)),
]  # fmt: skip

A_YEAR_ON = f"hire_traits_at(as_of = '2024-07-01', {ALWAYS})"


@pytest.fixture(scope="module")
def hires(floor: Floor) -> Floor:
    floor.tell(*HIRES)
    return floor


def test_hires_with_a_trait_win_more_often(hires: Floor) -> None:
    # 24 wins against 12. Of 36, Wilson: (24 + 1.921 ± 1.96·√(8 + 0.960)) / 39.841 = 0.503, 0.798;
    # 0.5033/0.4967 - 1 = 0.013 and 0.7979/0.2021 - 1 = 2.947.
    columns = "hires, waiting, cut, high_hires, high_result, low_hires, low_result, dispersion"
    where = "trait = 'curious' AND measure = 'wins'"
    assert ask(hires, columns, A_YEAR_ON, where) == [(12, 1, 8, 6, 4, 6, 2, 1)]
    columns = "effect, effect_low, effect_high, distinguishable, mature"
    assert ask(hires, columns, A_YEAR_ON, where) == [(1, 0.013, 2.947, 1, 0)]
    # Byar for 24, by six hires: 24·(1 - 1/216 - 1.96/(3·√24))³ / 6 = 2.562.
    assert ask(hires, "high_result_low", A_YEAR_ON, where) == [(2.562,)]


def test_hires_with_a_trait_stay(hires: Floor) -> None:
    # All six against one of six. Wilson: 0.610 to 1, and 0.030 to 0.564; Newcombe: 0.833 -
    # √(0.390² + 0.397²) = 0.277 and 0.833 + √(0² + 0.137²) = 0.970.
    columns = "high_result, low_result, effect, effect_low, effect_high, distinguishable"
    where = "trait = 'curious' AND measure = 'stayed'"
    assert ask(hires, columns, A_YEAR_ON, where) == [(1, 0.167, 0.833, 0.277, 0.97, 1)]
    columns = "low_result_low, low_result_high, dispersion"
    assert ask(hires, columns, A_YEAR_ON, where) == [(0.03, 0.564, None)]


def test_wins_that_differ_much_widen_the_interval(hires: Floor) -> None:
    # Means of 4 and 2. Chi-squared: (2·6² + 3·4²) / 4 = 30 and 0, by 10 - 2 degrees: 3.75. 20 and
    # 10 wins by that are 5.333 of 8: (5.333 + 1.921 ± 1.96·√(1.778 + 0.960)) / 11.841 = 0.339 and
    # 0.886; 0.3387/0.6613 - 1 = -0.488 and 0.8865/0.1135 - 1 = 6.81.
    columns = (
        "high_result, low_result, dispersion, effect, effect_low, effect_high, distinguishable"
    )
    assert ask(hires, columns, A_YEAR_ON, "trait = 'tough' AND measure = 'wins'") == [
        (4, 2, 3.75, 1, -0.488, 6.809, 0)
    ]


def test_hires_who_are_alike_or_few_are_not_compared(hires: Floor) -> None:
    columns = "kind, trait, hires, cut, high_hires, low_hires, effect, distinguishable"
    where = "trait IN ('kind', 'case') AND measure = 'stayed'"
    assert ask(hires, columns, A_YEAR_ON, where) == [
        ("interview", "case", 9, None, 3, 6, None, 0),
        ("trait", "kind", 3, None, 0, 0, None, 0),
    ]


def test_kinds_of_interviews_are_compared_likewise(hires: Floor) -> None:
    # Against the three who only solved a case.
    columns = "hires, high_hires, high_result, low_hires, low_result"
    assert ask(hires, columns, A_YEAR_ON, "trait = 'role_play' AND measure = 'wins'") == [
        (9, 6, 4, 3, 2)
    ]


def test_who_was_hired_later_counts_once_the_year_is_over(hires: Floor) -> None:
    # Seven at 8 or more against six; before 31 January 2024 is over nobody's year is.
    columns = "hires, waiting, high_hires, high_result, mature"
    where = "trait = 'curious' AND measure = 'stayed'"
    assert ask(hires, columns, "hire_traits", where) == [(13, 0, 7, 1, 1)]
    question = f"hire_traits_at(as_of = '2024-01-30', {ALWAYS})"
    assert ask(hires, columns, question, where) == [(0, 13, 0, None, 0)]


def hiring(rep: str, day: str, left: str = "", **data: Any) -> list[dict[str, Any]]:
    """Return who was hired in 2023, to begin at once, and perhaps left on a day of that year."""
    events = [told("rep.hired", day, actor=rep, team="north", **data)]
    if left:
        events.append(told("rep.left", left, actor=rep, voluntary=False))
    return [years_ago(1, event) for event in events]


def spent(rep: str, day: str, amount: str, currency: str = "EUR", **data: Any) -> dict[str, Any]:
    return years_ago(1, told("spend.incurred", day, actor=rep, amount=amount, currency=currency,
                             **data))  # fmt: skip


WRONG_LEAVING = told("rep.left", "02-28", actor="r9")

LEAVERS = [
    # Of eight hired in the first quarter of 2023 five are sent away after 10, 20, 30, 40 and 100
    # days; r6 goes after the year, r7 stays, and that r9 left in the year after is taken back.
    *(event for place, (day, left) in enumerate((("01-10", "01-20"), ("01-10", "01-30"),
                                                 ("02-01", "03-03"), ("02-01", "03-13"),
                                                 ("03-01", "06-09")))
      for event in hiring(f"r{place}", day, left)),
    *hiring("r6", "01-10"), told("rep.left", "01-10", actor="r6"),
    *hiring("r7", "01-10"), *hiring("r9", "03-01"), WRONG_LEAVING, retracted(WRONG_LEAVING),
    # Hired in March for a day in May, and gone in June of her own will.
    years_ago(1, told("rep.hired", "03-20", actor="may", team="south", starts_on="2023-05-01")),
    years_ago(1, told("rep.joined", "05-02 08:00", actor="may", team="south")),
    years_ago(1, told("rep.left", "06-01", actor="may", voluntary=True)),
    # Comes back in 2024; who only joined was not hired.
    told("rep.hired", "04-01", actor="may", team="south"),
    years_ago(1, told("rep.joined", "01-01", actor="old", team="north")),
    years_ago(1, told("rep.left", "02-01", actor="old")),
    # The search for r0, pay and commission of two leavers; not what r0 spent on a fair, nor the pay
    # of r7, who stays, nor of may once she is back.
    spent("r0", "01-12", "1000"), spent("r0", "01-15", "50", campaign="fair"),
    years_ago(1, told("rep.paid", "01-31", actor="r0", amount="700", currency="EUR",
                      pay_type="salary")),
    years_ago(1, told("commission.paid", "04-30", actor="r3", amount="30", currency="USD")),
    years_ago(1, told("rep.paid", "01-31", actor="r7", amount="9", currency="EUR",
                      pay_type="salary")),
    years_ago(1, told("rep.paid", "06-30", actor="may", amount="200", currency="EUR",
                      pay_type="salary")),
    told("rep.paid", "04-30", actor="may", amount="8", currency="EUR", pay_type="salary"),
]  # fmt: skip


@pytest.fixture(scope="module")
def leavers(floor: Floor) -> Floor:
    floor.tell(*LEAVERS)
    return floor


def test_hires_who_leave_within_a_year(leavers: Floor) -> None:
    # Six of nine; days 10, 20, 30, 31, 40 and 100, whose middle is 30.5. Wilson: (6 + 1.921 ±
    # 1.96·√(2 + 0.960)) / 12.841 = 0.354 and 0.879. May's second time is waiting.
    question = f"early_leavers_at(as_of = '2024-07-01', {ALWAYS})"
    columns = "currency, hires, left_early, rate, rate_low, rate_high, dismissed, median_days"
    assert ask(leavers, columns, question) == [
        ("EUR", 9, 6, 0.667, 0.354, 0.879, 5, 30.5),
        ("USD", 9, 6, 0.667, 0.354, 0.879, 5, 30.5),
    ]
    columns = "currency, waiting, waiting_left, leavers, paid, spent, mature"
    names = ["may", "r0", "r1", "r2", "r3", "r4"]
    assert ask(leavers, columns, question) == [
        ("EUR", 1, 0, names, Decimal(900), Decimal(1000), 0),
        ("USD", 1, 0, names, Decimal(30), Decimal(0), 0),
    ]


def test_leavers_whose_year_is_not_over_are_in_no_rate(leavers: Floor) -> None:
    # At the end of June 2023 nobody's year is over; may has been there since 1 May, not 20 March.
    columns = "hires, left_early, rate, median_days, waiting, waiting_left, mature"
    question = f"early_leavers_at(as_of = '2023-06-15', {ALWAYS})"
    assert ask(leavers, columns, question, "currency = 'EUR'") == [(0, 0, None, None, 9, 6, 0)]
    question = f"early_leavers_at(as_of = '2023-04-15', {ALWAYS})"
    assert ask(leavers, "waiting, waiting_left", question, "currency = 'EUR'") == [(8, 4)]


def test_hires_count_where_they_began(leavers: Floor) -> None:
    by = "by = 'team', period = 'quarter', since = '', until = ''"
    columns = "slice, toString(period), currency, hires, left_early, median_days, paid, spent"
    assert ask(leavers, columns, f"early_leavers_by({by})") == [
        ("north", "2023-01-01", "EUR", 8, 5, 30, Decimal(700), Decimal(1000)),
        ("north", "2023-01-01", "USD", 8, 5, 30, Decimal(30), Decimal(0)),
        ("south", "2023-04-01", "EUR", 1, 1, None, Decimal(200), Decimal(0)),
        ("south", "2024-04-01", "", 1, 0, None, Decimal(0), Decimal(0)),
    ]


def monthly(rep: str, won_in: str, amount: str = "1") -> list[dict[str, Any]]:
    """Return a quota of one win for each of seven months, and a win in each of some of them."""
    days = (31, 28, 31, 30, 31, 30, 31)
    events = [
        told("quota.set", "01-01", actor=rep, measure="wins", amount=amount,
             period_start=f"2023-{month:02}-01", period_end=f"2023-{month:02}-{last}")
        for month, last in enumerate(days, 1)
    ]  # fmt: skip
    for month in won_in:
        events += won(rep, f"{rep} {month}", f"0{month}-15")
    return [years_ago(1, event) for event in events]


def explained(day: str, cause: str, **data: Any) -> dict[str, Any]:
    return years_ago(1, told("shortfall.explained", day, actor="ann", cause=cause, **data))


SUPPOSED = explained("05-20", "health")
MARCH = [years_ago(1, event) for event in won("ann", "ann 3", "03-15")]

STREAKS = [
    # Ann misses the last four of six months, since what she won in March is taken back; bob the
    # first two and April; cid none. July is not over, and dan is asked for nothing.
    *monthly("ann", "12"), *MARCH, retracted(MARCH[1]),
    *monthly("bob", "356"),
    *monthly("cid", "123456"),
    *monthly("dan", "", amount="0"),
    # A quota for the quarter is another, which nobody else has.
    years_ago(1, told("quota.set", "04-01", actor="ann", measure="wins", amount="5",
                      period_start="2023-04-01", period_end="2023-06-30")),
    explained("02-15", "wrong_fit"), explained("04-10", "leads"),
    explained("05-02", "undertrained", remedy="coaching"), SUPPOSED, retracted(SUPPOSED),
]  # fmt: skip


@pytest.fixture(scope="module")
def streaks(floor: Floor) -> Floor:
    floor.tell(*STREAKS)
    return floor


IN_JULY = f"shortfall_streaks_at(as_of = '2023-07-15', {ALWAYS})"


def test_months_missed_in_a_row(streaks: Floor) -> None:
    # The others miss 3 of ann's 12; four in a row by chance 0.25⁴ = 0.004, of three reps 0.012.
    columns = "rep, periods, missed, streak, toString(since), longest, others_periods, others_rate"
    month = "quota_period = 'month'"
    assert ask(streaks, columns, IN_JULY, month) == [
        ("ann", 6, 4, 4, "2023-03-01", 4, 12, 0.25),
        ("bob", 6, 3, 0, None, 2, 12, 0.333),
        ("cid", 6, 0, 0, None, 0, 12, 0.583),
    ]
    assert ask(streaks, "rep, by_chance, expected", IN_JULY, month) == [
        ("ann", 0.004, 0.012),
        ("bob", None, None),
        ("cid", None, None),
    ]
    # Wilson: (4 + 1.921 ± 1.96·√(1.333 + 0.960)) / 9.841 = 0.300 and 0.903; (3 + 1.921 ±
    # 1.96·√(2.25 + 0.960)) / 15.841 = 0.089 and 0.532; 0.417 - √(0.367² + 0.282²) = -0.046.
    columns = "rate, rate_low, rate_high, difference, difference_low, difference_high"
    assert ask(streaks, columns, IN_JULY, f"{month} AND rep = 'ann'") == [
        (0.667, 0.3, 0.903, 0.417, -0.046, 0.703)
    ]
    assert ask(streaks, "distinguishable", IN_JULY, f"{month} AND rep = 'ann'") == [(0,)]


def test_a_quarter_is_compared_with_quarters(streaks: Floor) -> None:
    columns = "rep, periods, missed, streak, others_periods, others_rate, difference, by_chance"
    assert ask(streaks, columns, IN_JULY, "quota_period = 'quarter'") == [
        ("ann", 1, 1, 1, 0, None, None, None)
    ]


def test_the_cause_is_the_last_told_since_the_streak_began(streaks: Floor) -> None:
    columns = "rep, cause, remedy, toString(toDate32(explained_at))"
    month = "quota_period = 'month' AND rep != 'cid'"
    assert ask(streaks, columns, IN_JULY, month) == [
        ("ann", "undertrained", "coaching", "2023-05-02"),
        ("bob", "", "", None),
    ]
    # At the end of April ann has missed two; in February bob has missed one, and ann none.
    question = f"shortfall_streaks_at(as_of = '2023-04-30', {ALWAYS})"
    assert ask(streaks, "rep, streak, cause", question, month) == [
        ("ann", 2, "leads"),
        ("bob", 1, ""),
    ]
    question = f"shortfall_streaks_at(as_of = '2023-02-20', {ALWAYS})"
    assert ask(streaks, "rep, streak, cause", question, month) == [("ann", 0, ""), ("bob", 1, "")]
