"""The guard of SQL that people write: reading the warehouse, and nothing else.

It judges what the engine's own parser makes of a text, never the text itself.
"""

from clickhouse_connect.driver.client import Client


def check_statement(client: Client, sql: str) -> None:
    """Raise `Refused` unless the text is one statement that only reads what people may read."""
    raise NotImplementedError
