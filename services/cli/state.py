"""How every part of an opened data folder is, as JSON has it: for `/health` and for `doctor`."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from clickhouse_connect.driver.client import Client

from services.cli.following import records_behind, table_of
from services.cli.house import House
from services.cli.platform import WAREHOUSE
from services.cli.urls import shown_url
from services.projector import generations
from services.projector.projector import Health
from services.projector.reasons import reason_of

PARTS = ("append", "derive", WAREHOUSE)
"""The parts whose trouble means that this process cannot do its work."""


def state_of(house: House) -> dict[str, Any]:
    """Return how the parts are. Cheap: asks the tape for its end and, of a server, positions.

    `status` is `ok`, `degraded` (something fails alone, all else goes on: a table, a question, on a
    cluster the projectors) or `trouble`.
    """
    health = house.health()
    trouble = {name: why for name, why in health.failures.items() if name in PARTS}
    failing = {name: reason_of(why) for name, why in health.failures.items() if name not in PARTS}
    derived = house.last_derived_at
    return {
        "status": "trouble" if trouble else "degraded" if failing else "ok",
        "version": version("salestape"),
        "data": str(house.folder),
        "held_by": None if house.lock is None else house.lock.holder.in_words(),
        "tape": {"url": shown_url(house.settings.tape), "ends": _named(health.end)},
        "warehouse": {
            "url": shown_url(house.settings.warehouse),
            "watermark": _named(health.position),
            "lag": health.lag,
        },
        "tables": [
            _table(generation, position, health, failing)
            for generation, position in health.tables.items()
        ],
        "trouble": trouble,
        "failing": failing,
        "rejected": house.rejected,
        "last_derived_at": None if derived is None else derived.isoformat(),
    }


def _table(
    generation: str, position: Mapping[int, int], health: Health, failing: Mapping[str, str]
) -> dict[str, Any]:
    name = table_of(generation)
    return {
        "table": name,
        "generation": generation,
        "position": _named(position),
        "lag": records_behind(position, health.end),
        "trouble": failing.get(name),
    }


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
