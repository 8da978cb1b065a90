"""The forecast of the Maven CRM data set, against plain Python."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

import pytest
from clickhouse_connect.driver.client import Client
from imported import Imported

from infra.warehouse import Warehouse

TODAY = date(2017, 10, 15)


@dataclass(frozen=True)
class Deal:
    """A row of the file that has dates."""

    opened: date
    closed: date | None
    is_won: bool
    value: Decimal

    def is_open(self, day: date) -> bool:
        return self.opened <= day and (self.closed is None or self.closed > day)

    def is_won_between(self, first: date, last: date) -> bool:
        return self.is_won and self.closed is not None and first <= self.closed <= last


@pytest.fixture(scope="module")
def deals(data_sets: Path) -> list[Deal]:
    with (data_sets / "maven_crm" / "sales_pipeline.csv").open(newline="") as file:
        return [
            Deal(
                opened=date.fromisoformat(row["engage_date"]),
                closed=date.fromisoformat(row["close_date"]) if row["close_date"] else None,
                is_won=row["deal_stage"] == "Won",
                value=Decimal(row["close_value"] or 0),
            )
            for row in csv.DictReader(file)
            if row["engage_date"]
        ]


@pytest.fixture(scope="module")
def client(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, data_sets: Path
) -> Iterator[Client]:
    made = Imported(warehouse, tmp_path_factory.mktemp("maven"), data_sets, ["maven-crm"])
    yield made.reading
    made.tape.close()


def month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def test_the_range_of_a_month_is_what_months_before_brought(
    client: Client, deals: list[Deal]
) -> None:
    closed = [one for one in deals if one.closed is not None and one.closed <= TODAY]
    conversion = sum(one.is_won for one in closed) / len(closed)
    first, after = date(2017, 10, 1), date(2017, 11, 1)
    left, won = after - TODAY, sum(one.is_won_between(first, TODAY) for one in deals)
    ratios = []
    while (month := month_before(first)) >= min(one.opened for one in deals):
        day, last = max(month, first - left), first - timedelta(days=1)
        weighted = conversion * sum(one.is_open(day) for one in deals)
        ratios.append(
            sum(one.is_won_between(day + timedelta(days=1), last) for one in deals) / weighted
        )
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
    quarter = (date(2017, 7, 1), date(2017, 9, 30))
    won = [one.value for one in deals if one.is_won_between(*quarter)]
    still_open = sum(one.is_open(quarter[1]) for one in deals)
    # The tape begins within the quarter a year before: two are too few for a range. What a deal is
    # worth is told only where it is won, so that no money is open.
    assert rows == [("", len(won), still_open, 2, None), ("USD", sum(won), 0, 0, None)]
