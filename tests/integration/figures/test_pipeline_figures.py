"""The pipeline of the Maven CRM data set and its forecast, against plain Python."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles

import pytest
from clickhouse_connect.driver.client import Client
from imported import Imported
from maven import Deal, deals_of, percentile, table

from infra.warehouse import Warehouse

BEFORE, FIRST, UNTIL = date(2017, 6, 30), date(2017, 7, 1), date(2017, 9, 30)
TODAY = date(2017, 10, 15)
RANGE = "by = '', period = '{period}', since = '2017-07-01', until = '2017-09-30'"


@pytest.fixture(scope="module")
def folder(data_sets: Path) -> Path:
    return data_sets / "maven_crm"


@pytest.fixture(scope="module")
def deals(folder: Path) -> list[Deal]:
    return deals_of(folder)


def closed_between(deals: list[Deal], first: date, last: date, status: str) -> list[Deal]:
    closed = (one for one in deals if one.closed and first <= one.closed <= last)
    return [one for one in closed if one.status == status]


@pytest.fixture(scope="module")
def client(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, data_sets: Path
) -> Iterator[Client]:
    made = Imported(warehouse, tmp_path_factory.mktemp("maven"), data_sets, ["maven-crm"])
    yield made.reading
    made.tape.close()


def test_the_waterfall_of_a_quarter_is_what_the_file_says(
    client: Client, deals: list[Deal]
) -> None:
    (found,) = client.query(
        "SELECT sum(opening_deals), sum(opened_deals), sum(won_deals), sum(lost_deals), "
        "sum(closing_deals), sum(opening), sum(grown), sum(won), sum(closing), "
        "sum(opening + opened + reopened + moved_in + grown - shrunk - won - lost - moved_out "
        f"- closing) FROM sales.waterfall_by({RANGE.format(period='')})"
    ).result_rows
    opened = [one for one in deals if BEFORE < one.opened <= UNTIL]
    won = closed_between(deals, FIRST, UNTIL, "Won")
    value = sum(one.value for one in won)
    # The file tells what a deal is worth only where it is won: until then it is worth nothing.
    assert found == (
        sum(one.is_open(BEFORE) for one in deals),
        len(opened),
        len(won),
        len(closed_between(deals, FIRST, UNTIL, "Lost")),
        sum(one.is_open(UNTIL) for one in deals),
        0, value, value, 0, 0,
    )  # fmt: skip
    assert (found[0], value) == (1_686, 2_982_255)


def test_its_months_go_on_from_one_another(client: Client) -> None:
    months = client.query(
        "SELECT toMonth(period) AS month, sum(opening_deals), sum(closing_deals), sum(won) "
        f"FROM sales.waterfall_by({RANGE.format(period='month')}) GROUP BY month ORDER BY month"
    ).result_rows
    assert [month for month, *_ in months] == [7, 8, 9]
    assert [opening for _, opening, _, _ in months[1:]] == [c for _, _, c, _ in months[:-1]]
    assert sum(won for *_, won in months) == 2_982_255


def test_the_cycles_of_a_quarter_are_what_the_file_says(client: Client, deals: list[Deal]) -> None:
    ((won, lost, won_days, lost_days),) = client.query(
        "SELECT won, lost, won_median_days, lost_median_days "
        f"FROM sales.sales_cycle_by({RANGE.format(period='')})"
    ).result_rows

    def days(status: str) -> list[int]:
        closed = closed_between(deals, FIRST, UNTIL, status)
        return [(one.closed - one.opened).days for one in closed if one.closed]

    assert (won, lost) == (len(days("Won")), len(days("Lost")))
    assert (won_days, lost_days) == (median(days("Won")), median(days("Lost")))


def test_deals_are_stale_beyond_what_nine_of_ten_took(client: Client, deals: list[Deal]) -> None:
    now = datetime(2017, 9, 30, tzinfo=UTC)
    rows = client.query(
        "SELECT count(), min(days), any(p90_days), any(visits) FROM sales.stale_deals_at("
        f"as_of = '{now:%F %T}', known_at = '2100-01-01') WHERE stage = 'Engaging'"
    ).result_rows
    took = [(one.closed - one.opened).days for one in deals if one.closed and one.closed <= UNTIL]
    p90 = percentile(took, 0.9)
    waiting = [(UNTIL - one.opened).days for one in deals if one.is_open(UNTIL)]
    stale = [days for days in waiting if days > p90]
    assert stale
    assert rows == [(len(stale), min(stale), pytest.approx(p90), len(took))]


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[dict[str, str]]:
    return table(folder, "sales_pipeline")


def test_deals_lack_what_the_file_leaves_out(client: Client, rows: list[dict[str, str]]) -> None:
    counted = client.query("SELECT gap, deals FROM sales.data_gaps").result_rows
    found = {str(gap): int(deals) for gap, deals in counted}
    is_open = [row for row in rows if row["deal_stage"] not in ("Won", "Lost")]
    assert found == {
        "no account": sum(not row["account"] for row in rows),
        "no amount": len(is_open),
        "no expected close": len(is_open),
        "no loss reason": sum(row["deal_stage"] == "Lost" for row in rows),
        "undated": sum(not row["engage_date"] for row in rows),
    }
    assert (found["no account"], found["undated"]) == (1_425, 500)


def won_by(rows: list[dict[str, str]], *names: str) -> dict[str, Decimal]:
    """Return what was won by quarter, or by the column of the file that is named."""
    summed: dict[str, Decimal] = {}
    for row in rows:
        if row["deal_stage"] == "Won":
            name = "/".join(row[one] for one in names)
            summed[name] = summed.get(name, Decimal()) + Decimal(row["close_value"])
    return summed


def test_revenue_grew_by_the_customers_of_the_file(
    client: Client, rows: list[dict[str, str]]
) -> None:
    def quarter(row: dict[str, str]) -> str:
        return f"{(int(row['close_date'][5:7]) - 1) // 3}" if row["close_date"] else ""

    earned = won_by([row | {"quarter": quarter(row)} for row in rows], "account", "quarter")
    accounts = {name.partition("/")[0] for name in earned}
    expected = []
    for number in range(4):
        pairs = [
            (earned.get(f"{name}/{number - 1}", 0), earned.get(f"{name}/{number}", 0),
             any(earned.get(f"{name}/{n}") for n in range(number)))
            for name in accounts
        ]  # fmt: skip
        expected.append(
            (
                sum(before for before, _, _ in pairs),
                sum(now for before, now, known in pairs if not known),
                sum(now for before, now, known in pairs if known and not before),
                sum(max(now - before, 0) for before, now, _ in pairs if before),
                sum(max(before - now, 0) for before, now, _ in pairs if before and now),
                sum(before for before, now, _ in pairs if not now),
                sum(now for _, now, _ in pairs),
            )
        )
    found = client.query(
        "SELECT before, new, returned, expanded, shrunk, lost, revenue FROM sales.growth "
        "WHERE measure = 'won' AND toYear(starts) = 2017 ORDER BY starts"
    ).result_rows
    assert [tuple(row) for row in found] == expected
    assert sum(row[-1] for row in found) == 10_005_534


def test_revenue_hangs_on_the_products_and_customers_of_the_file(
    client: Client, rows: list[dict[str, str]]
) -> None:
    found = client.query(
        "SELECT dependent_on, parts, largest, largest_revenue, herfindahl FROM sales.dependence "
        "WHERE dependent_on IN ('customer', 'product') ORDER BY dependent_on"
    ).result_rows
    expected = []
    for dimension, column in (("customer", "account"), ("product", "product")):
        named = [row | {"product": row["product"].replace("GTXPro", "GTX Pro")} for row in rows]
        shares = won_by(named, column)
        largest = max(shares, key=lambda name: shares[name])
        squares = sum(float(value / sum(shares.values())) ** 2 for value in shares.values())
        expected.append((dimension, len(shares), largest, shares[largest], pytest.approx(squares)))
    assert [tuple(row) for row in found] == expected


def month_ends(first: date) -> date:
    """Return the last day of the month that begins on a day."""
    return (first + timedelta(days=32)).replace(day=1) - timedelta(1)


def month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def test_the_range_of_a_month_is_what_months_before_brought(
    client: Client, deals: list[Deal]
) -> None:
    closed = [one for one in deals if one.closed is not None and one.closed <= TODAY]
    conversion = sum(one.won for one in closed) / len(closed)
    first, after = date(2017, 10, 1), date(2017, 11, 1)
    left, won = after - TODAY, len(closed_between(deals, first, TODAY, "Won"))
    ratios = []
    while (month := month_before(first)) >= min(one.opened for one in deals):
        day, last = max(month, first - left), first - timedelta(days=1)
        weighted = conversion * sum(one.is_open(day) for one in deals)
        later = closed_between(deals, day + timedelta(days=1), last, "Won")
        ratios.append(len(later) / weighted)
        first = month
    weighted = conversion * sum(one.is_open(TODAY) for one in deals)
    tenths = [won + weighted * one for one in quantiles(ratios, n=10, method="inclusive")]
    rows = client.query(
        "SELECT won, open_weighted, periods, low, middle, high FROM sales.close_forecast_at("
        f"as_of = '{TODAY}', known_at = '2100-01-01') WHERE horizon = 'month' AND currency = ''"
    ).result_rows
    assert rows == [
        (
            won,
            pytest.approx(weighted),
            len(ratios),
            *(pytest.approx(tenths[place]) for place in (0, 4, 8)),
        )
    ]
    assert (won, len(ratios)) == (135, 11)


def test_on_its_last_day_a_quarter_is_what_was_won_in_it(client: Client, deals: list[Deal]) -> None:
    rows = client.query(
        "SELECT currency, won, open, periods, low FROM sales.close_forecast_at("
        "as_of = '2017-09-30', known_at = '2100-01-01') WHERE horizon = 'quarter'"
    ).result_rows
    won = [one.value for one in closed_between(deals, FIRST, UNTIL, "Won")]
    still_open = sum(one.is_open(UNTIL) for one in deals)
    # The tape begins within the quarter a year before: two are too few for a range. What a deal is
    # worth is told only where it is won, so that no money is open.
    assert rows == [("", len(won), still_open, 2, None), ("USD", sum(won), 0, 0, None)]


def test_replayed_forecasts_are_those_that_would_have_been_made_then(
    client: Client, deals: list[Deal]
) -> None:
    told = client.query(
        "SELECT horizon, days_ahead, periods, forecast, actual, wmape, bias, within, replays "
        "FROM sales.forecast_replay_at(as_of = '2017-12-31', known_at = '2100-01-01') "
        "WHERE currency = ''"
    ).result_rows
    # Of quarters too few are over; what deals are worth is told only where they are won.
    assert {(horizon, days) for horizon, days, *_ in told} == {
        ("week", 3), ("month", 7), ("month", 14), ("month", 21),
    }  # fmt: skip
    for horizon, days, periods, forecast, actual, wmape, bias, within, replays in told:
        for place, (starts, low, middle, high, won) in enumerate(replays):
            last = starts + timedelta(6) if horizon == "week" else month_ends(starts)
            assert won == len(closed_between(deals, starts, last, "Won"))
            if place % 5 == 0 and days in (3, 14):
                rows = client.query(
                    "SELECT low, middle, high FROM sales.close_forecast_at("
                    f"as_of = '{last - timedelta(days)}', known_at = '2100-01-01') "
                    f"WHERE horizon = '{horizon}' AND currency = ''"
                ).result_rows
                assert rows == [tuple(map(pytest.approx, (low, middle, high)))]
        assert (periods, actual) == (len(replays), sum(one[4] for one in replays))
        assert forecast == pytest.approx(sum(one[2] for one in replays))
        assert wmape == pytest.approx(sum(abs(one[2] - one[4]) for one in replays) / actual)
        assert bias == pytest.approx((forecast - actual) / actual)
        assert within == sum(one[1] <= one[4] <= one[3] for one in replays)
