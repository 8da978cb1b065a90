"""What a round of derivation costs as history grows: of one account, and of accounts among others.

A key is derived from all of its history, so that of one account may cost what it has; that of some
accounts among many must not cost what the others have.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.measuring import Report, seconds
from benchmarks.workload import entries, events
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from projections import registry
from services.projector.projector import Projector

LOT = 5_000
ROUNDS = 5
TOUCHED = 1_000
"""Accounts in a round, or a fifth of them where there are less than five times as many."""
STEPS = (100, 10, 1)
"""One account is looked at when it has a hundredth, a tenth and all of its events."""
SHARES = (20, 2)
"""Accounts among which some are touched: so many events each."""
GROWTH_OF_OTHERS = 2.0
"""How many times as much a round may cost at most among ten times as many accounts."""

Told = tuple[str, dict[str, Any]]


def measure(folder: Path, count: int) -> list[Report]:
    """Grow histories of `count` events."""
    with Warehouse(f"chdb://{folder / 'warehouse'}") as warehouse:
        return [_one_account(folder, warehouse, count), _among(folder, warehouse, count)]


def _one_account(folder: Path, warehouse: Warehouse, count: int) -> Report:
    report = Report(
        "A round for one event of one account",
        ("events of the account", "seconds a round", "of the first"),
    )
    projector = _projector(folder / "one.sqlite", warehouse)
    told, done, first = events(2 * count, 1), 0, 0.0
    for step in STEPS:
        _follow(projector, islice(told, count // step - done))
        took = min(_round(projector, list(islice(told, 1))) for _ in range(ROUNDS))
        done, first = count // step + ROUNDS, first or took
        report.add(f"{done:,}", f"{took:.3f}", f"{took / first:.1f}")
    projector.tape.close()
    return report


def _among(folder: Path, warehouse: Warehouse, count: int) -> Report:
    touched = min(TOUCHED, count // SHARES[0] // 5)
    report = Report(
        f"A round for one event of each of {touched:,} accounts, {count:,} events in all",
        ("accounts", "events each", "seconds a round", "of the first"),
    )
    first = 0.0
    for share in SHARES:
        accounts = count // share
        projector = _projector(folder / f"among-{accounts}.sqlite", warehouse)
        told = events(100 * count, accounts)
        _follow(projector, islice(told, count))
        took = min(_round(projector, _distinct(told, touched)) for _ in range(ROUNDS))
        first = first or took
        report.add(f"{accounts:,}", str(share), f"{took:.3f}", f"{took / first:.1f}")
        projector.tape.close()
    report.reach(
        f"at most {GROWTH_OF_OTHERS:g} times as much among {SHARES[0] // SHARES[1]} times as many",
        took / first <= GROWTH_OF_OTHERS,
    )
    return report


def _projector(path: Path, warehouse: Warehouse) -> Projector:
    """Return a projector over an empty tape and an empty warehouse."""
    client = warehouse.client("admin")
    for database in ("sales", "sales_store"):
        client.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    projector = Projector(open_tape(f"sqlite:///{path}"), warehouse, registry.load())
    projector.prepare()
    return projector


def _distinct(told: Iterator[Told], accounts: int) -> list[Told]:
    """Return the next event of each of so many accounts."""
    found: dict[str, Told] = {}
    while len(found) < accounts:
        key, event = next(told)
        found.setdefault(key, (key, event))
    return list(found.values())


def _follow(projector: Projector, told: Iterator[Told]) -> None:
    while some := entries(islice(told, LOT)):
        projector.tape.append(some)
    projector.catch_up()


def _round(projector: Projector, told: Sequence[Told]) -> float:
    """Return the seconds that deriving what some events touch takes."""
    projector.tape.append(entries(told))
    projector.append.step()
    return seconds(projector.derive.step)
