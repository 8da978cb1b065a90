"""A forecast of a series, with how far the same method was off in months that are over."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.forecasting.series import Series
from services.forecasting.theta import YEAR, student, theta

ORIGINS = 12
"""From how many months back at most it is tried what the method would have said."""
ENOUGH = 5
"""Below as many errors, nothing is said of how far it is off."""
UPPER = 0.975
"""Which quantile is the upper end of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Month:
    """What is forecast of one month."""

    month: date
    forecast: float
    low: float | None
    """Ends of the 95 % interval; None below `ENOUGH` errors of as many months ahead."""
    high: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is forecast of a series, and how good the method was one month ahead."""

    series: Series
    months: tuple[Month, ...]
    errors: int = 0
    """How many months that are over it was tried on, one month ahead."""
    wmape: float | None = None
    """Absolute errors over what was sold in those months; None below `ENOUGH`, or of nothing."""
    naive_wmape: float | None = None
    """The same of the seasonal-naive forecast: what was sold in the same month a year before."""
    reason: str = ""
    """Why there is no forecast; empty where there is one."""

    @property
    def better(self) -> bool | None:
        """Whether the method was less off than the seasonal-naive forecast."""
        if self.wmape is None or self.naive_wmape is None:
            return None
        return self.wmape < self.naive_wmape


def forecast(series: Series, ahead: int) -> Forecast:
    """Forecast `ahead` months of a series, the one that is not over first.

    Errors are measured with a rolling origin: from each of the last `ORIGINS` months back that has
    a year before it, the months after it are forecast from those before it alone. The 95 % interval
    so many months ahead is the forecast plus and less Student's quantile times the root of the mean
    squared error of as many months ahead, and not below 0; it takes errors for normal, and those to
    come for like those that were.

    Source: R. J. Hyndman and G. Athanasopoulos, Forecasting: Principles and Practice, 3rd edition,
    2021, sections 5.5 and 5.10.
    """
    sold = series.sold
    if len(sold) < YEAR:
        return Forecast(series, (), reason=f"{len(sold)} whole months, of {YEAR} that it takes")
    errors: list[list[float]] = [[] for _ in range(ahead)]
    for origin in range(max(YEAR, len(sold) - ORIGINS), len(sold)):
        told = theta(sold[:origin], min(ahead, len(sold) - origin))
        for away, value in enumerate(told):
            errors[away].append(value - sold[origin + away])
    tried = range(len(sold) - len(errors[0]), len(sold))
    return Forecast(
        series,
        tuple(
            Month(_after(series.now, away), value, *_interval(value, errors[away]))
            for away, value in enumerate(theta(sold, ahead))
        ),
        len(tried),
        _wmape(errors[0], [sold[place] for place in tried]),
        _wmape(
            [sold[place - YEAR] - sold[place] for place in tried], [sold[place] for place in tried]
        ),
    )


def _interval(value: float, errors: Sequence[float]) -> tuple[float | None, float | None]:
    if len(errors) < ENOUGH:
        return None, None
    spread = math.sqrt(sum(error * error for error in errors) / len(errors))
    reach = student(UPPER, len(errors)) * spread
    return max(value - reach, 0.0), value + reach


def _wmape(errors: Sequence[float], sold: Sequence[float]) -> float | None:
    if len(errors) < ENOUGH or not sum(sold):
        return None
    return sum(map(abs, errors)) / sum(sold)


def _after(month: date, months: int) -> date:
    years, place = divmod(month.month - 1 + months, 12)
    return date(month.year + years, place + 1, 1)
