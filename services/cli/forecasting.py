"""`salestape forecast`: demand of the months to come, by a forecasting library."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import failures, output
from services.cli.asking import Csv, Currency, cut, one_form, write
from services.cli.clocks import both_clocks
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import AsOf, Data, Json, KnownAt

if TYPE_CHECKING:
    from services.forecasting.forecast import Forecast
    from services.query.answers import Answer

COLUMNS = {
    "slice": "String",
    "measure": "String",
    "currency": "String",
    "month": "Nullable(Date32)",
    "forecast": "Nullable(Float64)",
    "low": "Nullable(Float64)",
    "high": "Nullable(Float64)",
    "history": "UInt32",
    "errors": "UInt32",
    "wmape": "Nullable(Float64)",
    "naive_wmape": "Nullable(Float64)",
    "better": "Nullable(UInt8)",
    "reason": "String",
}
"""The columns of a forecast and their types in ClickHouse."""


class Measure(StrEnum):
    """What is counted or summed."""

    WON = "won"
    PURCHASED = "purchased"


@app.command()
def forecast(
    by: Annotated[
        str, cut("--by", "DIMENSION", "One forecast for each product, segment, …: as of `demand`.")
    ] = "",
    measure: Annotated[
        Measure | None,
        typer.Option("--measure", show_default=False, help="Only deals won, or purchases."),
    ] = None,
    ahead: Annotated[
        int,
        typer.Option(
            "--ahead", min=1, max=36, metavar="N", help="How many months, with the one now first."
        ),
    ] = 6,
    currency: Currency = "",
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Forecast what is sold in the months to come, by trend and season, from `demand`.

    With how far the same method was off in months that are over, beside the seasonal-naive
    forecast. Needs the packages of salestape[forecast].
    """
    one_form(as_csv, as_json)
    as_of, known_at = both_clocks(as_of, known_at)
    from services.forecasting.forecast import forecast as forecast_of
    from services.forecasting.series import series_of
    from services.forecasting.theta import ForecastingMissing, require
    from services.query.answers import Slices

    try:
        require()
    except ForecastingMissing as error:
        raise failures.Misused(str(error)) from error
    slices = Slices(by, currency=currency)
    with open_platform(data, "forecast") as platform:
        told = platform.show("demand", as_of, known_at, None, slices)
    wanted = [one for one in series_of(output.rows_of(told)) if measure in (None, one.measure)]
    with output.progress() as advance:
        found = []
        for place, series in enumerate(wanted):
            advance("forecasting", place, len(wanted))
            found.append(forecast_of(series, ahead))
    answer = _answer(found)
    write(answer, as_csv, as_json, slices)
    if not found:
        output.note("nothing was sold that is recorded here")


def _answer(forecasts: "list[Forecast]") -> "Answer":
    from services.query.answers import Answer

    rows: list[tuple[Any, ...]] = []
    for one in forecasts:
        series = one.series
        named = (series.slice, series.measure, series.currency)
        known = (len(series.sold), one.errors, one.wmape, one.naive_wmape, one.better, one.reason)
        rows += [
            (*named, month.month, month.forecast, month.low, month.high, *known)
            for month in one.months
        ] or [(*named, None, None, None, None, *known)]
    return Answer(list(COLUMNS), list(COLUMNS.values()), rows)
