"""What goes into the simulated floor comes out of the views: conversion and churn.

Tolerances are four standard errors of the sample, so that a right platform fails one seed in
16,000; the seeds are fixed.
"""

import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from projected_floor import ask, project

from infra.warehouse import Warehouse
from services.simulator.config import STAGES, Conversion, FloorConfig

SIGMAS = 4.0

SELLING = FloorConfig(
    seed=21,
    days=365,
    accounts=800,
    customers_at_start=0,
    leads_per_account_per_year=6,
    lead_ready_share=0.5,
    conversion=Conversion(research=0.9, contact=0.7, needs=0.8, proposal=0.6, closing=0.7),
    finish_deals=True,
)
BUYING = FloorConfig(
    seed=22,
    days=365,
    accounts=900,
    customers_at_start=1,
    leads_per_account_per_year=0,
    purchase_gap_days=20,
    churn_per_month=0.04,
)


def test_the_funnel_gives_the_conversion_of_the_floor_back(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    project(SELLING, empty_warehouse, tmp_path)
    funnel = ask(
        empty_warehouse,
        "SELECT stage, entered, advanced, conversion FROM sales.funnel ORDER BY position",
    )
    assert [stage for stage, *_ in funnel] == list(STAGES)
    for stage, entered, advanced, conversion in funnel:
        rate = SELLING.conversion.of(stage)
        assert entered > 400
        assert conversion == pytest.approx(advanced / entered)
        assert abs(conversion - rate) <= SIGMAS * math.sqrt(rate * (1 - rate) / entered), stage


def test_churn_signals_give_the_churn_of_the_floor_back(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    project(BUYING, empty_warehouse, tmp_path)
    # No customer who still buys is silent for longer than the widest gap; whoever is has stopped,
    # half a gap after the last purchase on average.
    most = 1 + 2 * BUYING.purchase_gap_spread_of_accounts
    silent = timedelta(days=BUYING.purchase_gap_days * most * (1 + 2 * BUYING.purchase_gap_spread))
    half_a_gap = timedelta(days=BUYING.purchase_gap_days / 2)
    start = datetime.combine(BUYING.start, datetime.min.time())  # in UTC, as the client gives it
    end = start + timedelta(days=BUYING.days)
    seen = ask(
        empty_warehouse,
        "SELECT idle_days, last_purchase_at, rules FROM "
        f"sales.churn_signals_at(as_of = '{end:%Y-%m-%d %H:%M:%S}', known_at = '2100-01-01')",
    )
    stopped, months = 0, 0.0
    for idle_days, last_purchase_at, rules in seen:
        ends = end - silent
        if last_purchase_at + half_a_gap < ends:
            stopped += 1
            ends = last_purchase_at + half_a_gap
        months += (ends - start) / timedelta(days=365.25 / 12)
        assert ("idle_long" in rules) == (idle_days > 90)
    never = BUYING.accounts - len(seen)  # they stopped before their first purchase
    expected = -math.log(1 - BUYING.churn_per_month) * (months + never * 0.25)
    assert stopped > 200
    assert stopped + never == pytest.approx(expected, abs=SIGMAS * math.sqrt(expected))
