"""Opening the warehouse: one clickhouse-connect API over the embedded engine or a server.

A `Warehouse` hands out clients by role. Calls on one client run one after another, separate
clients run side by side; so each loop of the projector and each kind of reader has its own.
"""

import threading
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.closing import Closing

Role = Literal["append", "derive", "gateway", "read", "import", "admin"]

COMMON_SETTINGS = {
    "async_insert": "0",
    "enable_shared_storage_snapshot_in_query": "1",
    "session_timezone": "UTC",
    "join_use_nulls": "0",
    "optimize_on_insert": "0",
}

ENGINE_CACHES = {
    "mark_cache_size": 64 * 2**20,
    "uncompressed_cache_size": 0,
}


class WarehouseError(Exception):
    """The warehouse cannot be opened; the message names it and says what to do."""


class Warehouse(Closing):
    """An open warehouse. Safe to use from several threads; `close` closes every client."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._parts = urlsplit(url)
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()
        if self._parts.scheme not in ("chdb", "clickhouse", "clickhouses"):
            raise WarehouseError(
                f"{url}: a warehouse is chdb:///path (embedded) or clickhouse://host:port"
            )
        self._path = unquote(self._parts.path)
        if self.embedded:
            try:
                Path(self._path).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise WarehouseError(f"{self._path}: cannot be made: {error.strerror}") from error

    @property
    def embedded(self) -> bool:
        """True where the engine runs inside this process."""
        return self._parts.scheme == "chdb"

    def client(self, role: Role) -> Client:
        """Return the client of a role, opening it at the first call.

        Raises `WarehouseError` when the engine or the server cannot be reached.
        """
        with self._lock:
            if role not in self._clients:
                self._clients[role] = self._open(role)
            return self._clients[role]

    def fresh_client(self) -> Client:
        """Return a client of its own, which the caller closes."""
        return self._open("read")

    def _open(self, role: str) -> Client:
        try:
            if self.embedded:
                return clickhouse_connect.get_client(
                    interface="chdb", path=self._path, settings=dict(COMMON_SETTINGS)
                )
            return clickhouse_connect.get_client(
                settings=dict(COMMON_SETTINGS), **self._server_arguments(role)
            )
        except (ClickHouseError, OSError) as error:
            raise WarehouseError(f"{self._shown_url()}: cannot be opened: {error}") from error

    def _server_arguments(self, role: str) -> dict[str, Any]:
        return {
            "host": self._parts.hostname,
            "port": self._parts.port or 8123,
            "username": self._parts.username or "default",
            "password": self._parts.password or "",
            "secure": self._parts.scheme == "clickhouses",
            "client_name": f"salestape-{role}",
        }

    def _shown_url(self) -> str:
        return (
            self.url.replace(f":{self._parts.password}@", ":…@")
            if self._parts.password
            else self.url
        )

    def close(self) -> None:
        """Close every client. Closing twice is allowed."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
