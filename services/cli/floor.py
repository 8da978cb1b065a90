"""The simulated sales floor of a platform: new, or taken up where an earlier run left it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from threading import Event as Stop

from infra import clock
from infra.sink import Sink
from services.query.answers import Answer
from services.simulator.config import PIPELINE, FloorConfig
from services.simulator.floor import Earlier, OpenDeal
from services.simulator.live import LiveFloor

Ask = Callable[[str], Answer]
"""Runs one statement; values are as JSON has them."""


def first_day(ask: Ask, config: FloorConfig) -> date | None:
    """Return the day on which a floor of this seed on the tape starts; None where there is none."""
    rows = ask(
        f"SELECT toDate(min(time)) FROM events WHERE source = '{config.source}' HAVING count() > 0"
    ).rows
    return date.fromisoformat(str(rows[0][0])) if rows else None


def earlier_run(ask: Ask, config: FloorConfig) -> Earlier | None:
    """Return what runs of this floor left behind; None where there were none."""
    if first_day(ask, config) is None:
        return None
    today = clock.now().date().isoformat()
    quotas = ask(
        f"SELECT rep, amount FROM quotas WHERE source = '{config.source}' "
        f"AND measure = 'won_amount' AND period_start <= '{today}' AND period_end >= '{today}'"
    ).rows
    deals = ask(
        "SELECT deal, account, owner, stage, ifNull(amount, 0) FROM deals "
        f"WHERE status = 'open' AND pipeline = '{PIPELINE}' AND deal IN "
        f"(SELECT deal FROM events WHERE source = '{config.source}' "
        "AND type = 'sales.deal.opened.v1') ORDER BY deal"
    ).rows
    left = ask(
        "SELECT DISTINCT subject FROM events "
        f"WHERE source = '{config.source}' AND type = 'sales.rep.left.v1' ORDER BY subject"
    ).rows
    return Earlier(
        quotas={str(rep): Decimal(str(amount)) for rep, amount in quotas},
        open_deals=[
            OpenDeal(deal, account, owner, stage, Decimal(str(amount)))
            for deal, account, owner, stage, amount in deals
        ],
        left=[str(rep) for (rep,) in left],
    )


def start_of(ask: Ask, config: FloorConfig) -> date:
    """Return the day a floor is to start: that of the same floor on the tape, else the last days
    before the present one."""
    return first_day(ask, config) or clock.now().date() - timedelta(days=config.days)


def live_floor(
    config: FloorConfig,
    rate: float,
    sink: Sink,
    ask: Ask,
    stop: Stop,
    backfill_days: int = 0,
    on_live: Callable[[], object] = lambda: None,
) -> LiveFloor:
    """Return a floor that goes on live; `backfill_days` of history first where it is new.

    `on_live` is called once that history is on the tape.
    """
    earlier = earlier_run(ask, config)
    return LiveFloor(
        config,
        rate,
        sink,
        clock.now,
        stop.wait,
        backfill_days=0 if earlier else backfill_days,
        earlier=earlier,
        on_live=on_live,
    )
