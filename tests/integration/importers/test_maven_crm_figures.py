"""The figures of the Maven CRM data set, counted in its files and folded from the events."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest
from clickhouse_connect.driver.client import Client
from import_bench import MemorySink

from events.envelope import AnyEvent, order_of
from services.importers import Summary, run


@dataclass
class Deal:
    """A deal as its events tell it."""

    stage: str = ""
    account: str | None = None
    opened: datetime | None = None
    engaged: datetime | None = None
    closed: datetime | None = None
    status: str = "open"
    amount: Decimal = Decimal(0)
    product: str | None = None


def fold(events: Iterable[AnyEvent], until: datetime | None = None) -> dict[str, Deal]:
    deals: dict[str, Deal] = {}
    for event in sorted(events, key=order_of):
        if event.deal is None or (until is not None and event.time > until):
            continue
        deal = deals.setdefault(event.deal, Deal())
        match event.type:
            case "sales.deal.opened.v1":
                deal.stage, deal.opened, deal.account = event.data.stage, event.time, event.account
                deal.product = event.data.product
            case "sales.deal.stage_changed.v1":
                assert event.data.previous_stage == deal.stage
                deal.stage, deal.engaged = event.data.stage, event.time
            case "sales.deal.won.v1":
                deal.status, deal.closed = "won", event.time
                deal.amount = Decimal(event.data.amount)
            case "sales.deal.lost.v1":
                deal.status, deal.closed = "lost", event.time
    return deals


def standing(deals: dict[str, Deal]) -> Counter[str]:
    return Counter(d.stage if d.status == "open" else d.status for d in deals.values())


@pytest.fixture(scope="module")
def imported(data_sets: Path, engine: Client) -> tuple[MemorySink, Summary]:
    sink = MemorySink()
    return sink, run("maven-crm", [data_sets / "maven_crm"], sink, engine)


@pytest.fixture(scope="module")
def deals(imported) -> dict[str, Deal]:
    return fold(imported[0].events)


@pytest.fixture(scope="module")
def rows(data_sets: Path) -> list[dict[str, str]]:
    with (data_sets / "maven_crm" / "sales_pipeline.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_is_read_and_none_rejected(imported) -> None:
    _, summary = imported
    assert {Path(read.path).name: read.rows for read in summary.files} == {
        "sales_pipeline.csv": 8800,
        "accounts.csv": 85,
        "products.csv": 7,
        "sales_teams.csv": 35,
    }
    assert [Path(path).name for path in summary.unused] == ["data_dictionary.csv"]
    assert (summary.rejected, summary.conflicts, summary.already_there) == (0, 0, 0)


def test_deals_stand_where_the_file_has_them(deals, rows) -> None:
    stands = {"Won": "won", "Lost": "lost", "Engaging": "Engaging", "Prospecting": "Prospecting"}
    assert standing(deals) == Counter(stands[row["deal_stage"]] for row in rows)
    assert standing(deals) == {"won": 4238, "lost": 2473, "Engaging": 1589, "Prospecting": 500}


def test_deals_stood_in_june_2017_where_their_dates_have_them(imported, rows) -> None:
    end = date(2017, 6, 30)
    expected: Counter[str] = Counter()
    for row in rows:
        engaged, closed = row["engage_date"], row["close_date"]
        if engaged and date.fromisoformat(engaged) <= end:
            done = bool(closed) and date.fromisoformat(closed) <= end
            expected[row["deal_stage"].lower() if done else "Engaging"] += 1
    then = fold(imported[0].events, until=datetime(2017, 6, 30, 23, 59, 59, tzinfo=UTC))
    assert standing(then) == expected == {"Engaging": 1686, "won": 1785, "lost": 894}


def test_won_value_by_quarter(deals, rows) -> None:
    def quarters(values: Iterable[tuple[date, Decimal]]) -> dict[tuple[int, int], Decimal]:
        sums: dict[tuple[int, int], Decimal] = {}
        for day, amount in values:
            quarter = (day.year, (day.month + 2) // 3)
            sums[quarter] = sums.get(quarter, Decimal(0)) + amount
        return sums

    won = [d for d in deals.values() if d.status == "won"]
    found = quarters((d.closed.date(), d.amount) for d in won if d.closed is not None)
    assert found == quarters(
        (date.fromisoformat(row["close_date"]), Decimal(row["close_value"]))
        for row in rows
        if row["deal_stage"] == "Won"
    )
    assert [found[2017, q] for q in (1, 2, 3, 4)] == [1134672, 3086111, 2982255, 2802496]
    assert sum(found.values()) == 10005534


def test_win_rate_of_closed_deals(deals) -> None:
    counts = Counter(d.status for d in deals.values())
    assert round(counts["won"] / (counts["won"] + counts["lost"]), 4) == 0.6315


def test_days_from_engagement_to_close(deals) -> None:
    days = [
        (d.status, (d.closed - d.engaged).days)
        for d in deals.values()
        if d.closed is not None and d.engaged is not None
    ]
    assert len(days) == 4238 + 2473
    assert median(n for _, n in days) == 45
    assert median(n for status, n in days if status == "won") == 57
    assert median(n for status, n in days if status == "lost") == 14


def test_open_deals_without_an_account_stay_without(deals, rows) -> None:
    without = {row["opportunity_id"] for row in rows if not row["account"]}
    assert {name for name, deal in deals.items() if deal.account is None} == without
    assert len(without) == 1425


def test_prospecting_deals_take_the_last_dated_day_and_say_so(imported, deals, rows) -> None:
    last = max(max(row["engage_date"], row["close_date"]) for row in rows)
    undated = {name: deal for name, deal in deals.items() if deal.stage == "Prospecting"}
    assert {d.opened.date().isoformat() for d in undated.values() if d.opened} == {last}
    gaps = imported[0].of("sales.import_gap.detected.v1")
    assert {gap.deal for gap in gaps} == set(undated)
    assert all(last in gap.data.reason for gap in gaps)


def test_products_of_deals_are_those_of_the_price_list(imported, deals) -> None:
    listed = {event.data.product for event in imported[0].of("sales.product.defined.v1")}
    assert {deal.product for deal in deals.values()} == listed
    assert sum(deal.product == "GTX Pro" for deal in deals.values()) == 1480


def test_every_rep_of_a_deal_has_a_team_under_a_manager(imported, rows) -> None:
    assigned = {e.actor: e.data for e in imported[0].of("sales.rep.team_assigned.v1")}
    teams = {event.data.team: event.data for event in imported[0].of("sales.team.defined.v1")}
    assert {row["sales_agent"] for row in rows} <= set(assigned)
    assert {data.team for data in assigned.values()} == set(teams)
    assert all(teams[data.team].territory == data.territory for data in assigned.values())


def test_a_second_import_appends_nothing(imported, data_sets: Path, engine: Client) -> None:
    sink, first = imported
    second = run("maven-crm", [data_sets / "maven_crm"], sink, engine)
    assert (second.appended, second.conflicts, second.rejected) == (0, 0, 0)
    assert second.already_there == first.appended
