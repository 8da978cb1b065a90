"""The questions about customers and sales, on both data sets of sales, against plain Python."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from imported import Imported
from maven import quarter_of
from shops import Customer, Sale, Shop, invoices, orders

from infra.warehouse import Warehouse


@dataclass
class Asked:
    """A data set that was imported, with what plain Python reads in it."""

    client: Client
    shop: Shop
    customers: dict[str, Customer]
    today: date

    @property
    def at(self) -> str:
        return f"known_at = '2100-01-01', as_of = '{self.today}'"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(query).result_rows]


@pytest.fixture(scope="module", params=["online-retail", "adventureworks"])
def asked(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    tmp_path_factory: pytest.TempPathFactory,
    data_sets: Path,
) -> Iterator[Asked]:
    read = {"online-retail": invoices, "adventureworks": orders}[request.param]
    made = Imported(warehouse, tmp_path_factory.mktemp("shop"), data_sets, [request.param])
    shop = read(data_sets)
    today = max(one.day for one in shop.sales)
    yield Asked(made.reading, shop, shop.customers(), today)
    made.tape.close()


def month(day: date) -> int:
    return day.year * 12 + day.month


def days_judged(today: date) -> list[date]:
    """Return the last six ends of a month that were ninety days ago."""
    day, found = today - timedelta(89), []
    while len(found) < 6:
        day = day.replace(day=1) - timedelta(1)
        found.insert(0, day)
    return found


def test_monthly_cohorts_are_retained_as_counted(asked: Asked) -> None:
    sizes = Counter(one.days[0].replace(day=1) for one in asked.customers.values())
    back = Counter(
        (one.days[0].replace(day=1), number)
        for one in asked.customers.values()
        for number in {month(day) - month(one.days[0]) for day in one.days} - {0}
    )
    expected = [
        (cohort, number, size, back[cohort, number])
        for cohort, size in sorted(sizes.items())
        for number in range(1, month(asked.today) - month(cohort) + 1)
    ]
    columns = "cohort, number, customers, retained"
    assert asked.rows(f"SELECT {columns} FROM sales.retention_cohorts_at({asked.at})") == expected
    # Of 885 who first bought in December 2010, 36.6 % did so again in January; of 38 others none.
    first = (885, 324) if asked.shop.currency == "GBP" else (38, 0)
    assert expected[0] == (date(2010, 12, 1), 1, *first)
    assert asked.rows(
        "SELECT toString(min(cohort)), count(), countIf(retention IS NULL) "
        f"FROM sales.retention_cohorts_at({asked.at}) WHERE NOT mature",
    ) == [("2010-12-01", *[sum(month(day) < month(asked.today) for day in sizes)] * 2)]


def test_repeat_customers_and_pauses_are_as_counted(asked: Asked) -> None:
    every = asked.customers.values()
    again = [one for one in every if one.gaps]
    paused = [one for one in again if (most := one.longest()) is not None and most < max(
        *one.gaps, (asked.today - one.days[-1]).days)]  # fmt: skip
    reactivated = [one for one in paused if max(one.gaps) > (one.longest() or 0)]
    gaps = [gap for one in every for gap in one.gaps]
    expected = (
        len(every), len(again), median(one.gaps[0] for one in again), len(gaps), median(gaps),
        len(paused), len(reactivated),
    )  # fmt: skip
    columns = (
        "customers, repeat_customers, median_days_to_second, gaps, median_gap_days, "
        "paused, reactivated"
    )
    assert asked.rows(f"SELECT {columns} FROM sales.repeat_purchases_at({asked.at})") == [expected]


def test_scores_are_fifths_of_the_customers(asked: Asked) -> None:
    def scores(values: dict[str, Any]) -> dict[str, int]:
        ranked = sorted(values.values())
        worse = {value: bisect_left(ranked, value) for value in set(ranked)}
        return {name: 1 + 5 * worse[value] // len(ranked) for name, value in values.items()}

    recency = scores({name: one.days[-1] for name, one in asked.customers.items()})
    frequency = scores({name: one.orders for name, one in asked.customers.items()})
    monetary = scores({name: one.value for name, one in asked.customers.items()})
    told = asked.rows(
        "SELECT account, recency_days, purchases, value, recency, frequency, monetary "
        f"FROM sales.rfm_segments_at({asked.at})",
    )
    assert {row[0]: row[1:] for row in told} == {
        name: ((asked.today - one.days[-1]).days, one.orders, one.value,
               recency[name], frequency[name], monetary[name])
        for name, one in asked.customers.items()
    }  # fmt: skip


def test_each_customer_has_its_history_in_order(asked: Asked) -> None:
    told = asked.rows(
        "SELECT account, groupArray((time, returned, amount, nth, days_since_last, balance)) "
        "FROM sales.purchases WHERE account != '' GROUP BY account"
    )
    histories: dict[str, list[Sale]] = defaultdict(list)
    for one in asked.shop.sales:
        histories[one.account].append(one)
    # Two invoices of one minute stand in the order of their numbers, which is not known here.
    clear = {
        account: sorted(sales, key=lambda one: one.at)
        for account, sales in histories.items()
        if len({one.at for one in sales}) == len(sales)
    }
    assert len(told) == len(histories)
    assert len(clear) > 0.9 * len(histories)
    wrong = []
    for account, rows in told:
        before, number, balance, expected = None, 0, Decimal(0), []
        for one in clear.get(account, ()):
            since = (one.at - before).days if before else None
            number, balance = number + (not one.is_return), balance + one.value
            expected.append((one.at, one.is_return, one.value, number, since, balance))
            before = before if one.is_return else one.at
        if expected and sorted(map(tuple, rows)) != expected:
            wrong.append((account, rows, expected))
    assert wrong == []


def test_orders_are_due_as_counted(asked: Asked) -> None:
    told = asked.rows(f"SELECT account, due_on, overdue_days FROM sales.reorders_at({asked.at})")
    due = {
        name: one.days[-1] + timedelta(int(median(one.gaps) + 0.5))
        for name, one in asked.customers.items()
        if len(one.gaps) >= 2
    }
    assert {row[0]: row[1:] for row in told} == {
        name: (due[name], max(0, (asked.today - due[name]).days)) if name in due else (None, None)
        for name in asked.customers
    }


def test_churn_rules_are_judged_as_counted(asked: Asked) -> None:
    expected = []
    for day in days_judged(asked.today):
        past = {name: one.known(day) for name, one in asked.customers.items() if one.days[0] <= day}
        past = {name: one for name, one in past.items() if (day - one.days[-1]).days < 365}
        horizon = day + timedelta(90)
        gone = {
            name for name in past if not any(day < d <= horizon for d in asked.customers[name].days)
        }
        for rule in ("idle_long", "off_rhythm"):
            held = {name for name, one in past.items() if rule in one.rules(day)}
            expected.append((rule, day, len(past), len(gone), len(held), len(held & gone)))
    columns = "rule, judged_on, customers, churned, flagged, flagged_churned"
    where = "rule IN ('idle_long', 'off_rhythm')"
    told = asked.rows(
        f"SELECT {columns} FROM sales.churn_rule_quality_at({asked.at}) WHERE {where}"
    )
    assert told == sorted(expected)


def test_the_replayed_rules_are_those_of_the_signals_then(asked: Asked) -> None:
    flagged = "rule, flagged"
    for day in days_judged(asked.today)[::5]:
        then = f"known_at = '2100-01-01', as_of = '{day}'"
        assert asked.rows(
            f"SELECT {flagged} FROM sales.churn_rule_quality_at({asked.at}) "
            f"WHERE judged_on = '{day}' AND flagged > 0 AND rule != 'any' ORDER BY rule",
        ) == asked.rows(
            f"SELECT arrayJoin(rules) AS rule, count() FROM sales.churn_signals_at({then}) "
            "WHERE idle_days < 365 GROUP BY rule ORDER BY rule",
        )


def test_customers_are_worth_what_their_invoices_say(asked: Asked) -> None:
    columns = "customers, value, median_value, largest, largest_share, fifth_share, years"
    (found,) = asked.rows(f"SELECT {columns} FROM sales.customer_value_at({asked.at})")
    worth = sorted((one.value for one in asked.customers.values()), reverse=True)
    total, fifth = sum(worth), -(-len(worth) // 5)
    assert found == (
        len(asked.customers),
        total,
        pytest.approx(float(median(worth))),
        max(asked.customers, key=lambda name: asked.customers[name].value),
        pytest.approx(float(worth[0] / total)),
        pytest.approx(float(sum(worth[:fifth]) / total)),
        pytest.approx(
            sum((asked.today - one.days[0]).days + 1 for one in asked.customers.values()) / 365.25
        ),
    )


def earned(asked: Asked) -> dict[str, dict[date, Decimal]]:
    """What each account bought, less what it gave back, by the first day of the quarter."""
    found: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for one in asked.shop.sales:
        found[one.account][quarter_of(one.day)] += one.value
    return found


def test_revenue_grew_by_customers_old_and_new(asked: Asked) -> None:
    columns = (
        "before, new, returned, expanded, shrunk, lost, revenue, new_customers, lost_customers"
    )
    told = asked.rows(f"SELECT starts, {columns} FROM sales.growth WHERE starts <= '{asked.today}'")
    quarters = sorted({quarter_of(one.day) for one in asked.shop.sales})
    expected = []
    for before, quarter in zip([None, *quarters], quarters, strict=False):
        sums: Counter[str] = Counter()
        for known in earned(asked).values():
            then, now = known.get(before, 0), known.get(quarter, 0)  # type: ignore[call-overload]
            first = min(known)
            sums["before"] += then
            sums["now"] += now
            sums["new"] += now if quarter == first else 0
            sums["customers new"] += quarter == first
            if not then:
                sums["returned"] += now if quarter != first else 0
            elif now > then:
                sums["expanded"] += now - then
            elif now:
                sums["shrunk"] += then - now
            else:
                sums["lost"] += then
            sums["customers lost"] += bool(then and not now)
        names = ["before", "new", "returned", "expanded", "shrunk", "lost", "now"]
        counted = (sums["customers new"], sums["customers lost"])
        expected.append((quarter, *(sums[name] for name in names), *counted))
    assert told == expected


def test_revenue_hangs_on_so_many_customers(asked: Asked) -> None:
    (told,) = asked.rows(
        "SELECT revenue, parts, largest, largest_share, five_share, herfindahl "
        "FROM sales.dependence WHERE dependent_on = 'customer'"
    )
    worth = {name: sum(known.values()) for name, known in earned(asked).items()}
    best = sorted((value for value in worth.values() if value > 0), reverse=True)
    total = sum(best)
    assert told == (
        total, len(best), max(worth, key=lambda name: worth[name]),
        pytest.approx(float(best[0] / total)), pytest.approx(float(sum(best[:5]) / total)),
        pytest.approx(sum(float(value / total) ** 2 for value in best)),
    )  # fmt: skip


def test_what_is_sold_next_year_is_what_was_sold_this(asked: Asked) -> None:
    sold: dict[int, Decimal] = defaultdict(Decimal)
    for one in asked.shop.sales:
        if not one.is_return:
            sold[month(one.day)] += one.value
    told = asked.rows(
        "SELECT month, sold, forecast, wmape, last_month_wmape FROM sales.demand_at("
        f"{asked.at}) WHERE currency != '' AND over ORDER BY month"
    )
    first, last = min(sold), month(asked.today)
    # The first month is not whole on the tape: the one a year after it has no forecast.
    begins_whole = min(one.day for one in asked.shop.sales).day == 1
    forecast = {n: sold[n - 12] for n in range(first + 12 + (not begins_whole), last)}
    off = sum(abs(value - sold[n]) for n, value in forecast.items())
    off_last = sum(abs(sold[n - 1] - sold[n]) for n in forecast)
    within = sum(sold[n] for n in forecast)
    errors = (
        [pytest.approx(float(one / within)) for one in (off, off_last)]
        if len(forecast) >= 5
        else [None, None]
    )
    assert told == [
        (date((n - 1) // 12, (n - 1) % 12 + 1, 1), sold[n], forecast.get(n), *errors)
        for n in range(first, last)
    ]


def test_accounts_have_the_kind_and_country_of_the_files(asked: Asked) -> None:
    told = asked.rows("SELECT account, segment, country FROM sales.account_segments")
    assert {
        account: (segment, country) for account, segment, country in told
    } == asked.shop.segments
