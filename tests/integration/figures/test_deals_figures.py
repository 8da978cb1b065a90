"""What becomes of the deals of the Maven CRM data set, and who does it, against plain Python."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from imported import Imported
from maven import (
    LAST,
    Deal,
    Rate,
    byar,
    days_between,
    deals_of,
    percentile,
    quarter_of,
    table,
    won_of,
)

from infra.warehouse import Warehouse

AUTUMN, AUTUMN_ENDS = date(2017, 7, 1), date(2017, 9, 30)
YEAR = "since = '2017-01-01', until = '2017-12-31'"

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def folder(data_sets: Path) -> Path:
    return data_sets / "maven_crm"


@pytest.fixture(scope="module")
def deals(folder: Path) -> list[Deal]:
    return deals_of(folder)


@pytest.fixture(scope="module")
def client(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, data_sets: Path
) -> Iterator[Client]:
    made = Imported(warehouse, tmp_path_factory.mktemp("maven"), data_sets, ["maven-crm"])
    yield made.reading
    made.tape.close()


@pytest.fixture(scope="module")
def ask(client: Client) -> Callable[[str], Rows]:
    def asked(sql: str) -> Rows:
        return [tuple(row) for row in client.query(sql).result_rows]

    return asked


Ask = Callable[[str], Rows]


def by(deals: Iterable[Deal], name: str) -> dict[Any, list[Deal]]:
    grouped = defaultdict(list)
    for one in deals:
        grouped[getattr(one, name)].append(one)
    return grouped


@pytest.mark.parametrize("cut", ["rep", "product", "manager", "quarter"])
def test_win_rates_are_set_against_the_rest(cut: str, ask: Ask, deals: list[Deal]) -> None:
    sliced = "by = '', period = 'quarter'" if cut == "quarter" else f"by = '{cut}', period = ''"
    found = ask(
        f"SELECT {'period' if cut == 'quarter' else 'slice'}, closed, won, win_rate, win_rate_low, "
        "win_rate_high, rest_rate, difference_low, difference_high, distinguishable "
        f"FROM sales.win_rate_by({sliced}, since = '', until = '')"
    )
    every = won_of(deals)
    expected = {}
    for name, some in by((one for one in deals if one.closed), cut).items():
        rate = won_of(some)
        rest = every.without(rate)
        low, high = rate.less(rest)
        apart = low > 0 or high < 0
        expected[name] = (
            rate.whole, rate.part, *map(pytest.approx, (rate.rate, rate.low, rate.high, rest.rate)),
            pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9), apart,
        )  # fmt: skip
    assert {name: tuple(row) for name, *row in found} == expected
    assert len({row[-1] for row in found}) == (1 if cut == "manager" else 2)


def test_deals_leak_where_and_when_the_file_says(ask: Ask, deals: list[Deal]) -> None:
    found = ask(
        "SELECT stage, decided, advanced, lost, best_quarter, best_decided, best_conversion, "
        "best_conversion_low, distinguishable, won_after FROM sales.leaks ORDER BY position"
    )
    engaged = sum(one.engaged is not None for one in deals)
    every = won_of(deals)
    quarters = {day: won_of(some) for day, some in by(deals, "quarter").items() if day}
    best = max(quarters, key=lambda day: quarters[day].low)
    entered = Counter(quarter_of(one.engaged) for one in deals if one.engaged)
    first = max(entered, key=lambda day: entered[day])
    assert found == [
        ("Prospecting", engaged, engaged, 0, first, entered[first], 1,
         pytest.approx(Rate(entered[first], entered[first]).low), 0, pytest.approx(every.rate)),
        ("Engaging", every.whole, every.part, every.whole - every.part, best, quarters[best].whole,
         pytest.approx(quarters[best].rate), pytest.approx(quarters[best].low), 1, 1),
    ]  # fmt: skip


def test_cohorts_go_down_the_funnel_as_the_file_says(ask: Ask, deals: list[Deal]) -> None:
    found = ask(
        "SELECT period, stage, deals, entered, skipped, advanced, conversion, conversion_low, "
        "conversion_high, moves_back, won, lost, open FROM sales.funnel_by(by = '', "
        "period = 'quarter', since = '', until = '') WHERE pipeline = 'maven-crm'"
    )
    expected = []
    for quarter in sorted({quarter_of(one.opened) for one in deals}):
        cohort = [one for one in deals if quarter_of(one.opened) == quarter]
        engaged = [one for one in cohort if one.engaged]
        won = sum(one.won for one in cohort)
        lost = sum(one.status == "Lost" for one in cohort)
        for stage, entered, advanced, ended in (
            ("Prospecting", len(cohort), len(engaged), (0, 0, len(cohort) - len(engaged))),
            ("Engaging", len(engaged), won, (won, lost, len(engaged) - won - lost)),
        ):
            rate = Rate(advanced, entered)
            ends = (rate.rate, rate.low, rate.high)
            row = (quarter, stage, len(cohort), entered, 0, advanced)
            expected.append((*row, *map(pytest.approx, ends), 0, *ended))
    assert found == expected
    assert len(expected) == 10


def test_of_the_deals_still_engaged_most_have_had_their_time(ask: Ask, deals: list[Deal]) -> None:
    found = ask(
        "SELECT visits, p90_days, open, undecided, mature FROM sales.funnel_at("
        "as_of = '2017-09-30', known_at = '2100-01-01') WHERE stage = 'Engaging'"
    )
    known = [one for one in deals if one.engaged and one.engaged <= AUTUMN_ENDS]
    took = [
        (one.closed - one.opened).days
        for one in known
        if one.closed and not one.is_open(AUTUMN_ENDS)
    ]
    p90 = percentile(took, 0.9)
    waits = [(AUTUMN_ENDS - one.opened).days + 1 for one in known if one.is_open(AUTUMN_ENDS)]
    young = sum(days <= p90 for days in waits)
    assert found == [(len(took), p90, len(waits), young, 0)]
    assert 0 < young < len(waits)


def test_stages_take_as_long_as_between_the_dates(ask: Ask, deals: list[Deal]) -> None:
    ((prospects,), engaging) = (
        ask(
            "SELECT visits, first_median_days, first_p90_days, staying, now_median_days, "
            "now_p90_days FROM sales.time_in_stage_at(as_of = '2017-09-30', "
            f"known_at = '2100-01-01') WHERE stage = '{stage}'"
        )
        for stage in ("Prospecting", "Engaging")
    )
    known = [one for one in deals if one.engaged and one.engaged <= AUTUMN_ENDS]
    assert prospects[:4] == (len(known), 0, 0, 0)
    took = [
        (one.closed - one.opened).days
        for one in known
        if one.closed and not one.is_open(AUTUMN_ENDS)
    ]
    # The day is as of its last microsecond.
    waits = [(AUTUMN_ENDS - one.opened).days + 1 for one in known if one.is_open(AUTUMN_ENDS)]
    assert engaging == [
        (len(took), percentile(took, 0.5), percentile(took, 0.9), len(waits),
         pytest.approx(percentile(waits, 0.5)), pytest.approx(percentile(waits, 0.9))),
    ]  # fmt: skip


def test_each_managers_pipeline_goes_as_fast_as_its_deals(ask: Ask, deals: list[Deal]) -> None:
    found = ask(
        "SELECT slice, open, closed, won, average_won, median_days, velocity, velocity_low "
        "FROM sales.velocity_by(by = 'manager', period = '', "
        f"since = '{AUTUMN}', until = '{AUTUMN_ENDS}')"
    )
    expected = {}
    for manager, some in by(deals, "manager").items():
        closed = [one for one in some if one.closed and AUTUMN <= one.closed <= AUTUMN_ENDS]
        won = [one for one in closed if one.won]
        standing = sum(one.is_open(AUTUMN_ENDS) for one in some)
        average = float(sum(one.value for one in won)) / len(won)
        days = percentile([(one.closed - one.opened).days for one in won if one.closed], 0.5)
        rate = won_of(closed)
        expected[manager] = (
            standing, len(closed), len(won), pytest.approx(average), days,
            pytest.approx(standing * rate.rate * average / days),
            pytest.approx(standing * rate.low * average / days),
        )  # fmt: skip
    assert {manager: tuple(row) for manager, *row in found} == expected


def test_reps_lose_more_or_less_than_their_peers(ask: Ask, deals: list[Deal]) -> None:
    found = ask(
        "SELECT rep, decided, advanced, open, peers, peer_rate, difference_low, "
        "difference_high, gap FROM sales.coaching_gaps WHERE stage = 'Engaging'"
    )
    every, expected = won_of(deals), {}
    for rep, some in by(deals, "rep").items():
        rate = won_of(some)
        peers = every.without(rate)
        low, high = rate.less(peers)
        engaging = sum(one.status == "Engaging" for one in some)
        expected[rep] = (
            rate.whole, rate.part, engaging, 29, pytest.approx(peers.rate),
            pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9), high < 0,
        )  # fmt: skip
    assert {rep: tuple(row) for rep, *row in found} == expected


def test_each_deal_lacks_what_its_row_does(ask: Ask, deals: list[Deal]) -> None:
    expected = {}
    for one in deals:
        gaps = set()
        if one.status == "Lost":
            gaps.add("no loss reason")
        if not one.closed:
            gaps |= {"no amount", "no expected close"}
            gaps |= {"no account"} if not one.account else set()
            gaps |= {"undated"} if not one.engaged else set()
        if gaps:
            expected[one.name] = gaps
    found = ask("SELECT deal, gaps FROM sales.incomplete_deals")
    assert {deal: set(gaps) for deal, gaps in found} == expected
    assert len(found) == len(expected)


def test_owners_are_credited_with_the_whole_of_what_was_won(ask: Ask, deals: list[Deal]) -> None:
    found = ask("SELECT deal, account, rep, share, credited, closed_on FROM sales.deal_credits")
    won = {one.name: one for one in deals if one.won}
    assert len(found) == len(won)
    wrong = [
        (name, *row)
        for name, *row in found
        if name not in won
        or row != [won[name].account, won[name].rep, 1, won[name].value, won[name].closed]
    ]
    assert wrong == []


def test_the_history_of_deals_has_the_dates_of_the_file(ask: Ask, deals: list[Deal]) -> None:
    some = [one for number, one in enumerate(deals) if number % 400 == 0]
    names = ", ".join(f"'{one.name}'" for one in some)
    found: dict[str, list[tuple[str, date]]] = defaultdict(list)
    for deal, kind, day in ask(
        f"SELECT deal, type, toDate(time) FROM sales.deal_history WHERE deal IN ({names}) "
        "ORDER BY deal, step"
    ):
        found[deal].append((kind.removeprefix("sales.").removesuffix(".v1"), day))
    for one in some:
        steps = [("deal.opened", one.opened)]
        if one.engaged:
            steps.append(("deal.stage_changed", one.engaged))
        else:
            steps.append(("import_gap.detected", LAST))
        if one.closed:
            steps.append((f"deal.{one.status.lower()}", one.closed))
        assert sorted(found[one.name]) == sorted(steps)


def test_products_were_sold_month_by_month(ask: Ask, deals: list[Deal]) -> None:
    found = ask(
        "SELECT slice, currency, month, sold FROM sales.demand_by(by = 'product', period = '', "
        "since = '', until = '') WHERE measure = 'won' AND over AND sold > 0"
    )
    sold_in: defaultdict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    for one in deals:
        if one.won and one.closed:
            sold_in[one.product, "", one.closed.replace(day=1)] += 1
            sold_in[one.product, "USD", one.closed.replace(day=1)] += one.value
    assert {tuple(key): sold for *key, sold in found} == sold_in


@pytest.mark.parametrize("measure", ["wins", "deals_opened", "won_amount"])
def test_who_leads_is_certainly_better(
    measure: str, ask: Ask, folder: Path, deals: list[Deal]
) -> None:
    found = ask(
        "SELECT rep, value, value_low, value_high, rank FROM sales.leaderboard "
        f"WHERE measure = '{measure}'"
    )
    ends = {rep: (low, high) for rep, _, low, high, _ in found}
    numbers = {row["sales_agent"]: Decimal() for row in table(folder, "sales_teams")}
    for one in deals:
        counted = {"wins": one.won, "deals_opened": 1, "won_amount": one.value}[measure]
        numbers[one.rep] += Decimal(counted)
    assert {rep: value for rep, value, *_ in found} == numbers
    if measure != "won_amount":
        for rep, (low, high) in ends.items():
            assert (low, high) == pytest.approx(byar(int(numbers[rep])))
    ranks = {
        rep: 1 + sum(low > high for low, _ in ends.values()) for rep, (_, high) in ends.items()
    }
    assert {rep: rank for rep, *_, rank in found} == ranks


def test_who_won_more_than_in_the_quarter_before(ask: Ask, deals: list[Deal]) -> None:
    found = ask(
        "SELECT rep, starts, before, now, better, improved, worsened FROM sales.most_improved "
        "WHERE measure = 'wins' AND toYear(starts) = 2017"
    )
    expected = {}
    wins = Counter((one.rep, one.quarter) for one in deals if one.won)
    quarters = [date(2016, 10, 1), *(date(2017, month, 1) for month in (1, 4, 7, 10))]
    for rep in {one.rep for one in deals}:
        told = min(one.opened for one in deals if one.rep == rep)
        for earlier, quarter in pairwise(quarters):
            before, now = wins[rep, earlier], wins[rep, quarter]
            if quarter_of(told) <= earlier and (before or now):
                share = Rate(now, before + now)
                expected[rep, quarter] = (
                    before,
                    now,
                    now > before,
                    share.low > 0.5,
                    share.high < 0.5,
                )
    told = {(rep, starts): tuple(row) for rep, starts, *row in found}
    assert {key: row for key, row in told.items() if row[:2] != (0, 0)} == expected
    assert any(row[-1] for row in expected.values())
    assert any(row[-2] for row in expected.values())


def test_scorecards_and_yields_count_what_each_did(ask: Ask, deals: list[Deal]) -> None:
    cards = ask(
        "SELECT rep, deals_opened, wins, losses, won_amount, customers, win_rate_high "
        "FROM sales.scorecard"
    )
    yields = ask(
        "SELECT slice, period, deals_opened, wins, losses, won_amounts "
        f"FROM sales.activity_yield_by(by = 'manager', period = 'quarter', {YEAR})"
    )
    expected = {}
    for rep, some in by(deals, "rep").items():
        won, rate = [one for one in some if one.won], won_of(some)
        expected[rep] = (
            len(some), rate.part, rate.whole - rate.part, sum(one.value for one in won),
            len({one.account for one in won}), pytest.approx(rate.high),
        )  # fmt: skip
    assert {rep: tuple(row) for rep, *row in cards} == expected
    done = {}
    for manager, some in by(deals, "manager").items():
        for quarter in (date(2017, month, 1) for month in (1, 4, 7, 10)):
            closed = won_of(one for one in some if one.quarter == quarter)
            opened = sum(quarter_of(one.opened) == quarter for one in some)
            value = sum(one.value for one in some if one.won and one.quarter == quarter)
            done[manager, quarter] = (
                opened,
                closed.part,
                closed.whole - closed.part,
                [("USD", value)],
            )
    assert {(manager, quarter): tuple(row) for manager, quarter, *row in yields} == done


@pytest.fixture(scope="module")
def loads(deals: list[Deal]) -> dict[tuple[str, date], int]:
    """How many deals each rep has open at the end of each day, until none is or the export ends."""
    changes: Counter[tuple[str, date]] = Counter()
    for one in deals:
        changes[one.rep, one.opened] += 1
        if one.closed:
            changes[one.rep, one.closed] -= 1
    counted = {}
    for rep, some in by(deals, "rep").items():
        standing, last = 0, max(one.closed or LAST for one in some)
        for day in days_between(min(one.opened for one in some), last):
            standing += changes[rep, day]
            counted[rep, day] = standing
    return counted


def test_each_day_of_each_rep_has_its_open_deals(
    ask: Ask, loads: dict[tuple[str, date], int]
) -> None:
    found = ask(f"SELECT rep, day, open_deals FROM sales.load_days WHERE day <= '{LAST}'")
    assert {(rep, day): standing for rep, day, standing in found} == loads
    assert max(loads.values()) > 100


def test_managers_reps_have_so_much_open_on_an_average_day(
    ask: Ask, deals: list[Deal], loads: dict[tuple[str, date], int]
) -> None:
    found = ask(
        "SELECT slice, period, reps, days, open_deals, most_open_deals, closed, won "
        f"FROM sales.workload_by(by = 'manager', period = 'quarter', {YEAR})"
    )
    expected = {}
    for manager, some in by(deals, "manager").items():
        reps = {one.rep for one in some}
        for quarter in (date(2017, month, 1) for month in (1, 4, 7, 10)):
            days = [
                n for (rep, day), n in loads.items() if rep in reps and quarter_of(day) == quarter
            ]
            rate = won_of(one for one in some if one.quarter == quarter)
            expected[manager, quarter] = (
                len(reps), len(days), pytest.approx(sum(days) / len(days)), max(days),
                rate.whole, rate.part,
            )  # fmt: skip
    assert {(manager, quarter): tuple(row) for manager, quarter, *row in found} == expected


def test_deals_are_won_more_often_by_who_has_less_to_do(
    ask: Ask, deals: list[Deal], loads: dict[tuple[str, date], int]
) -> None:
    ((middle, *rest),) = ask(
        "SELECT median_load, light_closed, light_won, heavy_closed, heavy_won, difference_low, "
        "difference_high, distinguishable FROM sales.workload_effect"
    )
    closed = [(one, loads[one.rep, one.closed]) for one in deals if one.closed]
    assert middle == median(load for _, load in closed)
    light = won_of(one for one, load in closed if load <= middle)
    heavy = won_of(one for one, load in closed if load > middle)
    low, high = heavy.less(light)
    assert rest == [
        light.whole, light.part, heavy.whole, heavy.part,
        pytest.approx(low), pytest.approx(high), 1,
    ]  # fmt: skip
    assert high < 0


def test_who_and_what_there_is_is_as_the_lists_say(
    ask: Ask, folder: Path, deals: list[Deal]
) -> None:
    teams, accounts = table(folder, "sales_teams"), table(folder, "accounts")
    found = ask("SELECT rep, team, manager, territory, valid_to FROM sales.memberships")
    assert sorted(found) == sorted(
        (row["sales_agent"], row["manager"], row["manager"], row["regional_office"], None)
        for row in teams
    )
    found = ask("SELECT territory, name FROM sales.territories")
    offices = {row["regional_office"] for row in teams}
    assert sorted(found) == sorted((office, office) for office in offices)
    found = ask("SELECT account, segment, country FROM sales.account_segments")
    assert sorted(found) == sorted(
        (row["account"], row["sector"], row["office_location"]) for row in accounts
    )
    # Nobody assessed any: whoever has deals open has them on credit.
    found = ask("SELECT account, risks, open_deals FROM sales.credit_risks")
    standing = Counter(one.account for one in deals if not one.closed and one.account)
    assert {account: (risks, number) for account, risks, number in found} == {
        account: (["unassessed"], number) for account, number in standing.items()
    }
