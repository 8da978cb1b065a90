"""An engine that other tests of the process have used, made empty again."""

from clickhouse_connect.driver.client import Client

from infra.warehouse import Warehouse
from projections import registry
from services.projector import generations, store

SHIPPED = registry.load()


def emptied(warehouse: Warehouse) -> Warehouse:
    """Drop the platform's databases, so that none of them is in it."""
    for database in store.DATABASES:
        warehouse.client("admin").command(f"DROP DATABASE IF EXISTS {database} SYNC")
    return warehouse


def swept(warehouse: Warehouse) -> Warehouse:
    """Let nothing be recorded; the views of all that ships stay where they are deployed.

    Making them takes seconds, and each of many modules asks them.
    """
    client = warehouse.client("admin")
    if not _shipped_are_deployed(client):
        return emptied(warehouse)
    take_rows_out(client)
    return warehouse


def take_rows_out(client: Client) -> None:
    """Empty the ledger and the derived tables."""
    for (table,) in client.query(
        "SELECT name FROM system.tables WHERE database = 'sales_store' AND name != 'deployed' "
        "AND engine LIKE '%MergeTree'"
    ).result_rows:
        client.command(f"TRUNCATE TABLE sales_store.{table} SYNC")


def _shipped_are_deployed(client: Client) -> bool:
    if not int(str(client.command("EXISTS TABLE sales_store.deployed"))):
        return False
    shown = generations.shown(client, SHIPPED.tables)
    return store.deployed(client) == generations.fingerprint(SHIPPED, shown)
