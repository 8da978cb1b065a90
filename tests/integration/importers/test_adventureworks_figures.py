"""The figures of AdventureWorks, counted in its files and folded from the events."""

import csv
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from import_bench import MemorySink

from services.importers import Summary, run

Period = tuple[str, date]


@pytest.fixture(scope="module")
def imported(data_sets: Path, engine: Client) -> tuple[MemorySink, Summary]:
    sink = MemorySink()
    return sink, run("adventureworks", [data_sets / "adventureworks"], sink, engine)


@pytest.fixture(scope="module")
def quota_rows(data_sets: Path) -> dict[Period, Decimal]:
    with (data_sets / "adventureworks" / "FactSalesQuota.csv").open(newline="") as file:
        return {
            (f"employee-{row['EmployeeKey']}", date.fromisoformat(row["Date"])): Decimal(
                row["SalesAmountQuota"]
            )
            for row in csv.DictReader(file)
        }


@pytest.fixture(scope="module")
def sales_rows(data_sets: Path) -> list[dict[str, object]]:
    return pq.read_table(
        data_sets / "adventureworks" / "FactResellerSales.parquet",
        columns=["SalesOrderNumber", "EmployeeKey", "ResellerKey", "OrderDate", "SalesAmount"],
    ).to_pylist()


def sales_by_period(sink: MemorySink) -> dict[Period, Decimal]:
    quotas = [(event.actor, event.data) for event in sink.of("sales.quota.set.v1")]
    sums = {(actor, data.period_start): Decimal(0) for actor, data in quotas}
    for event in sink.of("sales.purchase.made.v1"):
        day = event.time.date()
        for actor, data in quotas:
            if actor == event.actor and data.period_start <= day <= data.period_end:
                sums[actor, data.period_start] += Decimal(event.data.amount)
    return sums


def test_nothing_is_rejected_or_in_conflict(imported) -> None:
    _, summary = imported
    assert (summary.rejected, summary.conflicts, summary.already_there) == (0, 0, 0)
    assert summary.unused == []


def test_every_quota_of_the_file_is_set_once(imported, quota_rows) -> None:
    events = imported[0].of("sales.quota.set.v1")
    found = {(e.actor, e.data.period_start): Decimal(e.data.amount) for e in events}
    assert found == quota_rows
    assert (len(found), sum(found.values())) == (163, 95_714_000)
    assert {(e.data.measure, e.data.currency) for e in events} == {("purchase_amount", "USD")}


def test_a_period_ends_the_day_before_the_next_date_of_the_calendar(imported) -> None:
    ends = {e.data.period_start: e.data.period_end for e in imported[0].of("sales.quota.set.v1")}
    calendar = sorted(ends)
    assert len(calendar) == 12
    day = timedelta(days=1)
    assert [ends[start] + day for start in calendar[:-1]] == calendar[1:]
    before_last, last = calendar[-2:]
    assert ends[last] + day - last == last - before_last


def test_sales_of_the_rep_periods(imported, quota_rows, sales_rows) -> None:
    calendar = sorted({start for _, start in quota_rows})
    expected: dict[Period, Decimal] = defaultdict(Decimal)
    for row in sales_rows:
        start = max(day for day in calendar if day <= row["OrderDate"].date())
        expected[f"employee-{row['EmployeeKey']}", start] += row["SalesAmount"]
    found = sales_by_period(imported[0])
    assert found == expected
    assert round(sum(found.values()), 2) == Decimal("80450596.98")
    assert sum(found[period] >= quota for period, quota in quota_rows.items()) == 8


def test_an_order_is_one_purchase_of_its_reseller(imported, sales_rows) -> None:
    orders: dict[object, Decimal] = defaultdict(Decimal)
    for row in sales_rows:
        orders[row["SalesOrderNumber"], f"reseller-{row['ResellerKey']}"] += row["SalesAmount"]
    purchases = imported[0].of("sales.purchase.made.v1")
    assert {(p.data.order, p.account): Decimal(p.data.amount) for p in purchases} == orders
    assert len(purchases) == len(orders)


def test_every_account_and_rep_of_a_purchase_is_known(imported) -> None:
    sink, _ = imported
    purchases = sink.of("sales.purchase.made.v1")
    assert {p.account for p in purchases} <= {
        e.account for e in sink.of("sales.account.created.v1")
    }
    joined = {event.actor: event for event in sink.of("sales.rep.joined.v1")}
    assert {p.actor for p in purchases} <= set(joined)
    assert joined["employee-288"].data.name == "José Saraiva"


def test_reps_belong_to_the_group_of_their_territory_and_managers_to_those_they_lead(
    imported,
) -> None:
    teams = {e.actor: e.data.team for e in imported[0].of("sales.rep.team_assigned.v1")}
    assert len(teams) == 17
    assert teams["employee-291"] == "Europe"
    assert {rep: teams[f"employee-{rep}"] for rep in (272, 290, 294)} == {
        272: "North America",
        290: "Europe",
        294: "Pacific",
    }
