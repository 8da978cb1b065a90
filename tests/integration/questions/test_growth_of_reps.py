"""The questions about how reps grow, on a few careers that are told by hand."""

from typing import Any

import pytest
from golden import Floor, ask, retracted, told

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
    # Talk: ann advances with 2 of 10, bob and cid with 9 of 10 each; of bob's losses one is in April,
    # and one that was told is taken back.
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
