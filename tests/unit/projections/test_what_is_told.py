"""What the questions that ship tell of how sure they are: intervals, formulas, what is too few."""

import re
from collections.abc import Iterator

import pytest

from projections import registry
from projections.registry import Question

QUESTIONS = list(registry.load().questions.values())
INTERVALS = re.compile(r"\b(wilson|difference|poisson)_(low|high)\(")
RATES = re.compile(r"(^|_)(rate|share|conversion|retention|precision|recall|acceptance)$")
OF_MONEY = {
    "cost_of_customers": {"retention"},  # money spent on it
    "cost_per_sale": {"retention"},
    "customer_value": {"largest_share", "fifth_share"},
    "dependence": {"largest_share", "five_share"},
    "concentration": {"largest_share", "five_share"},
    "incentive_reach": {"top_share"},
    "leaks": {"lost_value_share"},
    "subscription_movements": {"gross_retention", "net_retention"},
}
COUNTED_OUT = {
    "deal_credits": {"share"},  # as it was told
    "exchange_rates": {"rate"},
    "leaks": {"lost_share"},  # parts of all that was lost
}
ONE_END = {"leaks": {"gain_low"}, "coaching_gaps": {"strict_high"}}
"""The cautious end of what the prose says is in part luck."""
CUT_POINTS = {"close_forecast": {"high"}, "workload_effect": {"median_load"}}
"""The range of a forecast has a count of periods of its own; the other is where halves meet."""


def others(question: Question, *left: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Yield the columns of a question and what they are, without those that are left out."""
    out = set().union(*(one.get(question.name, set()) for one in left))
    return ((name, told) for name, told in question.comments.items() if name not in out)


def has_ends(question: Question, name: str) -> bool:
    shorter = (name.removesuffix(ending) for ending in ("", "_rate", "_share"))
    ends = [(f"{one}_low", f"{one}_high") for one in shorter]
    return any(low in question.comments and high in question.comments for low, high in ends)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_a_question_says_how_sure_it_is(question: Question) -> None:
    bare = [
        name
        for name, _ in others(question, OF_MONEY, COUNTED_OUT)
        if RATES.search(name) and not has_ends(question, name)
    ]
    assert bare == [], "a rate carries its 95 % interval"
    halves = [
        name
        for name, _ in others(question, ONE_END, CUT_POINTS)
        if (cut := re.fullmatch(r"(.+)_(low|high)", name))
        and {f"{cut[1]}_low", f"{cut[1]}_high"} - question.comments.keys()
    ]
    assert halves == [], "an interval has two ends"
    medians = [
        name
        for name, told in others(question, CUT_POINTS)
        if re.search(r"\b(median|90th percentile)\b", told)
        and not re.search(r"NULL|likewise", told)
    ]
    assert medians == [], "a median says when there are too few"
    assert not INTERVALS.search(question.sql) or question.header.tags.get("formula")
    assert "\n\n" in question.summary, "it says what it counts, and what it does not say"
