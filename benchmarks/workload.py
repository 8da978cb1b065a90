"""The work that is measured: events over many accounts, touched at random.

The worst case for a derivation: no locality at all, every batch touches accounts everywhere.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, product
from typing import Any

import orjson

from infra.tape import Entry, Tape

BEGIN = datetime(2024, 1, 1, 8, tzinfo=UTC)
STAGES = ("research", "contact", "needs", "proposal", "closing")
REPS = 200


def events(count: int, accounts: int, seed: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield partition key and event, `count` of them, over `accounts` at random."""
    draw = random.Random(seed)
    stage_of: dict[int, int] = {}
    yield (
        "bench",
        _event(0, 0, "sales.pipeline.defined.v1", {"subject": "bench"}, _pipeline()),
    )
    quotas = list(islice(_quotas(), count - 1))
    yield from quotas
    for number in range(1 + len(quotas), count):
        account = draw.randrange(accounts)
        key = f"acct-{account:06d}"
        envelope = {"account": key, "actor": f"rep-{account % REPS:03d}"}
        deal = {"deal": f"deal-{account:06d}-{stage_of.get(account, 0) // 6}", **envelope}
        turn = draw.random()
        if turn < 0.4:
            kind, about, data = "sales.call.made.v1", envelope, {"direction": "outbound"}
        elif turn < 0.6:
            kind, about = "sales.purchase.made.v1", envelope
            data = {"amount": f"{draw.randrange(100_000) / 100:.2f}", "currency": "EUR"}
        else:
            kind, data = _deal_event(draw, stage_of.get(account, 0) % 6)
            about = deal
            stage_of[account] = stage_of.get(account, 0) + 1
        yield key, _event(number, number, kind, about, data)


def _pipeline() -> dict[str, Any]:
    stages = [{"name": name, "position": place + 1} for place, name in enumerate(STAGES)]
    return {"pipeline": "bench", "stages": stages}


def _quotas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a quota for each rep and month of the year."""
    for number, (rep, month) in enumerate(product(range(REPS), range(12)), 1):
        key = f"rep-{rep:03d}"
        start = date(BEGIN.year, month + 1, 1)
        end = date(BEGIN.year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)
        data = {
            "measure": "won_amount",
            "period_start": start.isoformat(),
            "period_end": end.isoformat(),
            "amount": "10000.00",
            "currency": "EUR",
        }
        yield key, _event(number, 0, "sales.quota.set.v1", {"actor": key, "subject": key}, data)


def _deal_event(draw: random.Random, step: int) -> tuple[str, dict[str, Any]]:
    if step == 0:
        amount = f"{draw.randrange(10_000)}.00"
        return "sales.deal.opened.v1", {
            "pipeline": "bench",
            "stage": STAGES[0],
            "amount": amount,
            "currency": "EUR",
        }
    if step < 5:
        return "sales.deal.stage_changed.v1", {"stage": STAGES[step]}
    if draw.random() < 0.4:
        return "sales.deal.won.v1", {"amount": "1200.00", "currency": "EUR"}
    return "sales.deal.lost.v1", {"reason": "price"}


def _event(
    number: int, second: int, kind: str, about: dict[str, str], data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{number:09d}",
        "source": "benchmark",
        "type": kind,
        "time": (BEGIN + timedelta(seconds=20 * second)).isoformat(),
        **about,
        "data": data,
    }


def entries(told: Iterable[tuple[str, dict[str, Any]]]) -> list[Entry]:
    """Return events as a tape takes them, as the gateway would have completed them."""
    return [Entry(key, orjson.dumps({**event, "partitionkey": key})) for key, event in told]


def fill(tape: Tape, count: int, accounts: int, lot: int = 5_000) -> None:
    """Append the workload to a tape."""
    told = events(count, accounts)
    while some := entries(islice(told, lot)):
        tape.append(some)
