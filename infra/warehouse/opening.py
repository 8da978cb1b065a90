"""Opening the warehouse: one clickhouse-connect API over the embedded engine or a server.

A `Warehouse` hands out clients by role. Calls on one client run one after another, separate
clients run side by side; so each loop of the projector and each kind of reader has its own.
"""

import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from infra.closing import Closing
from infra.settings import ServerSettings, load
from infra.urls import shown_url
from infra.warehouse import server
from infra.warehouse.contract import (
    SESSION_SETTINGS,
    Role,
    WarehouseError,
    WarehouseRefused,
    engine_at,
)
from infra.warehouse.failures import FAILURES
from infra.warehouse.layout import Layout, lay_out


class Warehouse(Closing):
    """An open warehouse. Safe to use from several threads; `close` closes every client."""

    def __init__(
        self, url: str, settings: ServerSettings | None = None, *, durable: bool = True
    ) -> None:
        """Name a warehouse: ``chdb:///path`` or ``clickhouse[s]://[user[:password]@]host[:port]``.

        `settings` say how a server is reached, those of the environment where none are given.
        Without `durable` what is written need not be on the disk when an insert returns: for what
        is thrown away. Raises `WarehouseError` or `SettingsError`; a server is not asked yet.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("chdb", *server.SCHEMES):
            raise WarehouseRefused(
                f"{shown_url(url)}: a warehouse is chdb:///path (embedded) or "
                "clickhouse://host:port"
            )
        self.url = shown_url(url)
        """Where it is, without a password."""
        self.embedded = parts.scheme == "chdb"
        """True where the engine runs inside this process."""
        self._path = unquote(parts.path)
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()
        if self.embedded:
            self._make_folder()
            self.layout = Layout(durable=durable)
        else:
            self._server_url = url
            self._settings = load(ServerSettings) if settings is None else settings
            server.arguments_of(url, self._settings)
            self.layout = Layout(self._settings.cluster, durable=durable)

    def _make_folder(self) -> None:
        try:
            Path(self._path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WarehouseRefused(f"{self._path}: cannot be made: {error.strerror}") from error

    def client(self, role: Role) -> Client:
        """Return the client of a role, opening it at the first call.

        Raises `WarehouseUnavailable` when the engine or the server cannot be reached now,
        `WarehouseRefused` when it never can be so.
        """
        with self._lock:
            if role not in self._clients:
                self._clients[role] = self._open(role)
            return self._clients[role]

    def fresh_client(self) -> Client:
        """Return a client of its own, which the caller closes. Raises what `client` raises."""
        return self._open("read")

    def _open(self, role: Role) -> Client:
        if not self.embedded:
            return lay_out(server.connect(self._server_url, role, self._settings), self.layout)
        try:
            client = clickhouse_connect.get_client(
                interface="chdb", path=engine_at(self._path), settings=dict(SESSION_SETTINGS)
            )
        except FAILURES as error:
            raise WarehouseError(f"{self.url}: cannot be opened: {error}") from error
        return lay_out(client, self.layout)

    def close(self) -> None:
        """Close every client. Closing twice is allowed."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
