"""How every part of an opened data folder is, as JSON has it: for `/health` and for `doctor`."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from clickhouse_connect.driver.client import Client

from services.cli.house import House
from services.projector import generations
from services.projector.projector import Health
from services.projector.reasons import reason_of

LOOPS = ("append", "derive")
"""The parts whose trouble means that nothing new is seen."""


def state_of(house: House) -> dict[str, Any]:
    """Return how the parts are. Cheap: asks the tape for its end and nothing of the warehouse.

    `status` is `ok`, `degraded` (a table or question fails alone, all else goes on) or `trouble`.
    """
    health = house.projector.health()
    trouble = {name: why for name, why in health.failures.items() if name in LOOPS}
    failing = {name: reason_of(why) for name, why in health.failures.items() if name not in LOOPS}
    derived = house.projector.last_derived_at
    return {
        "status": "trouble" if trouble else "degraded" if failing else "ok",
        "version": version("salestape"),
        "data": str(house.folder),
        "held_by": house.lock.holder.in_words(),
        "tape": {"url": house.settings.tape, "ends": _named(health.end)},
        "warehouse": {"watermark": _named(health.position), "lag": health.lag},
        "tables": [
            _table(generation, position, health, failing)
            for generation, position in health.tables.items()
        ],
        "trouble": trouble,
        "failing": failing,
        "rejected": health.rejected,
        "last_derived_at": None if derived is None else derived.isoformat(),
    }


def _table(
    generation: str, position: Mapping[int, int], health: Health, failing: Mapping[str, str]
) -> dict[str, Any]:
    name = table_of(generation)
    lag = sum(max(0, stop - position.get(p, 0)) for p, stop in health.end.items())
    return {
        "table": name,
        "generation": generation,
        "position": _named(position),
        "lag": lag,
        "trouble": failing.get(name),
    }


def table_of(generation: str) -> str:
    """Return the table that a generation is one of."""
    return generation.partition("__")[0]


def inspected(client: Client) -> dict[str, Any]:
    """Return what the warehouse itself says: generations shown, parts detached, space left."""
    detached = client.query(
        "SELECT database, table, name, reason FROM system.detached_parts "
        "WHERE database = 'sales_store'"
    ).result_rows
    size = client.query(
        "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts "
        "WHERE active AND database = 'sales_store'"
    ).result_rows[0]
    engine = client.query("SELECT version()").result_rows[0][0]
    return {
        "engine": engine,
        "shown": generations.shown(client),
        "detached_parts": [
            {"table": f"{database}.{table}", "part": part, "reason": reason}
            for database, table, part, reason in detached
        ],
        "bytes": int(size[0]),
        "rows": int(size[1]),
    }


def _named(position: Mapping[int, int]) -> dict[str, int]:
    return {str(partition): offset for partition, offset in sorted(position.items())}
