"""The questions about the pipeline on the Maven CRM data set, against plain Python."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest
from clickhouse_connect.driver.client import Client
from imported import Imported

from infra.warehouse import Warehouse

BEFORE, UNTIL = date(2017, 6, 30), date(2017, 9, 30)
RANGE = "by = '', period = '{period}', since = '2017-07-01', until = '2017-09-30'"


@dataclass(frozen=True)
class Deal:
    """A row of the file."""

    status: str
    opened: date | None
    """None where the export has no date: it is imported as of the last day."""
    closed: date | None
    value: Decimal

    def is_open(self, day: date) -> bool:
        return self.opened is not None and self.opened <= day and not self.is_closed(day)

    def is_closed(self, day: date) -> bool:
        return self.closed is not None and self.closed <= day

    def closes_in_range(self, status: str) -> bool:
        return self.status == status and not self.is_closed(BEFORE) and self.is_closed(UNTIL)


@pytest.fixture(scope="module")
def deals(data_sets: Path) -> list[Deal]:
    def day(text: str) -> date | None:
        return date.fromisoformat(text) if text else None

    with (data_sets / "maven_crm" / "sales_pipeline.csv").open(newline="") as file:
        return [
            Deal(
                status=row["deal_stage"],
                opened=day(row["engage_date"]),
                closed=day(row["close_date"]),
                value=Decimal(row["close_value"] or 0),
            )
            for row in csv.DictReader(file)
        ]


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
    opened = [one for one in deals if one.opened is not None and BEFORE < one.opened <= UNTIL]
    won = [one for one in deals if one.closes_in_range("Won")]
    value = sum(one.value for one in won)
    # The file tells what a deal is worth only where it is won: until then it is worth nothing.
    assert found == (
        sum(one.is_open(BEFORE) for one in deals),
        len(opened),
        len(won),
        sum(one.closes_in_range("Lost") for one in deals),
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
        return [
            (one.closed - one.opened).days
            for one in deals
            if one.closes_in_range(status) and one.closed and one.opened
        ]

    assert (won, lost) == (len(days("Won")), len(days("Lost")))
    assert (won_days, lost_days) == (median(days("Won")), median(days("Lost")))


def test_deals_are_stale_beyond_what_nine_of_ten_took(client: Client, deals: list[Deal]) -> None:
    now = datetime(2017, 9, 30, tzinfo=UTC)
    rows = client.query(
        "SELECT count(), min(days), any(p90_days), any(visits) FROM sales.stale_deals_at("
        f"as_of = '{now:%F %T}', known_at = '2100-01-01') WHERE stage = 'Engaging'"
    ).result_rows
    took = sorted(
        (one.closed - one.opened).days
        for one in deals
        if one.is_closed(UNTIL) and one.closed and one.opened
    )
    place = 0.9 * (len(took) - 1)
    low, high = took[int(place)], took[min(int(place) + 1, len(took) - 1)]
    p90 = low + (place - int(place)) * (high - low)
    waiting = [(UNTIL - one.opened).days for one in deals if one.opened and one.is_open(UNTIL)]
    stale = [days for days in waiting if days > p90]
    assert stale
    assert rows == [(len(stale), min(stale), pytest.approx(p90), len(took))]


@pytest.fixture(scope="module")
def rows(data_sets: Path) -> list[dict[str, str]]:
    with (data_sets / "maven_crm" / "sales_pipeline.csv").open(newline="") as file:
        return list(csv.DictReader(file))


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
