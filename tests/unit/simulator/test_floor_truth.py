"""The truth about a floor, counted from its events."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import orjson
import pytest

from services.simulator.config import STAGES, FloorConfig
from services.simulator.floor import simulate
from services.simulator.truth import Truth, truth_of

YEAR = FloorConfig(seed=21, accounts=700, reps=4, sdrs=2)


@pytest.fixture(scope="module")
def told() -> list[bytes]:
    return list(simulate(YEAR))


@pytest.fixture(scope="module")
def truth(told: list[bytes]) -> Truth:
    return truth_of(YEAR, told)


def test_truth_counts_every_event_and_deal_once(told: list[bytes], truth: Truth) -> None:
    types = Counter(orjson.loads(raw)["type"] for raw in told)
    assert truth.events == len(told)
    assert truth.opened == types["sales.deal.opened.v1"]
    assert truth.closed_as("won") == types["sales.deal.won.v1"]
    assert truth.closed_as("lost") == types["sales.deal.lost.v1"]
    assert truth.leads == types["sales.lead.captured.v1"]
    assert sum(truth.purchases.values()) == types["sales.purchase.made.v1"]


def test_what_advances_from_a_stage_enters_the_next(truth: Truth) -> None:
    counts = [truth.stages[stage] for stage in STAGES]
    assert [stage.advanced for stage in counts[:-1]] == [stage.entered for stage in counts[1:]]
    assert counts[-1].advanced == truth.closed_as("won")
    assert sum(stage.open for stage in counts) == truth.opened - sum(
        truth.closed_as(outcome) for outcome in ("won", "lost")
    )


def test_truth_is_the_same_whether_the_events_are_given_or_not() -> None:
    config = FloorConfig(seed=22, accounts=60, days=200)
    assert truth_of(config) == truth_of(config, list(simulate(config)))


def test_who_churned_buys_no_more(truth: Truth, told: list[bytes]) -> None:
    assert truth.churned
    won = {
        event["account"]: event["time"]
        for event in map(orjson.loads, told)
        if event["type"] == "sales.deal.won.v1"
    }
    for account, stopped in truth.churned.items():
        last = truth.last_purchase.get(account)
        assert last is None or last <= stopped, (account, won.get(account))


def test_who_has_not_churned_is_never_silent_for_long(truth: Truth) -> None:
    most = (1 + 2 * YEAR.purchase_gap_spread_of_accounts) * (1 + 2 * YEAR.purchase_gap_spread)
    silent = timedelta(days=YEAR.purchase_gap_days * most + 3)
    end = max(truth.last_purchase.values())
    for account, last in truth.last_purchase.items():
        assert account in truth.churned or end - last <= silent


def test_a_floor_looks_like_a_sales_floor(truth: Truth) -> None:
    talked_to = truth.stages["contact"].entered
    assert 0.2 < truth.closed_as("won") / talked_to < 0.32
    assert 0.7 < truth.unqualified / (truth.qualified + truth.unqualified) < 0.76
    asked = {period for _, period in truth.quotas}
    assert asked == {date(2025, month, 1) for month in (1, 4, 7, 10)}
    whole = sum(truth.won.values(), Decimal()) / sum(truth.quotas.values(), Decimal())
    assert Decimal("0.75") < whole < Decimal("1.2")
    attained = [truth.won.get(credited, 0) / quota for credited, quota in truth.quotas.items()]
    assert min(attained) < 1 < max(attained)


def test_a_given_quota_is_set_as_it_is() -> None:
    config = FloorConfig(accounts=1, days=95, reps=3, quota=Decimal(5_000), turnover_per_year=0)
    truth = truth_of(config)
    assert set(truth.quotas.values()) == {Decimal("5000.00")}
    assert Counter(period for _, period in truth.quotas) == {
        date(2025, 1, 1): 3,
        date(2025, 4, 1): 3,
    }


def test_quotas_may_be_monthly() -> None:
    config = FloorConfig(accounts=200, days=120, quota_period="month", turnover_per_year=0)
    periods = {period for _, period in truth_of(config).quotas}
    # Nothing can be won in the first month, so nothing is asked.
    assert periods == {date(2025, month, 1) for month in (2, 3, 4)}
