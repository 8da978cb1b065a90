"""Rows of `demand` become series without a gap."""

from datetime import date
from typing import Any

from services.forecasting.series import Series, series_of


def row(month: str, sold: float | str | None, over: bool = True, **named: Any) -> dict[str, Any]:
    told = {"slice": "", "measure": "won", "currency": "", "forecast": None} | named
    return told | {"month": month, "sold": sold, "over": int(over)}


def test_what_is_not_over_and_the_month_of_the_first_sale_are_left_out() -> None:
    rows = [
        row("2024-03-01", 4, over=False),
        row("2024-04-01", None, over=False),
        row("2024-01-01", 0),
        row("2023-12-01", 2),
        row("2024-02-01", "3.50"),
    ]
    assert series_of(rows) == [Series("", "won", "", (0, 3.5), date(2024, 3, 1))]


def test_each_slice_measure_and_currency_is_a_series_of_its_own() -> None:
    cuts = (
        {"slice": "b"},
        {"slice": "a", "currency": "EUR"},
        {"slice": "a"},
        {"measure": "purchased", "slice": "a"},
    )
    rows = [row("2024-01-01", None, over=False, **cut) for cut in cuts]
    found = [(one.slice, one.measure, one.currency, one.sold) for one in series_of(rows)]
    assert found == [
        ("a", "purchased", "", ()),
        ("a", "won", "", ()),
        ("a", "won", "EUR", ()),
        ("b", "won", "", ()),
    ]


def test_nothing_sold_is_no_series() -> None:
    assert series_of([]) == []
