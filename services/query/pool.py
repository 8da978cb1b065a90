"""The clients that people's statements run on: a few, read-only, each within the limits.

Calls on one client run one after another, separate clients run side by side, so their number is
how many statements run at the same time. A client is opened when it is first needed.
"""

import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.reading.limits import Limits
from infra.reading.permitted import DATABASE
from infra.reading.refusals import QueryFailed, failure_of
from infra.warehouse import FAILURES, Warehouse
from services.query.failures import TOO_MANY_AT_ONCE


class ClientPool:
    """At most so many read-only clients of a warehouse; safe to use from several threads."""

    def __init__(self, warehouse: Warehouse, limits: Limits, size: int) -> None:
        self._warehouse = warehouse
        self._limits = limits
        self._free: queue.LifoQueue[Client | None] = queue.LifoQueue()
        self._closed = False
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Lend a client; wait for one as long as a statement may run, then raise `QueryFailed`."""
        try:
            client = self._free.get(timeout=self._limits.max_seconds)
        except queue.Empty:
            raise QueryFailed(
                "too many statements run at the same time; try again in a while", TOO_MANY_AT_ONCE
            ) from None
        try:
            if self._closed:
                raise QueryFailed("the reader is closed")
            if client is None:
                client = self._open({})
            yield client
        finally:
            self._take_back(client)

    @contextmanager
    def client_for(self, client: Client, settings: Mapping[str, str]) -> Iterator[Client]:
        """Lend a client with these settings besides: the one given where there are none.

        A read-only client takes no settings, so another is opened, and read-only from then on.
        """
        if not settings:
            yield client
            return
        able = self._open(settings)
        try:
            yield able
        finally:
            able.close()

    def close(self) -> None:
        """Close the clients that are free now, the others when they are given back."""
        self._closed = True
        for _ in range(self._free.qsize()):
            try:
                client = self._free.get_nowait()
            except queue.Empty:
                return
            self._take_back(client)

    def _take_back(self, client: Client | None) -> None:
        if self._closed and client is not None:
            client.close()
            client = None
        self._free.put(client)

    def _open(self, settings: Mapping[str, str]) -> Client:
        client = self._warehouse.fresh_client()
        try:
            for name, value in {**settings, **self._bounds()}.items():
                client.set_client_setting(name, value)
        except FAILURES as error:
            client.close()
            if isinstance(error, ClickHouseError):
                raise failure_of(error) from error
            raise
        client.database = DATABASE
        return client

    def _bounds(self) -> dict[str, str]:
        return {
            **self._limits.settings(),
            "timeout_before_checking_execution_speed": "0",
            "result_overflow_mode": "throw",
            "timeout_overflow_mode": "throw",
            "allow_introspection_functions": "0",
            "allow_ddl": "0",
            # The last one: from here on no setting can be changed.
            "readonly": "1",
        }
