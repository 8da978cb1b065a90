"""The Theta method, as statsmodels has it. The only place that knows the library."""

import math
import warnings
from collections.abc import Sequence

YEAR = 12


class ForecastingMissing(Exception):
    """The library that forecasts is not installed."""

    def __init__(self) -> None:
        super().__init__("forecasts need the package statsmodels; install salestape[forecast]")


def require() -> None:
    """Raise `ForecastingMissing` where the library is not installed."""
    try:
        import statsmodels  # noqa: F401 - whether it is there is the question
    except ImportError as error:
        raise ForecastingMissing from error


def theta(sold: Sequence[float], ahead: int) -> list[float]:
    """Return what the Theta method forecasts of the `ahead` months after these, none below 0.

    With two years of months, a season of the calendar is taken out before, where a test of
    autocorrelation at 12 months finds one (at 90 %): by factors where something was sold in every
    month, else by sums; and put back in afterwards. What is left is forecast by simple exponential
    smoothing with half the slope of its straight line as drift.

    Source: V. Assimakopoulos and K. Nikolopoulos, International Journal of Forecasting 16, 2000,
    521-530; season and test as in J. A. Fiorucci et al., the same 32, 2016, 1151-1161.
    """
    if len(set(sold)) == 1:
        return [sold[0]] * ahead  # nothing varies that could be measured
    from pandas import Series
    from statsmodels.tsa.forecasting.theta import ThetaModel

    model = ThetaModel(
        Series(sold, dtype=float), period=YEAR, deseasonalize=len(sold) >= 2 * YEAR, use_test=True
    )
    with warnings.catch_warnings():
        # Of what it fits without an error it takes the logarithm all the same.
        warnings.simplefilter("ignore")
        told = model.fit().forecast(ahead)
    return [max(float(value), 0.0) if math.isfinite(value) else sold[-1] for value in told]


def student(share: float, freedom: int) -> float:
    """Return the quantile of Student's t distribution."""
    from scipy.stats import t

    return float(t.ppf(share, freedom))
