"""Forecasts, version 1: the money in one string and categories under other names.

Version 2 has `amount` and `currency` apart, so that forecasts can be added up, and the categories
that deals have, so that a forecast can be held against them.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from events.catalogue.deal import ForecastCategory
from events.catalogue.plan import ForecastSubmitted
from events.envelope import Payload, in_order
from events.values import Day, Id, Text

Category = Literal["sure", "likely", "possible"]
Money = Annotated[
    str,
    StringConstraints(pattern=r"^-?[0-9]{1,29}(\.[0-9]{1,9})? [A-Z]{3}$"),
    Field(description='an amount and a currency such as "1200 EUR"'),
]

_CATEGORIES: dict[Category, ForecastCategory] = {
    "sure": "commit",
    "likely": "best_case",
    "possible": "pipeline",
}


class ForecastSubmittedV1(Payload, type="sales.forecast.submitted.v1"):
    """Somebody said what will be sold in a period. `actor` is whose forecast it is."""

    period_start: Day
    """The first day of the period."""
    period_end: Day
    """The last day of the period."""
    value: Money
    """The amount and the currency, such as ``1200 EUR``."""
    category: Category | None = None
    """How surely it will be sold."""
    team: Id | None = None
    comment: Text | None = None
    """What the forecast rests on."""

    _period = in_order("period_start", "period_end")


def upcast(old: ForecastSubmittedV1) -> ForecastSubmitted:
    """Return version 2 of a forecast."""
    amount, currency = old.value.split(" ")
    return ForecastSubmitted(
        period_start=old.period_start,
        period_end=old.period_end,
        amount=amount,
        currency=currency,
        forecast_category=None if old.category is None else _CATEGORIES[old.category],
        team=old.team,
        basis=old.comment,
    )
