"""The calendar of a sales department: where its weeks, years and days begin, and its currency.

What a person sets; how a question cuts time by it is `projections.slices`' matter.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calendar:
    """How periods are cut, and the currency sums are told in."""

    time_zone: str = "UTC"
    """IANA name of the zone whose midnight ends a day."""
    fiscal_year_month: int = 1
    """The month the fiscal year begins in, 1 to 12."""
    week_day: int = 1
    """The day a week begins on, from 1 for Monday to 7 for Sunday."""
    currency: str = "EUR"
    """ISO 4217 code of the reporting currency."""
