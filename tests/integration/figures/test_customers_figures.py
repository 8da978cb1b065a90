"""The questions about customers on the online shop's invoices, against a count in plain Python."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from imported import Imported

from infra.warehouse import Warehouse

AT = "known_at = '2100-01-01', as_of = '2011-12-09'"
TODAY = date(2011, 12, 9)


@dataclass
class Customer:
    """What the file says of one customer."""

    days: list[date]
    orders: int
    value: Decimal

    @property
    def gaps(self) -> list[int]:
        return [(later - day).days for day, later in zip(self.days, self.days[1:], strict=False)]

    def known(self, day: date) -> "Customer":
        return Customer([one for one in self.days if one <= day], 0, Decimal(0))

    def longest(self) -> float | None:
        """The longest time without a purchase that is no pause."""
        return max(14.0, 3 * median(self.gaps)) if len(self.gaps) >= 2 else None

    def rules(self, day: date) -> set[str]:
        idle, longest = (day - self.days[-1]).days, self.longest()
        found = {"idle_long"} if idle > 90 else set()
        return found | ({"off_rhythm"} if longest is not None and idle > longest else set())


@pytest.fixture(scope="module")
def customers(data_sets: Path) -> dict[str, Customer]:
    """Who bought what when, from the lines: an invoice counts at the time of its last line."""
    names = ["InvoiceNo", "CustomerID", "Quantity", "UnitPrice", "InvoiceDate"]
    table = pq.read_table(data_sets / "online_retail" / "online_retail.parquet", columns=names)
    ends: dict[tuple[str, str], datetime] = {}
    worth: dict[str, Decimal] = defaultdict(Decimal)
    columns = (table.column(name).to_pylist() for name in names)
    for invoice, customer, quantity, price, when in zip(*columns, strict=True):
        if customer is None:
            continue
        name = f"customer-{customer:.0f}"
        if invoice.startswith("C"):
            worth[name] += quantity * Decimal(str(price))
        elif quantity > 0 and price > 0:
            worth[name] += quantity * Decimal(str(price))
            ends[name, invoice] = max(when, ends.get((name, invoice), when))
    found: dict[str, list[date]] = defaultdict(list)
    for (name, _), when in ends.items():
        found[name].append(when.date())
    return {
        name: Customer(sorted(set(days)), len(days), worth[name]) for name, days in found.items()
    }


@pytest.fixture(scope="module")
def shop(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, data_sets: Path
) -> Iterator[Client]:
    made = Imported(warehouse, tmp_path_factory.mktemp("shop"), data_sets, ["online-retail"])
    yield made.reading
    made.tape.close()


def rows(client: Client, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client.query(query).result_rows]


def month(day: date) -> int:
    return day.year * 12 + day.month


def test_monthly_cohorts_are_retained_as_counted(
    shop: Client, customers: dict[str, Customer]
) -> None:
    sizes = Counter(one.days[0].replace(day=1) for one in customers.values())
    back = Counter(
        (one.days[0].replace(day=1), number)
        for one in customers.values()
        for number in {month(day) - month(one.days[0]) for day in one.days} - {0}
    )
    expected = [
        (cohort, number, size, back[cohort, number])
        for cohort, size in sorted(sizes.items())
        for number in range(1, month(TODAY) - month(cohort) + 1)
    ]
    columns = "cohort, number, customers, retained"
    assert rows(shop, f"SELECT {columns} FROM sales.retention_cohorts_at({AT})") == expected
    # Of those who first bought in December 2010, 36.6 % did so again in January.
    assert expected[0] == (date(2010, 12, 1), 1, 885, 324)
    assert rows(
        shop,
        "SELECT toString(min(cohort)), count(), countIf(retention IS NULL) "
        f"FROM sales.retention_cohorts_at({AT}) WHERE NOT mature",
    ) == [("2010-12-01", 12, 12)]


def test_repeat_customers_and_pauses_are_as_counted(
    shop: Client, customers: dict[str, Customer]
) -> None:
    every = customers.values()
    again = [one for one in every if one.gaps]
    paused = [one for one in again if (most := one.longest()) is not None and most < max(
        *one.gaps, (TODAY - one.days[-1]).days)]  # fmt: skip
    reactivated = [one for one in paused if max(one.gaps) > (one.longest() or 0)]
    gaps = [gap for one in every for gap in one.gaps]
    expected = (
        4_338, len(again), median(one.gaps[0] for one in again), len(gaps), median(gaps),
        len(paused), len(reactivated),
    )  # fmt: skip
    columns = (
        "customers, repeat_customers, median_days_to_second, gaps, median_gap_days, "
        "paused, reactivated"
    )
    assert rows(shop, f"SELECT {columns} FROM sales.repeat_purchases_at({AT})") == [expected]


def test_scores_are_fifths_of_the_customers(shop: Client, customers: dict[str, Customer]) -> None:
    def scores(values: dict[str, Any]) -> dict[str, int]:
        ranked = sorted(values.values())
        worse = {value: bisect_left(ranked, value) for value in set(ranked)}
        return {name: 1 + 5 * worse[value] // len(ranked) for name, value in values.items()}

    recency = scores({name: one.days[-1] for name, one in customers.items()})
    frequency = scores({name: one.orders for name, one in customers.items()})
    monetary = scores({name: one.value for name, one in customers.items()})
    told = rows(
        shop,
        "SELECT account, recency_days, purchases, value, recency, frequency, monetary "
        f"FROM sales.rfm_segments_at({AT})",
    )
    assert {row[0]: row[1:] for row in told} == {
        name: ((TODAY - one.days[-1]).days, one.orders, one.value,
               recency[name], frequency[name], monetary[name])
        for name, one in customers.items()
    }  # fmt: skip


def test_orders_are_due_as_counted(shop: Client, customers: dict[str, Customer]) -> None:
    told = rows(shop, f"SELECT account, due_on, overdue_days FROM sales.reorders_at({AT})")
    due = {
        name: one.days[-1] + timedelta(int(median(one.gaps) + 0.5))
        for name, one in customers.items()
        if len(one.gaps) >= 2
    }
    assert {row[0]: row[1:] for row in told} == {
        name: (due[name], max(0, (TODAY - due[name]).days)) if name in due else (None, None)
        for name in customers
    }


DAYS = [date(2011, m + 1, 1) - timedelta(1) for m in (3, 4, 5, 6, 7, 8)]


def test_churn_rules_are_judged_as_counted(shop: Client, customers: dict[str, Customer]) -> None:
    expected = []
    for day in DAYS:
        past = {name: one.known(day) for name, one in customers.items() if one.days[0] <= day}
        past = {name: one for name, one in past.items() if (day - one.days[-1]).days < 365}
        horizon = day + timedelta(90)
        gone = {name for name in past if not any(day < d <= horizon for d in customers[name].days)}
        for rule in ("idle_long", "off_rhythm"):
            held = {name for name, one in past.items() if rule in one.rules(day)}
            expected.append((rule, day, len(past), len(gone), len(held), len(held & gone)))
    columns = "rule, judged_on, customers, churned, flagged, flagged_churned"
    where = "rule IN ('idle_long', 'off_rhythm')"
    told = rows(shop, f"SELECT {columns} FROM sales.churn_rule_quality_at({AT}) WHERE {where}")
    assert told == sorted(expected)


def test_the_replayed_rules_are_those_of_the_signals_then(shop: Client) -> None:
    flagged = "rule, flagged"
    for day in (DAYS[0], DAYS[-1]):
        then = f"known_at = '2100-01-01', as_of = '{day}'"
        assert rows(
            shop,
            f"SELECT {flagged} FROM sales.churn_rule_quality_at({AT}) "
            f"WHERE judged_on = '{day}' AND flagged > 0 AND rule != 'any' ORDER BY rule",
        ) == rows(
            shop,
            f"SELECT arrayJoin(rules) AS rule, count() FROM sales.churn_signals_at({then}) "
            "GROUP BY rule ORDER BY rule",
        )


def test_customers_are_worth_what_their_invoices_say(
    shop: Client, customers: dict[str, Customer]
) -> None:
    columns = "customers, value, median_value, largest, largest_share, fifth_share, years"
    (found,) = rows(shop, f"SELECT {columns} FROM sales.customer_value_at({AT})")
    worth = sorted((one.value for one in customers.values()), reverse=True)
    total, fifth = sum(worth), -(-len(worth) // 5)
    assert found == (
        len(customers),
        total,
        pytest.approx(float(median(worth))),
        max(customers, key=lambda name: customers[name].value),
        pytest.approx(float(worth[0] / total)),
        pytest.approx(float(sum(worth[:fifth]) / total)),
        pytest.approx(sum((TODAY - one.days[0]).days + 1 for one in customers.values()) / 365.25),
    )
