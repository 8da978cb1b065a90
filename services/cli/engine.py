"""An engine in memory, for commands that compute and keep nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import clickhouse_connect
from clickhouse_connect.driver.client import Client


@contextmanager
def memory_engine() -> Iterator[Client]:
    """Give a client of an engine in memory. The process may have no other engine open."""
    client = clickhouse_connect.get_client(interface="chdb", path=":memory:")
    try:
        yield client
    finally:
        client.close()
