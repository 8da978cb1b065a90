"""What all requests share: the engine, those who judge statements, sessions, limits, names."""

import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from clickhouse_connect.driver.client import Client

from infra.closing import Closing
from infra.reading.limits import Limits
from infra.reading.permitted import DATABASE
from infra.warehouse import Warehouse
from infra.warehouse.embedded import Engine, quoted_name
from services.warehouse.sessions import Sessions

JUDGES = 2
STOP_SECONDS = 1.0
"""How long statements may go on after the server was told to stop."""
DEFAULT_LIMITS = Limits()


class House(Closing):
    """An opened warehouse as requests find it. Use it as a context manager, or `close` it."""

    reader_database = DATABASE
    reader_defaults = {  # noqa: RUF012 - never changed
        "session_timezone": "UTC",
        "enable_shared_storage_snapshot_in_query": "1",
        "join_use_nulls": "0",
    }

    def __init__(self, warehouse: Warehouse, limits: Limits = DEFAULT_LIMITS) -> None:
        """Connect to an embedded warehouse, which stays whose it is. Raises `WarehouseError`.

        The database that people read is made where it is not there yet.
        """
        self.limits = limits
        self.sessions = Sessions()
        self._judges: queue.LifoQueue[Client] = queue.LifoQueue()
        with ExitStack() as stack:
            self.engine = Engine(warehouse.url)
            stack.callback(self.engine.close)
            for _ in range(JUDGES):
                judge = warehouse.fresh_client()
                stack.callback(judge.close)
                self._judges.put(judge)
            stack.callback(self.sessions.close)
            handle = self.engine.handle()
            handle.run(f"CREATE DATABASE IF NOT EXISTS {quoted_name(DATABASE)} ENGINE = Atomic")
            self.version = handle.run("SELECT version()", "LineAsString")[0].decode().strip()
            self.known_settings = _names(handle.run("SELECT name FROM system.settings")[0])
            self.known_formats = _names(handle.run("SELECT name FROM system.formats")[0])
            handle.close()
            self._opened = stack.pop_all()

    @contextmanager
    def judge(self) -> Iterator[Client]:
        """Lend a client that asks the engine's parser."""
        client = self._judges.get()
        try:
            yield client
        finally:
            self._judges.put(client)

    def stop(self) -> None:
        """End what runs still after a moment; for a server that is told to stop."""
        ending = threading.Timer(STOP_SECONDS, self.engine.kill)
        ending.daemon = True
        ending.start()

    def close(self) -> None:
        """Let go of the warehouse. Closing twice is allowed."""
        self._opened.close()


def _names(told: bytes) -> frozenset[str]:
    return frozenset(told.decode().split())
