"""What moved after a change, on two teams whose deals are worked by hand."""

from decimal import Decimal
from typing import Any

import golden
import pytest
from golden import Floor, told

AUTUMN = "as_of = '2024-11-15', known_at = '2100-01-01'"


def ask(floor: Floor, columns: str, question: str, where: str = "1") -> list[tuple[Any, ...]]:
    rows = golden.ask(floor, columns, question, where)
    return [tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in rows]


def closed(rep: str, day: str, won: int, lost: int) -> list[dict[str, Any]]:
    """Deals of a rep that were closed on a day; ann sells paper, all others ink."""
    named = {"account": "a", "actor": rep, "product": "paper" if rep == "ann" else "ink"}
    return [
        *(
            told("deal.won", day, deal=f"{rep} {day} w{n}", amount="1", currency="EUR", **named)
            for n in range(won)
        ),
        *(told("deal.lost", day, deal=f"{rep} {day} l{n}", **named) for n in range(lost)),
    ]


def adopted(change: str, day: str, kind: str, **data: Any) -> dict[str, Any]:
    named = {"change": change, "change_type": kind, "description": "It is done otherwise"}
    return told("change.adopted", "01-02", **named, valid_from=f"2024-{day}", **data)


STORY = [
    told("rep.joined", "01-01", actor="ann", team="north"),
    told("rep.joined", "01-01", actor="bob", team="south"),
    # Ann closes twenty deals in each span of 90 days: she wins 10, 10, and then all.
    *closed("ann", "01-03", 10, 10),
    *closed("ann", "04-02", 10, 0),
    *closed("ann", "06-30", 0, 10),
    *closed("ann", "07-01", 10, 0),
    *closed("ann", "09-28", 10, 0),
    *closed("ann", "09-29", 0, 5),
    # Bob wins half of his in each.
    *closed("bob", "01-03", 10, 10),
    *closed("bob", "05-02", 10, 10),
    *closed("bob", "08-02", 10, 10),
    *closed("bob", "10-05", 5, 5),
    adopted("script", "07-01", "process", team="north"),
    adopted("crm", "04-02", "tool", team="north"),
    adopted("ink price", "07-01", "strategy", product="ink"),
    adopted("late", "09-28", "process", team="south"),
    told("incentive_plan.published", "06-01", incentive_plan="for all", valid_from="2024-07-01"),
    told("training.completed", "07-01 15:00", actor="ann", training="closing"),
]


@pytest.fixture(scope="module")
def teams(floor: Floor) -> Floor:
    floor.tell(*STORY)
    return floor


def test_a_change_is_set_against_those_it_did_not_touch(teams: Floor) -> None:
    # The effect is (1 - 0.5) - (0.5 - 0.5). With half a win and half a loss more, the rates are
    # 20.5/21 and three times a half: 0.476 ± 1.96 √(20.5 · 0.5 / 21³ + 3 · 0.25 / 21).
    columns = "reps, touched_before, touched_after, others_before, others_after, touched_deals"
    where = "change = 'script' AND measure = 'win_rate'"
    question = "change_effects"
    assert ask(teams, columns, question, where) == [(1, 0.5, 1, 0.5, 0.5, 40)]
    columns = "other_deals, effect, effect_low, effect_high, distinguishable"
    assert ask(teams, columns, question, where) == [(40, 0.5, 0.1, 0.852, 1)]
    # Before it nothing moved: four halves, 0 ± 1.96 √(4 · 0.25 / 21).
    columns = "drift, drift_low, drift_high, drifting"
    assert ask(teams, columns, question, where) == [(0, -0.428, 0.428, 0)]


def test_wins_are_set_against_the_wins_of_the_others(teams: Floor) -> None:
    # 20 / 10 over 10 / 10 is twice as many; by chance from 2 / 3.188 to 2 · 3.188, since
    # exp(1.96 √(1/20 + 3/10)) = 3.188.
    columns = "touched_before, touched_after, others_before, others_after"
    where = "change = 'script' AND measure = 'wins'"
    question = "change_effects"
    assert ask(teams, columns, question, where) == [(10, 20, 10, 10)]
    columns = "effect, effect_low, effect_high, distinguishable"
    assert ask(teams, columns, question, where) == [(1, -0.373, 5.377, 0)]


def test_a_change_that_did_nothing_is_not_distinguishable(teams: Floor) -> None:
    # The window before that of the tool lies before the first deal: of a drift nothing is known.
    columns = "measure, effect, round(effect_low, 3), round(effect_high, 3), distinguishable, drift"
    assert ask(teams, columns, "change_effects", "change = 'crm'") == [
        ("win_rate", 0, -0.428, 0.428, 0, None),
        # exp(1.96 √(4/10)) = 3.454
        ("wins", 0, -0.71, 2.454, 0, None),
    ]


def test_a_change_may_be_of_a_product_or_for_those_who_were_trained(teams: Floor) -> None:
    columns = "kind, change, reps, effect, distinguishable"
    where = "change IN ('ink price', 'closing') AND measure = 'win_rate'"
    assert ask(teams, columns, "change_effects", where) == [
        ("strategy", "ink price", 0, -0.5, 1),
        ("training", "closing", 1, 0.5, 1),
    ]


def test_what_is_for_all_has_nothing_to_be_compared_with(teams: Floor) -> None:
    columns = "kind, touched_before, touched_after, others_before, other_deals, mature, effect"
    where = "change = 'for all' AND measure = 'win_rate'"
    assert ask(teams, columns, "change_effects", where) == [
        ("incentive_plan", 0.5, 0.75, None, 0, 1, None)
    ]


def test_a_young_change_has_no_effect_yet(teams: Floor) -> None:
    columns = "reps, touched_deals, mature, effect, distinguishable"
    where = "change = 'late' AND measure = 'win_rate'"
    assert ask(teams, columns, f"change_effects_at({AUTUMN})", where) == [(1, 30, 0, None, 0)]


def test_changes_are_listed_with_whom_they_are_for(teams: Floor) -> None:
    columns = "kind, change, toString(valid_from), names_reps, reps, product"
    where = "valid_from = '2024-07-01'"
    assert ask(teams, columns, "adopted_changes", where) == [
        ("incentive_plan", "for all", "2024-07-01", 0, [], ""),
        ("process", "script", "2024-07-01", 1, ["ann"], ""),
        ("strategy", "ink price", "2024-07-01", 0, [], "ink"),
        ("training", "closing", "2024-07-01", 1, ["ann"], ""),
    ]
