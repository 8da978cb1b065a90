"""Clients of a ClickHouse server: how it is reached, and the settings that it must grant.

An insert is repeated where its fate is unknown, by clickhouse-connect once and by the loops as
often as it takes. That is harmless here and only here: rows are named by tape positions, or by keys
and versions, and repeats of them collapse.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from infra.settings import ServerSettings
from infra.urls import shown_url
from infra.warehouse.contract import (
    SESSION_SETTINGS,
    Role,
    WarehouseError,
    WarehouseRefused,
    WarehouseUnavailable,
)
from infra.warehouse.failures import FAILURES, brief, may_pass_later

SCHEMES = ("clickhouse", "clickhouses")
OLDEST = (26, 8)
"""The first version with `parseQueryToJSON`, which judges people's statements."""

READERS = frozenset({"read", "import"})
"""The roles that write nothing."""

WRITERS_ONLY = frozenset({"async_insert", "optimize_on_insert"})
"""Of `SESSION_SETTINGS`, what means nothing to one who reads, who may not be granted it."""

WRITING = {
    # The answer begins when the work is done: its status then tells whether it was.
    "wait_end_of_query": "1",
}

CLUSTERED = {
    # A statement over `Distributed` tables takes what its subqueries and joins read, working
    # tables of one server among it, along to every shard.
    "distributed_product_mode": "global",
    "prefer_global_in_and_join": "1",
    "skip_unavailable_shards": "0",
    # Whether a replica has what it must is known to `select_sequential_consistency`, not the clock.
    "max_replica_delay_for_distributed_queries": "0",
    "enable_parallel_replicas": "0",
    # What was written is read by the next statement, whichever replica it goes to.
    "distributed_foreground_insert": "1",
    "insert_quorum": "auto",
    "insert_quorum_parallel": "0",
    "select_sequential_consistency": "1",
    "distributed_ddl_output_mode": "throw",
}
"""What a statement over a cluster needs beside `SESSION_SETTINGS`."""

_TRANSPORT = frozenset(WRITING)
"""What is said to the HTTP interface and is no setting of the engine."""


def connect(url: str, role: Role, settings: ServerSettings) -> Client:
    """Open a client of the server at `url`, ``clickhouse[s]://[user[:password]@]host[:port]``.

    Raises `WarehouseUnavailable` where it may pass later, `WarehouseRefused` where it cannot.
    """
    arguments = arguments_of(url, settings)
    wanted = _settings_of(role, settings.cluster)
    try:
        client = clickhouse_connect.get_client(
            client_name=f"salestape-{role}", settings=wanted, **arguments
        )
    except FAILURES as error:
        raise _unopened(url, error) from error
    try:
        _check(client, url, wanted, settings.cluster)
    except FAILURES as error:
        client.close()
        raise _unopened(url, error) from error
    except WarehouseError:
        client.close()
        raise
    return client


def _settings_of(role: Role, cluster: str) -> dict[str, str]:
    wanted = SESSION_SETTINGS | (CLUSTERED if cluster else {})
    if role not in READERS:
        return wanted | WRITING
    return {name: value for name, value in wanted.items() if name not in WRITERS_ONLY}


def arguments_of(url: str, settings: ServerSettings) -> dict[str, Any]:
    """Return how clickhouse-connect is told of a server. Raises `WarehouseRefused`."""
    parts = urlsplit(url)
    _refuse_what_has_no_meaning(parts, url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and settings.user and user != settings.user:
        raise WarehouseRefused(
            f"{shown_url(url)}: names the user {user}, SALESTAPE_SERVER_USER {settings.user}; "
            "leave one of them out"
        )
    if not password and settings.password is not None:
        password = settings.password.get_secret_value()
    secure = parts.scheme == "clickhouses"
    arguments: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port or (8443 if secure else 8123),
        "username": user or settings.user or "default",
        "password": password,
        "secure": secure,
        "connect_timeout": settings.connect_seconds,
        "send_receive_timeout": settings.seconds,
        "query_retries": settings.retries,
        # A session would be locked for a while by a statement whose client went away.
        "autogenerate_session_id": False,
    }
    return arguments | _tls(url, secure, password, settings)


def _refuse_what_has_no_meaning(parts: SplitResult, url: str) -> None:
    try:
        known = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or parts.path.strip("/") or parts.query or parts.fragment:
        raise WarehouseRefused(
            f"{shown_url(url)}: a server is named clickhouse://host:port, or clickhouses:// with "
            "TLS, and nothing behind it"
        )


def _tls(url: str, secure: bool, password: str, settings: ServerSettings) -> dict[str, Any]:
    files = {
        "ca_cert": settings.tls_authority,
        "client_cert": settings.tls_certificate,
        "client_cert_key": settings.tls_key,
    }
    given = {name: path for name, path in files.items() if path is not None}
    if given and not secure:
        raise WarehouseRefused(
            f"{shown_url(url)}: certificates are set, TLS is not: write clickhouses://"
        )
    for path in given.values():
        _refuse_unreadable(path)
    arguments: dict[str, Any] = {name: str(path) for name, path in given.items()}
    if settings.tls_certificate is not None:
        arguments["tls_mode"] = "strict" if password else "mutual"
    return arguments | ({"verify": True} if secure else {})


def _refuse_unreadable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise WarehouseRefused(f"{path}: cannot be read: {error.strerror}") from error


def _unopened(url: str, error: BaseException) -> WarehouseError:
    kind = WarehouseUnavailable if may_pass_later(error) else WarehouseRefused
    hint = "; let its user change the settings named" if "etting" in str(error) else ""
    return kind(f"{shown_url(url)}: cannot be opened: {brief(error)}{hint}")


def _check(client: Client, url: str, wanted: Mapping[str, str], cluster: str) -> None:
    """Look whether the server is what it must be, and does what is asked of it."""
    version = str(client.server_version)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        raise WarehouseRefused(
            f"{shown_url(url)}: is ClickHouse {version}; at least {OLDEST[0]}.{OLDEST[1]} is needed"
        )
    asked = {name: value for name, value in wanted.items() if name not in _TRANSPORT}
    found = client.query(
        "SELECT name, value FROM system.settings WHERE name IN {names:Array(String)}",
        parameters={"names": sorted(asked)},
    ).result_rows
    granted = {str(name): str(value) for name, value in found}
    if denied := sorted(name for name, value in asked.items() if granted.get(name) != value):
        told = ", ".join(f"{name} = {asked[name]} (is {granted.get(name)})" for name in denied)
        raise WarehouseRefused(f"{shown_url(url)}: does not grant {told}; let its user change them")
    if cluster:
        _check_cluster(client, url, cluster)


def _check_cluster(client: Client, url: str, cluster: str) -> None:
    clusters = {
        str(name)
        for (name,) in client.query("SELECT DISTINCT cluster FROM system.clusters").result_rows
    }
    if cluster not in clusters:
        known = ", ".join(sorted(clusters)) or "none"
        raise WarehouseRefused(
            f"{shown_url(url)}: knows no cluster {cluster}, but {known}; correct "
            "SALESTAPE_SERVER_CLUSTER, or the server's remote_servers"
        )
    macros = {str(name) for (name,) in client.query("SELECT macro FROM system.macros").result_rows}
    if missing := sorted({"shard", "replica"} - macros):
        raise WarehouseRefused(
            f"{shown_url(url)}: has no macro {' and no macro '.join(missing)}, which tell its "
            f"place in the cluster {cluster}; add them to the server's configuration"
        )
