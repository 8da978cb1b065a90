"""An engine that other tests of the process have used, made empty again."""

from infra.warehouse import Warehouse


def emptied(warehouse: Warehouse) -> Warehouse:
    """Drop the platform's databases, so that none of them is in it."""
    for database in ("sales", "sales_store"):
        warehouse.client("admin").command(f"DROP DATABASE IF EXISTS {database} SYNC")
    return warehouse
