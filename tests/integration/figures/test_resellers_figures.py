"""The employees who sell to resellers, their quotas and what became of them, in plain Python."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from imported import Imported
from maven import Rate, byar, days_between, quarter_of
from shops import Sale, orders

from infra.warehouse import Warehouse


@dataclass(frozen=True)
class Quota:
    rep: str
    first: date
    last: date
    amount: Decimal


@pytest.fixture(scope="module")
def folder(data_sets: Path) -> Path:
    return data_sets / "adventureworks"


@pytest.fixture(scope="module")
def sales(data_sets: Path) -> list[Sale]:
    return orders(data_sets).sales


@pytest.fixture(scope="module")
def quotas(folder: Path) -> list[Quota]:
    with (folder / "FactSalesQuota.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    days = sorted({date.fromisoformat(row["Date"]) for row in rows})
    ends = dict(pairwise(days)) | {days[-1]: days[-1] + (days[-1] - days[-2])}
    return [
        Quota(
            rep=f"employee-{row['EmployeeKey']}",
            first=(first := date.fromisoformat(row["Date"])),
            last=ends[first] - timedelta(1),
            amount=Decimal(row["SalesAmountQuota"]),
        )
        for row in rows
    ]


@pytest.fixture(scope="module")
def client(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, data_sets: Path
) -> Iterator[Client]:
    made = Imported(warehouse, tmp_path_factory.mktemp("sellers"), data_sets, ["adventureworks"])
    yield made.reading
    made.tape.close()


def rows(client: Client, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client.query(query).result_rows]


def sold(sales: list[Sale], quota: Quota) -> Decimal:
    mine = (one for one in sales if one.rep == quota.rep)
    return sum((one.value for one in mine if quota.first <= one.day <= quota.last), Decimal())


def test_each_day_of_a_quota_has_its_part_and_its_orders(
    client: Client, sales: list[Sale], quotas: list[Quota]
) -> None:
    ordered: Counter[tuple[str, date]] = Counter()
    for one in sales:
        ordered[one.rep, one.day] += one.value  # type: ignore[assignment]
    expected = {
        (quota.rep, day): (
            pytest.approx(float(quota.amount) / ((quota.last - quota.first).days + 1)),
            ordered[quota.rep, day],
        )
        for quota in quotas
        for day in days_between(quota.first, quota.last)
    }
    told = rows(client, "SELECT rep, day, toFloat64(quota), actual FROM sales.quota_days")
    assert {(rep, day): (quota, actual) for rep, day, quota, actual in told} == expected
    assert len(told) == len(expected)
    exact = rows(client, "SELECT rep, sum(quota) FROM sales.quota_days GROUP BY rep")
    assert dict(exact) == {
        rep: sum(one.amount for one in quotas if one.rep == rep) for rep, _ in exact
    }


def test_who_misses_again_and_again(client: Client, sales: list[Sale], quotas: list[Quota]) -> None:
    missed: dict[str, list[tuple[date, bool]]] = defaultdict(list)
    for quota in sorted(quotas, key=lambda one: one.first):
        missed[quota.rep].append((quota.first, sold(sales, quota) < quota.amount))
    every = Rate(sum(is_missed for one in missed.values() for _, is_missed in one), len(quotas))
    expected = {}
    for rep, past in missed.items():
        runs = [
            (is_missed, [first for first, _ in run])
            for is_missed, run in groupby(past, key=lambda one: one[1])
        ]
        own = Rate(sum(is_missed for _, is_missed in past), len(past))
        others = every.without(own)
        was_missed, last = runs[-1]
        streak = len(last) if was_missed else 0
        expected[rep] = (
            own.whole, own.part, pytest.approx(others.rate),
            *(pytest.approx(end, abs=1e-9) for end in own.less(others)),
            streak, last[0] if streak else None,
            max((len(run) for is_missed, run in runs if is_missed), default=0),
        )  # fmt: skip
    told = rows(
        client,
        "SELECT rep, periods, missed, others_rate, difference_low, difference_high, streak, since, "
        "longest FROM sales.shortfall_streaks",
    )
    assert {rep: tuple(row) for rep, *row in told} == expected
    assert len({row[-3] for row in expected.values()}) > 3


def test_who_leads_and_who_sold_more_than_before(client: Client, sales: list[Sale]) -> None:
    orders_of = Counter(one.rep for one in sales)
    told = rows(
        client,
        "SELECT rep, value, rank FROM sales.leaderboard WHERE measure = 'purchases'",
    )
    ends = {rep: byar(number) for rep, number in orders_of.items()}
    assert {rep: (value, rank) for rep, value, rank in told} == {
        rep: (orders_of[rep], 1 + sum(low > high for low, _ in ends.values()))
        for rep, (_, high) in ends.items()
    }
    by_quarter = Counter((one.rep, quarter_of(one.day)) for one in sales)
    told = rows(
        client,
        "SELECT rep, starts, before, now, improved, worsened FROM sales.most_improved "
        f"WHERE measure = 'purchases' AND starts <= '{max(one.day for one in sales)}'",
    )
    assert len(told) > 100
    for rep, starts, before, now, improved, worsened in told:
        earlier = quarter_of(starts - timedelta(1))
        assert (before, now) == (by_quarter[rep, earlier], by_quarter[rep, starts])
        share = Rate(now, before + now)
        assert (improved, worsened) == (share.low > 0.5, share.high < 0.5), (rep, starts)
    assert {improved for *_, improved, _ in told} == {0, 1}
    cards = rows(client, "SELECT rep, purchases FROM sales.scorecard")
    assert dict(cards) == orders_of


def test_who_sells_where_and_for_whom(client: Client, folder: Path) -> None:
    with (folder / "DimEmployee.csv").open(encoding="utf-8", newline="") as file:
        employees = [row for row in csv.reader(file, delimiter="|") if row[26] == "1"]
    with (folder / "DimSalesTerritory.csv").open(encoding="utf-8", newline="") as file:
        places = {row["SalesTerritoryKey"]: row for row in csv.DictReader(file)}
    told = rows(client, "SELECT territory, name, country, region FROM sales.territories")
    assert sorted(told) == sorted(
        (f"territory-{key}", row["SalesTerritoryRegion"], row["SalesTerritoryCountry"],
         row["SalesTerritoryGroup"])
        for key, row in places.items() if row["SalesTerritoryRegion"] != "NA"
    )  # fmt: skip
    told = rows(
        client, "SELECT rep, manager, territory, role, toDate(valid_from) FROM sales.memberships"
    )
    assert sorted(told) == sorted(
        (f"employee-{row[1]}", f"employee-{row[2]}",
         f"territory-{row[5]}" if places[row[5]]["SalesTerritoryRegion"] != "NA" else "",
         row[10], date.fromisoformat(row[11]))
        for row in employees
    )  # fmt: skip
