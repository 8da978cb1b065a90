"""An interval that is to hold the truth in 95 of 100 cases does: on many floors, each of a seed.

What a floor is told is the truth. All stand on one tape; the accounts of each are a segment, and
who sells is a rep, so that a question cut by either answers once for each floor. The seeds are
fixed.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from emptied import SHIPPED, swept

from infra.tape import Entry
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.projector import Projector
from services.simulator.config import Conversion, FloorConfig, StageDays
from services.simulator.floor import simulate

FLOORS = int(os.environ.get("SALESTAPE_FLOORS", "40"))
SEEDS = range(1, FLOORS + 1)
START, DAYS = date(2025, 1, 1), 90
CHANGED = START + timedelta(days=DAYS)
READY = 0.6
CHURN = 0.2
ALIKE = Conversion(research=0.9, contact=0.9, needs=0.9, proposal=0.9, closing=0.6)
BETTER = ALIKE.model_copy(update={"closing": 0.9})
SELLING = FloorConfig(
    start=START, days=DAYS, accounts=8, customers_at_start=0, leads_per_account_per_year=24,
    lead_ready_share=READY, conversion=ALIKE, lead_days=1,
    stage_days=StageDays(research=1, contact=1, needs=1, proposal=1, closing=1),
    reps=1, sdrs=0, teams=1, territories=1, turnover_per_year=0, finish_deals=True,
)  # fmt: skip
BUYING = FloorConfig(
    start=date(2026, 1, 1), days=59, accounts=16, customers_at_start=1, churn_per_month=CHURN,
    leads_per_account_per_year=0, purchase_gap_days=12, subscription_share=0, return_share=0,
    reps=1, sdrs=0, teams=1, territories=1, turnover_per_year=0,
)  # fmt: skip
SOLD = (
    "sales.account.created.v1", "sales.lead.captured.v1", "sales.lead.assigned.v1",
    "sales.lead.qualified.v1", "sales.lead.unqualified.v1", "sales.deal.opened.v1",
    "sales.deal.won.v1", "sales.deal.lost.v1",
)  # fmt: skip
STEPS = (
    *SOLD,
    "sales.pipeline.defined.v1",
    "sales.deal.stage_changed.v1",
    "sales.lead.converted.v1",
)
BOUGHT = ("sales.account.created.v1", "sales.purchase.made.v1")


def is_better(seed: int) -> bool:
    """Tell whether a floor closes more deals from the day of the change on."""
    return seed % 4 == 0


def floor_of(seed: int) -> Iterator[dict[str, Any]]:
    """Tell what happened on a floor: a quarter, another of other rates, and its customers."""
    after = BETTER if is_better(seed) else ALIKE
    parts: Sequence[tuple[FloorConfig, dict[str, Any], tuple[str, ...]]] = (
        (SELLING, {"seed": seed}, STEPS),
        (SELLING, {"seed": 1_000 + seed, "start": CHANGED, "conversion": after}, SOLD),
        (BUYING, {"seed": 2_000 + seed}, BOUGHT),
    )
    for config, other, told in parts:
        for raw in simulate(config.model_copy(update=other)):
            event = orjson.loads(raw)
            if event["type"].startswith(told):
                if "segment" in event["data"]:
                    event["data"]["segment"] = name_of(seed)
                if "actor" in event:
                    event["actor"] = name_of(seed)
                yield event
    # What is compared begins after the first deal that was ever closed.
    first = {
        "specversion": "1.0", "source": "before", "deal": name_of(seed), "account": "before",
        "time": f"{START - timedelta(days=1)}T00:00:00Z",
    }  # fmt: skip
    opened = {"pipeline": "other", "stage": "talk"}
    yield first | {"id": f"o{seed}", "type": "sales.deal.opened.v1", "data": opened}
    yield first | {"id": f"l{seed}", "type": "sales.deal.lost.v1", "sequence": 1, "data": {}}
    yield {
        "specversion": "1.0", "id": f"change {seed}", "source": "plan",
        "type": "sales.change.adopted.v1", "time": f"{CHANGED}T00:00:00Z",
        "data": {
            "change": name_of(seed), "change_type": "process", "description": "Another script",
            "valid_from": str(CHANGED), "segment": name_of(seed),
        },
    }  # fmt: skip


def name_of(seed: int) -> str:
    return f"floor {seed}"


def home_in(event: dict[str, Any]) -> str:
    names = ("account", "deal", "actor", "subject", "source")
    return next(str(event[name]) for name in names if event.get(name))


@pytest.fixture(scope="module")
def floors(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """The engine with all floors in it."""
    swept(warehouse)
    tape = open_tape(f"sqlite:///{tmp_path_factory.mktemp('floors') / 'tape.sqlite'}")
    told = (event for seed in SEEDS for event in floor_of(seed))
    while lot := list(islice(told, 5_000)):
        tape.append([Entry(home_in(event), orjson.dumps(event)) for event in lot])
    projector = Projector(tape, warehouse, SHIPPED)
    projector.prepare()
    projector.catch_up()
    assert projector.health().failures == {}
    tape.close()
    return warehouse.client("read")


def held(
    rows: list[dict[str, Any]], of: str, truth: Callable[[dict[str, Any]], float]
) -> tuple[float, float, float]:
    """Return in which share of the rows the interval of a column holds the truth, and its bounds.

    It is fair for 90 to 99 % of 200; of fewer floors it cannot be told to hold too often.
    """
    assert len(rows) == FLOORS
    count = sum(row[f"{of}_low"] <= truth(row) <= row[f"{of}_high"] for row in rows)
    by_chance = 3 * math.sqrt(0.95 * 0.05 / FLOORS)
    return min(0.9, 0.95 - by_chance), count / FLOORS, 0.99 if FLOORS >= 200 else 1.0


def ask(floors: Client, sql: str) -> list[dict[str, Any]]:
    answer = floors.query(sql)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def cut(question: str, by: str, since: date = START, until: date | None = None) -> str:
    """Return a question cut by what each floor has one of, over some days."""
    last = "" if until is None else until
    return f"sales.{question}_by(by = '{by}', period = '', since = '{since}', until = '{last}')"


def test_how_many_deals_are_won(floors: Client) -> None:
    before = cut("win_rate", "segment", until=CHANGED - timedelta(days=1))
    rows = ask(floors, f"SELECT * FROM {before} WHERE slice != ''")
    low, share, high = held(rows, "win_rate", lambda _: ALIKE.overall)
    assert low <= share <= high
    # No floor is better than the rest, and few seem so.
    low, share, high = held(rows, "difference", lambda _: 0)
    assert low <= share <= high
    assert sum(row["distinguishable"] for row in rows) == round((1 - share) * FLOORS)


@pytest.mark.parametrize("stage", ["needs", "closing"])
def test_how_many_deals_go_on_from_a_stage(floors: Client, stage: str) -> None:
    before = cut("funnel", "segment", until=CHANGED - timedelta(days=1))
    rows = ask(floors, f"SELECT * FROM {before} WHERE slice != '' AND stage = '{stage}'")
    low, share, high = held(rows, "conversion", lambda _: ALIKE.of(stage))
    assert low <= share <= high


def test_how_many_leads_become_deals(floors: Client) -> None:
    before = cut("lead_conversion", "rep", until=CHANGED - timedelta(days=1))
    rows = ask(floors, f"SELECT * FROM {before} WHERE slice != '' AND what = 'all'")
    low, share, high = held(rows, "conversion", lambda _: READY)
    assert low <= share <= high


def test_how_many_leads_are_not_ready(floors: Client) -> None:
    rows = ask(floors, f"SELECT * FROM {cut('unready_leads', 'rep')} WHERE source = 'list'")
    unready = (1 - READY) / 2  # the other half says no for good, which does not tell
    low, share, high = held(rows, "unready_share", lambda _: unready / (READY + unready))
    assert low <= share <= high


def test_how_many_customers_stay(floors: Client) -> None:
    later = cut("retention_cohorts", "segment", since=BUYING.start)
    rows = ask(floors, f"SELECT * FROM {later} WHERE number = 1 AND cohort = '{BUYING.start}'")
    low, share, high = held(rows, "retention", lambda _: 1 - CHURN)
    assert low <= share <= high


def test_what_a_change_did(floors: Client) -> None:
    # The others are all other floors, of which some closed more deals after that day as well.
    better = [seed for seed in SEEDS if is_better(seed)]
    more = BETTER.overall - ALIKE.overall

    def effect(row: dict[str, Any]) -> float:
        own = row["change"] in {name_of(seed) for seed in better}
        return more * (own - (len(better) - own) / (FLOORS - 1))

    rows = ask(floors, "SELECT * FROM sales.change_effects WHERE measure = 'win_rate'")
    low, share, high = held(rows, "effect", effect)
    assert low <= share <= high
