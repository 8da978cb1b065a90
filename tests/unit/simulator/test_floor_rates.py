"""What goes in comes out: rates counted from the events are those of the settings.

Tolerances are four standard errors of the sample, so that a right floor fails one seed in 16,000;
the seeds are fixed.
"""

import math
from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median, pstdev

import orjson
import pytest

from services.simulator.config import STAGES, Conversion, FloorConfig, StageDays
from services.simulator.floor import simulate

SIGMAS = 4.0

SOLD = FloorConfig(
    seed=11,
    days=540,
    accounts=1_300,
    customers_at_start=0,
    leads_per_account_per_year=6,
    lead_ready_share=0.4,
    conversion=Conversion(research=0.9, contact=0.6, needs=0.8, proposal=0.5, closing=0.7),
    stage_days=StageDays(research=3, contact=9, needs=14, proposal=21, closing=7),
    turnover_per_year=0.2,
    finish_deals=True,
)

BOUGHT = FloorConfig(
    seed=12,
    days=365,
    accounts=1_200,
    customers_at_start=1,
    leads_per_account_per_year=0,
    purchase_gap_days=20,
    churn_per_month=0.04,
)


class Deals:
    """Each deal's stages with the time it came to them, and how it ended."""

    def __init__(self) -> None:
        self.path: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
        self.amounts: list[float] = []
        self.ready: list[bool] = []
        self.directions: list[str] = []

    def take(self, event: dict[str, object]) -> None:
        data = event["data"]
        assert isinstance(data, dict)
        kind = event["type"]
        if kind in ("sales.deal.opened.v1", "sales.deal.stage_changed.v1"):
            self._reaches(event, data["stage"])
        elif kind in ("sales.deal.won.v1", "sales.deal.lost.v1"):
            self._reaches(event, str(kind).split(".")[2])
            if kind == "sales.deal.won.v1":
                self.amounts.append(float(data["amount"]))
        elif kind in ("sales.lead.qualified.v1", "sales.lead.unqualified.v1"):
            self.ready.append(kind == "sales.lead.qualified.v1")
        elif kind == "sales.lead.captured.v1":
            self.directions.append(data["direction"])

    def _reaches(self, event: dict[str, object], stage: str) -> None:
        self.path[str(event["deal"])].append((stage, datetime.fromisoformat(str(event["time"]))))


@pytest.fixture(scope="module")
def sold() -> Deals:
    deals = Deals()
    for raw in simulate(SOLD):
        deals.take(orjson.loads(raw))
    return deals


@pytest.fixture(scope="module")
def bought() -> dict[str, list[datetime]]:
    purchases: dict[str, list[datetime]] = defaultdict(list)
    for event in map(orjson.loads, simulate(BOUGHT)):
        if event["type"] == "sales.purchase.made.v1":
            purchases[event["account"]].append(datetime.fromisoformat(event["time"]))
    return purchases


def within_sampling_error(found: int, of: int, rate: float) -> bool:
    return abs(found / of - rate) <= SIGMAS * math.sqrt(rate * (1 - rate) / of)


def test_all_deals_of_a_finished_floor_are_closed(sold: Deals) -> None:
    assert {path[-1][0] for path in sold.path.values()} == {"won", "lost"}


@pytest.mark.parametrize("stage", STAGES)
def test_deals_go_on_from_each_stage_as_often_as_the_settings_say(sold: Deals, stage: str) -> None:
    after = [
        path[place + 1][0]
        for path in sold.path.values()
        for place, (reached, _) in enumerate(path)
        if reached == stage
    ]
    went_on = sum(reached != "lost" for reached in after)
    assert len(after) > 700
    assert within_sampling_error(went_on, len(after), SOLD.conversion.of(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_deals_stay_in_each_stage_as_long_as_the_settings_say(sold: Deals, stage: str) -> None:
    days = [
        (path[place + 1][1] - since) / timedelta(days=1)
        for path in sold.path.values()
        for place, (reached, since) in enumerate(path)
        if reached == stage
    ]
    # Nights and weekends are left out of the working time that days are laid onto in proportion,
    # so they move a single end by up to three days, and the mean not at all.
    error = SIGMAS * pstdev(days) / math.sqrt(len(days))
    assert fmean(days) == pytest.approx(SOLD.stage_days.of(stage), abs=error)


def test_leads_are_ready_as_often_as_the_settings_say(sold: Deals) -> None:
    assert within_sampling_error(sum(sold.ready), len(sold.ready), SOLD.lead_ready_share)


def test_leads_come_by_themselves_as_often_as_the_settings_say(sold: Deals) -> None:
    came = sold.directions.count("inbound")
    assert within_sampling_error(came, len(sold.directions), SOLD.inbound_share)


def test_won_amounts_have_the_mean_of_the_settings(sold: Deals) -> None:
    error = SIGMAS * pstdev(sold.amounts) / math.sqrt(len(sold.amounts))
    assert fmean(sold.amounts) == pytest.approx(float(SOLD.deal_amount), abs=error)


def test_customers_stop_buying_as_often_as_the_settings_say(
    bought: dict[str, list[datetime]],
) -> None:
    # No customer who still buys is silent for longer than the widest gap; whoever is has stopped,
    # half a gap after the last purchase on average.
    most = 1 + 2 * BOUGHT.purchase_gap_spread_of_accounts
    silent = timedelta(days=BOUGHT.purchase_gap_days * most * (1 + 2 * BOUGHT.purchase_gap_spread))
    gap = timedelta(days=BOUGHT.purchase_gap_days)
    start = datetime.fromisoformat(f"{BOUGHT.start}T00:00:00Z")
    looked_at = start + timedelta(days=BOUGHT.days) - silent
    stopped, months = 0, 0.0
    for times in bought.values():
        ends = looked_at
        if times[-1] + gap / 2 < looked_at:
            stopped += 1
            ends = times[-1] + gap / 2
        months += (ends - start) / timedelta(days=365.25 / 12)
    never = BOUGHT.accounts - len(bought)  # they stopped before their first purchase
    hazard = -math.log(1 - BOUGHT.churn_per_month)
    expected = hazard * (months + never * 0.25)
    assert stopped > 300
    assert stopped + never == pytest.approx(expected, abs=SIGMAS * math.sqrt(expected))


def test_customers_buy_in_a_rhythm_of_their_own(bought: dict[str, list[datetime]]) -> None:
    gaps = {
        account: [(later - sooner) / timedelta(days=1) for sooner, later in pairwise(times)]
        for account, times in bought.items()
        if len(times) > 5
    }
    own = [fmean(days) for days in gaps.values()]
    strays = [pstdev(days) / fmean(days) for days in gaps.values()]
    assert pstdev(own) / fmean(own) > 0.3
    assert median(strays) < 0.3


def test_season_and_weekday_weigh_on_when_leads_come() -> None:
    config = FloorConfig(
        seed=13,
        accounts=400,
        days=365,
        leads_per_account_per_year=20,
        lead_ready_share=0,
        inbound_share=1,
        season=(3.0,) + (1.0,) * 11,
        weekdays=(1.0,) * 5 + (0.0, 0.0),
    )
    days = [
        date.fromisoformat(event["time"][:10])
        for event in map(orjson.loads, simulate(config))
        if event["type"] == "sales.lead.captured.v1"
    ]
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}
    in_january = sum(day.month == 1 for day in days)
    open_days = [config.start + timedelta(days=day) for day in range(config.days)]
    weights = [3 if day.month == 1 else 1 for day in open_days if day.weekday() < 5]
    january = sum(weight for weight in weights if weight == 3) / sum(weights)
    assert within_sampling_error(in_january, len(days), january)
    yearly = config.accounts * config.leads_per_account_per_year
    assert len(days) == pytest.approx(yearly, rel=0.05)
