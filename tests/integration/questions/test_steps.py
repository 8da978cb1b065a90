"""What was done in deals, and how those ended."""

from collections.abc import Iterator
from typing import Any

import pytest
from golden import Floor, ask, at, told


def deal(name: str, ended: str, *steps: dict[str, Any], rep: str = "ann") -> Iterator[Any]:
    """Yield the events of a deal that is opened on January 1st and ends on February 1st."""
    about = {"deal": name, "account": "a", "actor": rep}
    yield told("deal.opened", "01-01", pipeline="main", stage="contact", **about)
    yield from ({**step, **about, "id": f"{name} {step['id']}"} for step in steps)
    if ended == "won":
        yield told("deal.won", "02-01", amount="10", currency="EUR", **about)
    elif ended == "lost":
        yield told("deal.lost", "02-01", reason="price", **about)


DEMO = told("demo.held", "01-10")
NEED = told("need.recorded", "01-11", need="paper")
PROPOSAL = told("proposal.sent", "01-12")
LATE_NEED = told("need.recorded", "01-13", need="paper")
TAILORED = told("proposal.sent", "01-12", tailored=True)
RAISED = told("obstacle.raised", "01-14", obstacle="budget")
AGAIN = told("obstacle.raised", "01-15", obstacle="legal")
CLEARED = told("obstacle.cleared", "01-16", obstacle="budget")
ACCEPTED = told("proposal.accepted", "01-17")
APPROVED = told("discount.approved", "01-18", discount="ten")
BACK = told("obstacle.raised", "01-20", obstacle="budget", obstacle_type="price")
SOLVED = told("obstacle.cleared", "01-21", obstacle="legal")

STORY = [
    # A demo: eight of ten are won. No demo: one of ten, and that had one after it was won.
    *(event for n in range(8) for event in deal(f"won {n}", "won", DEMO)),
    *(event for n in range(2) for event in deal(f"shown {n}", "lost", DEMO)),
    *deal("late", "won", told("demo.held", "02-02"), rep="bob"),
    # A discount that was approved and never asked for is none.
    *deal("lost 0", "lost", NEED, TAILORED, RAISED, AGAIN, CLEARED, APPROVED, rep="bob"),
    *deal("lost 1", "lost", PROPOSAL, ACCEPTED, LATE_NEED, RAISED, CLEARED, rep="bob"),
    *(event for n in range(2, 9) for event in deal(f"lost {n}", "lost", rep="bob")),
    # What is open has not ended: the budget was cleared and came back, the law is out of the way.
    *deal("open", "open", DEMO, PROPOSAL, RAISED, AGAIN, CLEARED, BACK, SOLVED),
]


@pytest.fixture(scope="module")
def deals(floor: Floor) -> Floor:
    floor.tell(*STORY)
    return floor


def test_a_step_is_set_against_the_deals_without_it(deals: Floor) -> None:
    columns = "deals, won, win_rate, win_rate_low, win_rate_high, other_deals, other_won, "
    rest = "other_rate, other_rate_low, other_rate_high, difference"
    # Wilson: of 8 in 10 from 0.490 to 0.943, of 1 in 10 from 0.018 to 0.404.
    assert ask(deals, columns + rest, "selling_steps", "step = 'demo'") == [
        (10, 8, 0.8, 0.49, 0.943, 10, 1, 0.1, 0.018, 0.404, 0.7)
    ]
    # 0.7 - √(0.310² + 0.304²) = 0.266 and 0.7 + √(0.143² + 0.082²) = 0.865.
    columns = "difference_low, difference_high, distinguishable"
    assert ask(deals, columns, "selling_steps", "step = 'demo'") == [(0.266, 0.865, 1)]


def test_a_part_is_set_against_its_whole(deals: Floor) -> None:
    columns = "step, among, deals, won, other_deals, other_won, distinguishable"
    assert ask(deals, columns, "selling_steps", "step != 'demo'") == [
        ("need recorded", "all", 2, 0, 18, 9, 0),
        ("obstacle", "all", 2, 0, 18, 9, 0),
        ("obstacle, all cleared", "obstacle", 1, 0, 1, 0, 0),
        ("proposal", "all", 2, 0, 18, 9, 0),
        ("proposal, accepted", "proposal", 1, 0, 1, 0, 0),
        ("proposal, need known before", "proposal", 1, 0, 1, 0, 0),
        ("proposal, tailored", "proposal", 1, 0, 1, 0, 0),
    ]


def test_steps_are_cut_by_rep(deals: Floor) -> None:
    by = "by = 'rep', period = 'month', since = '', until = ''"
    columns = "slice, toMonth(period), deals, won, other_deals"
    assert ask(deals, columns, f"selling_steps_by({by})", "step IN ('demo', 'proposal')") == [
        ("ann", 2, 10, 8, 0),
        ("bob", 2, 2, 0, 8),
    ]


def test_obstacles_of_open_deals_are_open_until_cleared(deals: Floor) -> None:
    columns = "deal, obstacle, obstacle_type, owner, stage, raised_at, days"
    clocks = "as_of = '2024-01-24 12:00:00', known_at = '2100-01-01'"
    assert ask(deals, columns, f"open_obstacles_at({clocks})", "deal = 'open'") == [
        ("open", "budget", "price", "ann", "contact", at("01-14"), 10)
    ]
