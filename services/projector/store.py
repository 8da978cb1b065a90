"""The projector's tables in the warehouse: made, filled, and asked how far they are.

Every statement that the two loops send stands here or is rendered by `projections`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from clickhouse_connect.driver.client import Client

import projections
from infra.warehouse import layout_of

STORE = Path(projections.__file__).parent / "store"
DATABASES = ("sales_store", "sales")
TABLES = (
    "events",
    "events_by_day",
    "events_to_day",
    "tape",
    "appended",
    "positions",
    "deployed",
)


_COLUMN = re.compile(r"^    (?P<name>[a-z_0-9]+) +[A-Z].*?(?=,?$)", re.MULTILINE)


def prepare(client: Client) -> None:
    """Create the databases and the store's own tables where they are missing, and of tables that
    are older than one of their columns that column: its default says what it was so far.
    """
    layout = layout_of(client)
    for database in DATABASES:
        client.command(layout.database(database))
    there = _columns(client)
    for name in TABLES:
        sql = (STORE / f"{name}.sql").read_text()
        for statement in layout.table(sql):
            client.command(statement)
        if name in there:
            for column in _COLUMN.finditer(sql):
                if column["name"] not in there[name]:
                    for statement in layout.column(f"sales_store.{name}", column[0].strip()):
                        client.command(statement)


def _columns(client: Client) -> dict[str, set[str]]:
    """Return, per table of the store, the columns that it has."""
    rows = client.query(
        "SELECT table, groupArray(name) FROM system.columns "
        "WHERE database = 'sales_store' AND table IN {tables:Array(String)} GROUP BY table",
        parameters={"tables": list(TABLES)},
    ).result_rows
    return {table: set(names) for table, names in rows}


def watermark(client: Client) -> dict[int, int]:
    """Return, per partition, the offset before which everything is in the ledger."""
    rows = client.query(
        "SELECT partition, max(position) FROM sales_store.appended GROUP BY partition"
    ).result_rows
    return {int(partition): int(position) for partition, position in rows}


def positions(client: Client) -> dict[str, dict[int, int]]:
    """Return, per generation and partition, how far it has followed the tape."""
    found: dict[str, dict[int, int]] = {}
    for generation, partition, position in client.query(
        "SELECT generation, partition, max(position) FROM sales_store.positions GROUP BY ALL"
    ).result_rows:
        found.setdefault(generation, {})[int(partition)] = int(position)
    return found


def recorded_at(
    client: Client, places: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], datetime]:
    """Return when the records at these partitions and offsets were recorded, where they are."""
    listed = ", ".join(f"({partition}, {offset})" for partition, offset in places)
    if not listed:
        return {}
    rows = client.query(
        "SELECT DISTINCT partition, offset, recorded_at FROM sales_store.tape "
        f"WHERE (partition, offset) IN ({listed})"
    ).result_rows
    return {
        (int(partition), int(offset)): moment.replace(tzinfo=UTC)
        for partition, offset, moment in rows
    }


def write_watermark(client: Client, position: Mapping[int, int]) -> None:
    """Say that everything before these offsets is in the ledger."""
    rows = ", ".join(f"({partition}, {offset})" for partition, offset in position.items())
    client.command(f"INSERT INTO sales_store.appended (partition, position) VALUES {rows}")


def write_positions(
    client: Client, generations: Iterable[str], position: Mapping[int, int]
) -> None:
    """Say how far generations have followed the tape."""
    rows = ", ".join(
        f"('{generation}', {partition}, {offset})"
        for generation in generations
        for partition, offset in position.items()
    )
    client.command(
        f"INSERT INTO sales_store.positions (generation, partition, position) VALUES {rows}"
    )


def forget_positions(client: Client, generation: str) -> None:
    """Let a generation begin at the start of the tape."""
    layout = layout_of(client)
    client.command(
        f"DELETE FROM {layout.holder('sales_store.positions')}{layout.everywhere} "
        f"WHERE generation = '{generation}'"
    )


def empty(client: Client, table: str) -> None:
    """Take all rows out of one of the store's own tables."""
    layout = layout_of(client)
    client.command(f"TRUNCATE TABLE {layout.holder(f'sales_store.{table}')}{layout.everywhere}")


def deployed(client: Client) -> str:
    """Return the fingerprint of the views as they were last made, empty where they never were."""
    rows = client.query("SELECT fingerprint FROM sales_store.deployed FINAL").result_rows
    return str(rows[0][0]) if rows else ""


def write_deployed(client: Client, fingerprint: str) -> None:
    """Say what the views were made from."""
    client.command(
        f"INSERT INTO sales_store.deployed (one, fingerprint) VALUES (1, '{fingerprint}')"
    )


def insert(client: Client, table: str, rows: pa.Table) -> None:
    """Insert rows; returns when they are durable."""
    if rows.num_rows:
        client.insert_arrow(table, rows, database="sales_store")


def touched_range(start: Mapping[int, int], end: Mapping[int, int]) -> str:
    """Return the condition on `tape` for the records from `start` up to before `end`."""
    ranges = [
        f"(partition = {partition} AND offset >= {start.get(partition, 0)} AND offset < {stop})"
        for partition, stop in sorted(end.items())
        if stop > start.get(partition, 0)
    ]
    return f"({' OR '.join(ranges)})" if ranges else "0"
