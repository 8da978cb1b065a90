"""How every part of an opened data folder is, as JSON has it: for `/health` and for `doctor`."""

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any

from clickhouse_connect.driver.client import Client

from infra import clock
from infra.urls import shown_url
from infra.warehouse import FAILURES, brief
from services.cli.following import records_behind, table_of
from services.cli.house import House
from services.cli.platform import WAREHOUSE
from services.projector import generations, store
from services.projector.projector import Health
from services.projector.reasons import reason_of

LOOPS = ("append", "derive")
"""The parts whose trouble means that nothing new is seen. A gateway has neither: it takes events
in as long as the tape does, whatever else is away."""


def state_of(house: House) -> dict[str, Any]:
    """Return how the parts are. Cheap: asks the tape for its end and, of a server, positions.

    `status` is `ok`, `degraded` (something fails alone, all else goes on: a table, a question, on a
    cluster the projectors or the server) or `trouble`.
    """
    health = house.health()
    trouble = {name: why for name, why in health.failures.items() if name in LOOPS}
    failing = {name: reason_of(why) for name, why in health.failures.items() if name not in LOOPS}
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


def in_detail(house: House, client: Client) -> dict[str, Any]:
    """Return how the parts are, and what `inspected` says, where the warehouse can be asked."""
    state = state_of(house)
    try:
        return state | inspected(house, client)
    except FAILURES as error:
        worst = "degraded" if state["status"] == "ok" else state["status"]
        failing = {**state["failing"], WAREHOUSE: brief(error)}
        return state | {"status": worst, "failing": failing}


def inspected(house: House, client: Client) -> dict[str, Any]:
    """Return what takes longer to say: of the warehouse itself, and lag by partition.

    `definitions` is `deployed` where the views are made from what this process knows, `other` where
    they are made from something else, `none` where there are none. `durable` tells whether every
    insert is on the disk when it returns, None where there is no table yet.
    """
    detached = client.query(
        "SELECT database, table, name, reason FROM system.detached_parts "
        "WHERE database = 'sales_store'"
    ).result_rows
    size = client.query(
        "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts "
        "WHERE active AND database = 'sales_store'"
    ).result_rows[0]
    engine = client.query("SELECT version()").result_rows[0][0]
    seen = generations.shown(client)
    return {
        "engine": engine,
        "databases": _databases(client),
        "definitions": _definitions(house, client, seen),
        "durable": _durable(client),
        "shown": seen,
        "detached_parts": [
            {"table": f"{database}.{table}", "part": part, "reason": reason}
            for database, table, part, reason in detached
        ],
        "bytes": int(size[0]),
        "rows": int(size[1]),
        "lags": lags_of(house),
    }


def _databases(client: Client) -> list[str]:
    rows = client.query(
        "SELECT name FROM system.databases WHERE name IN ('sales', 'sales_store') ORDER BY name"
    ).result_rows
    return [str(name) for (name,) in rows]


def _definitions(house: House, client: Client, seen: Mapping[str, str]) -> str:
    there = client.query("EXISTS TABLE sales_store.deployed").result_rows[0][0]
    made_from = store.deployed(client) if there else ""
    if not made_from:
        return "none"
    here = {name: seen[name] for name in house.definitions.tables if name in seen}
    return "deployed" if made_from == generations.fingerprint(house.definitions, here) else "other"


def _durable(client: Client) -> bool | None:
    tables, durable = client.query(
        "SELECT count(), countIf(engine_full LIKE '%fsync_after_insert = 1%') FROM system.tables "
        "WHERE database = 'sales_store' AND engine LIKE '%MergeTree'"
    ).result_rows[0]
    always = client.query(
        "SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'"
    ).result_rows
    if not tables:
        return None
    return bool(tables == durable or (always and always[0][0] == "1"))


def lags_of(house: House) -> list[dict[str, Any]]:
    """Return what lags: per table, generation and partition by how many records, and seconds.

    `table` is None for the ledger. `seconds` is how long ago the oldest record that is not followed
    came onto the tape, None where the tape cannot tell now.
    """
    health, moment = house.health(), clock.now()
    oldest: dict[tuple[int, int], float | None] = {}
    lags = []
    for generation, position in [("", health.position), *health.tables.items()]:
        for partition, end in sorted(health.end.items()):
            at = position.get(partition, 0)
            if at >= end:
                continue
            if (partition, at) not in oldest:
                found = _recorded_at(house, health.end, partition, at)
                since = None if found is None else (moment - found).total_seconds()
                oldest[partition, at] = None if since is None else max(0.0, round(since, 3))
            lags.append(
                {
                    "table": table_of(generation) or None,
                    "generation": generation or None,
                    "partition": partition,
                    "records": end - at,
                    "seconds": oldest[partition, at],
                }
            )
    return lags


def _recorded_at(
    house: House, ends: Mapping[int, int], partition: int, offset: int
) -> datetime | None:
    # Other partitions may get records meanwhile, which are given as well.
    records = house.tape.read({**ends, partition: offset}, 1 if len(ends) == 1 else 1_000)
    return next((one.recorded_at for one in records if one.partition == partition), None)


def _named(position: Mapping[int, int]) -> dict[str, int]:
    return {str(partition): offset for partition, offset in sorted(position.items())}
