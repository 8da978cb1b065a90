"""Forecasts of series that are made here, so that it is known what comes next."""

import math
import os
import sys
from datetime import date

import numpy as np
import pytest

from services.forecasting import theta as library
from services.forecasting.forecast import Forecast, forecast
from services.forecasting.series import Series

NOW = date(2024, 11, 1)
SERIES = int(os.environ.get("SALESTAPE_FLOORS", "12"))
"""How many series the interval is tried on."""
MONTHS = 24
AHEAD = 4


def of(*sold: float) -> Series:
    return Series("", "won", "", tuple(sold), NOW)


def months_of(found: Forecast) -> list[float]:
    assert found.reason == ""
    return [month.forecast for month in found.months]


def test_a_season_on_a_trend_goes_on() -> None:
    def truth(month: int) -> float:
        return (1_000 + 10 * month) * (1 + 0.5 * math.sin(month * math.pi / 6))

    draw = np.random.default_rng(3)
    sold = [truth(month) + draw.normal(0, 20) for month in range(60)]
    found = forecast(of(*sold), 8)
    assert months_of(found) == pytest.approx([truth(60 + ahead) for ahead in range(8)], rel=0.1)
    for month, ahead in zip(found.months, range(8), strict=True):
        assert month.low is not None
        assert month.high is not None
        assert month.low < truth(60 + ahead) < month.high
    assert (found.errors, found.better) == (12, True)


def test_months_follow_each_other_over_the_year() -> None:
    found = forecast(of(*range(1, 20)), 4)
    assert [month.month for month in found.months] == [
        date(2024, 11, 1),
        date(2024, 12, 1),
        date(2025, 1, 1),
        date(2025, 2, 1),
    ]


def test_less_than_a_year_is_not_forecast_and_says_so() -> None:
    found = forecast(of(*[5.0] * 11), 3)
    assert (found.months, found.errors, found.wmape) == ((), 0, None)
    assert found.reason == "11 whole months, of 12 that it takes"
    assert forecast(of(), 3).reason.startswith("0 whole months")


def test_what_never_varies_stays_as_it_is() -> None:
    found = forecast(of(*[7.0] * 30), 2)
    assert months_of(found) == [7, 7]
    assert (found.wmape, found.naive_wmape, found.better) == (0, 0, False)
    nothing = forecast(of(*[0.0] * 30), 2)
    assert months_of(nothing) == [0, 0]
    assert nothing.wmape is None  # of nothing sold there is no share


@pytest.mark.parametrize(
    "sold",
    [
        [0.0] * 29 + [9.0],
        [0.0] * 15 + [7.0] + [0.0] * 15,
        ([0.0] * 11 + [5.0]) * 3,
        ([1.0] * 11 + [5.0]) * 3,
        [float(month) for month in range(1, 31)],
        [1e-6] * 15 + [1e12] * 15,
    ],
)
def test_odd_series_are_forecast_without_a_word(sold: list[float]) -> None:
    found = forecast(of(*sold), 13)
    assert all(math.isfinite(value) and value >= 0 for value in months_of(found))
    for month in found.months:
        assert month.low is None or month.high is None or 0 <= month.low <= month.high


def test_without_a_season_it_is_smoothing_with_half_the_slope_of_the_line() -> None:
    """Against the method's own formula, with the smoothing that errs least found by trying."""
    sold = [12.0, 9, 14, 10, 15, 11, 13, 16, 12, 17, 14, 18]
    middle = (len(sold) - 1) / 2
    slope = sum((month - middle) * value for month, value in enumerate(sold)) / sum(
        (month - middle) ** 2 for month in range(len(sold))
    )

    def smoothed(alpha: float) -> tuple[float, float]:
        """Return the sum of squared errors, and the level at the end."""
        level, off = sold[0], 0.0
        for value in sold:
            off += (value - level) ** 2
            level += alpha * (value - level)
        return off, level

    alpha = min((part / 10_000 for part in range(1, 10_000)), key=lambda one: smoothed(one)[0])
    level = smoothed(alpha)[1]
    drifted = (1 - (1 - alpha) ** len(sold)) / alpha
    expected = [level + slope / 2 * (ahead + drifted) for ahead in range(3)]
    assert months_of(forecast(of(*sold), 3)) == pytest.approx(expected, rel=1e-3)


def test_errors_are_those_it_would_have_made() -> None:
    draw = np.random.default_rng(4)
    sold = [float(value) for value in draw.poisson(20, 30)]
    found = forecast(of(*sold), 2)
    made = [library.theta(sold[:origin], 1)[0] - sold[origin] for origin in range(18, 30)]
    naive = [sold[month - 12] - sold[month] for month in range(18, 30)]
    assert found.errors == 12
    assert found.wmape == pytest.approx(sum(map(abs, made)) / sum(sold[18:]))
    assert found.naive_wmape == pytest.approx(sum(map(abs, naive)) / sum(sold[18:]))
    spread = math.sqrt(sum(error**2 for error in made) / 12)
    high = found.months[0].high
    assert high is not None
    assert high - found.months[0].forecast == pytest.approx(2.178813 * spread)  # t, 12, 97.5 %


def test_four_errors_are_too_few_to_say_how_far_it_is_off() -> None:
    found = forecast(of(*[10.0, 12, 9] * 5, 11.0), 2)
    assert (found.errors, found.wmape, found.months[0].low) == (4, None, None)
    found = forecast(of(*[10.0, 12, 9] * 5, 11.0, 10.0), 2)
    assert found.errors == 5
    assert found.months[0].low is not None
    assert found.months[1].low is None  # four errors of two months ahead


def test_the_interval_holds_what_comes_in_nineteen_of_twenty_months() -> None:
    held = []
    for seed in range(SERIES):
        draw = np.random.default_rng(seed)
        months = np.arange(MONTHS + AHEAD)
        season = 1 + draw.uniform(0, 0.4) * np.sin(2 * np.pi * months / 12)
        level = np.maximum(100 + np.cumsum(draw.normal(0, 2, len(months))), 10)
        sold = draw.poisson(level * season).astype(float).tolist()
        for month, came in zip(
            forecast(of(*sold[:MONTHS]), AHEAD).months, sold[MONTHS:], strict=True
        ):
            assert month.low is not None
            assert month.high is not None
            held.append(month.low <= came <= month.high)
    assert 0.88 <= np.mean(held) < 1, np.mean(held)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    library.require()
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    with pytest.raises(library.ForecastingMissing, match=r"install salestape\[forecast\]"):
        library.require()
