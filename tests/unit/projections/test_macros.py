"""Macros: how their arguments are read, and that the intervals are those of a plain computation."""

import math
from statistics import NormalDist
from typing import Any

import pytest

from infra.warehouse import Warehouse
from projections.header import header_of
from projections.macros import SHARED, MacroError, expand

Z = NormalDist().inv_cdf(0.975)
PAIRS = [(0, 1), (1, 1), (0, 20), (20, 100), (30, 100), (100, 100), (1, 3), (499_999, 1_000_000)]


def wilson(k: int, n: int) -> tuple[float, float]:
    p = k / n
    middle, half = p + Z**2 / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return max(0.0, (middle - half) / (1 + Z**2 / n)), min(1.0, (middle + half) / (1 + Z**2 / n))


def newcombe(k: int, n: int, k2: int, n2: int) -> tuple[float, float]:
    (low, high), (low2, high2) = wilson(k, n), wilson(k2, n2)
    p, p2 = k / n, k2 / n2
    return (
        p - p2 - math.hypot(p - low, high2 - p2),
        p - p2 + math.hypot(high - p, p2 - low2),
    )


def asked(warehouse: Warehouse, expression: str, **named: object) -> tuple[Any, ...]:
    given = ", ".join(f"{value} AS {name}" for name, value in named.items())
    sql = f"SELECT {expand(expression, SHARED)} FROM (SELECT {given})"
    return tuple(warehouse.client("admin").query(sql).result_rows[0])


@pytest.mark.parametrize(("k", "n"), PAIRS)
def test_wilson_intervals_are_those_of_the_formula(warehouse: Warehouse, k: int, n: int) -> None:
    found = asked(warehouse, "wilson_low(k, n), wilson_high(k, n)", k=f"toUInt64({k})", n=n)
    assert found == pytest.approx(wilson(k, n), abs=1e-12)


def test_no_interval_where_there_is_nothing_to_count(warehouse: Warehouse) -> None:
    for k, n in ((0, 0), (3, 2)):
        found = asked(warehouse, "wilson_low(k, n), wilson_high(k, n)", k=k, n=n)
        assert found == (None, None)
    assert asked(warehouse, "rate_of(k, n), distinguishable(NULL, NULL)", k=0, n=0) == (None, 0)


@pytest.mark.parametrize(
    ("k", "n", "k2", "n2", "differ"),
    [(20, 100, 30, 100, False), (20, 100, 40, 100, True), (0, 3, 5, 5, True), (1, 2, 0, 2, False)],
)
def test_two_rates_are_told_apart_by_the_interval_of_their_difference(
    warehouse: Warehouse, k: int, n: int, k2: int, n2: int, differ: bool
) -> None:
    one = "rate_of(k, n), wilson_low(k, n), wilson_high(k, n)"
    other = one.replace("k", "k2").replace("n)", "n2)")
    low, high = asked(
        warehouse,
        f"difference_low({one}, {other}), difference_high({one}, {other})",
        k=k, n=n, k2=k2, n2=n2,
    )  # fmt: skip
    (told,) = asked(warehouse, "distinguishable(low, high)", low=low, high=high)
    assert (low, high) == pytest.approx(newcombe(k, n, k2, n2), abs=1e-12)
    assert told == differ


@pytest.mark.parametrize(("n", "low", "high"), [(10, 4.79, 18.39), (100, 81.36, 121.63)])
def test_a_number_of_rare_events_has_the_interval_of_the_tables(
    warehouse: Warehouse, n: int, low: float, high: float
) -> None:
    # The exact intervals are 4.80 to 18.39 and 81.36 to 121.63: Byar's formula comes close to them.
    found = asked(warehouse, "poisson_low(n), poisson_high(n)", n=n)
    assert found == pytest.approx((low, high), abs=0.006)


def test_a_median_of_too_few_is_not_told(warehouse: Warehouse) -> None:
    few, some = "[1., 2., 3., 4.]", "[1., 2., 3., 4., 10.]"
    assert asked(warehouse, "median_of(d), enough(length(d))", d=few) == (None, 0)
    assert asked(warehouse, "median_of(d), enough(length(d))", d=some) == (3.0, 1)


def test_arguments_may_hold_brackets_quotes_and_macros() -> None:
    told = expand("f(g(a, [b, c]), 'x, y)', (1, 2)) + other.f(1)", {"f": "|".join, "g": "-".join})
    assert told == "a-[b, c]|'x, y)'|(1, 2) + other.f(1)"
    assert expand("'f(a)' || f(a)", {"f": "".join}) == "'f(a)' || a"


def test_a_macro_used_wrongly_says_how_it_is_used() -> None:
    with pytest.raises(MacroError, match=r"wilson_low\(k, n\)"):
        expand("wilson_low(1)", SHARED)
    with pytest.raises(MacroError, match="not closed"):
        expand("wilson_low(1, (2)", SHARED)


def test_a_header_is_prose_columns_and_tags() -> None:
    header = header_of(
        "-- What it is.\n--\n-- idle_long: a rule.\n-- * a: first,\n--   going on\n"
        "-- key: a, b\n-- why: x = 1\n--     OR y = 2\n-- explains: a\nSELECT 1\n-- * z: none\n"
    )
    assert header.prose == "What it is.\n\nidle_long: a rule."
    assert header.columns == {"a": "first, going on"}
    assert header.names("key") == ("a", "b")
    assert (header.why, header.why_not) == ("x = 1 OR y = 2", None)
    silent = header_of("-- What.\n-- why: none, because nothing is counted.\nSELECT 1")
    assert (silent.why, silent.why_not) == (None, "nothing is counted.")
