"""Reaching a warehouse on a server: who is trusted, what is refused, what may pass later."""

import socket
import subprocess
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn
from clickhouse_connect.driver.exceptions import (
    DatabaseError,
    OperationalError,
    ProgrammingError,
)
from pydantic import SecretStr
from serving import running, served
from urllib3.exceptions import ProtocolError

from infra.settings import ServerSettings, SettingsError, load
from infra.urls import shown_url
from infra.warehouse import (
    Outlook,
    Warehouse,
    WarehouseError,
    WarehouseRefused,
    WarehouseUnavailable,
    code_of,
    outlook,
    server,
)
from services.warehouse.access import Gate
from services.warehouse.app import warehouse_app
from services.warehouse.house import House

SECRET = "a-key-nobody-may-see"
QUICK = {"connect_seconds": 1, "seconds": 1, "retries": 0}


def refused(url: str, **given: object) -> WarehouseError:
    """Return why a warehouse cannot be opened."""
    with (
        pytest.raises(WarehouseError) as caught,
        Warehouse(url, ServerSettings(**{**QUICK, **given})) as opened,
    ):
        opened.client("append")
    assert SECRET not in str(caught.value)
    return caught.value


@pytest.fixture(scope="module")
def place(house: House) -> Generator[str, None, None]:
    with served(warehouse_app(house, Gate(None, SECRET), statements=4)) as address:
        yield address.removeprefix("http://")


def test_a_user_may_come_from_the_url_or_from_settings(place: str) -> None:
    for url, settings in (
        (f"clickhouse://writer:{SECRET}@{place}", ServerSettings()),
        (f"clickhouse://{place}", ServerSettings(user="writer", password=SecretStr(SECRET))),
        (f"clickhouse://writer@{place}", ServerSettings(password=SecretStr(SECRET))),
    ):
        with Warehouse(url, settings) as opened:
            assert opened.client("admin").query("SELECT currentUser()").result_rows
            assert SECRET not in opened.url
            assert not opened.embedded


def test_statements_of_one_client_may_run_side_by_side(place: str) -> None:
    with (
        Warehouse(f"clickhouse://writer:{SECRET}@{place}", ServerSettings()) as opened,
        ThreadPoolExecutor(3) as threads,
    ):
        client = opened.client("append")
        answers = list(threads.map(client.query, ["SELECT sleep(0.2), 1"] * 3))

    assert [answer.result_rows for answer in answers] == [[(0, 1)]] * 3


def test_one_who_only_reads_needs_no_setting_of_those_who_write(place: str) -> None:
    with Warehouse(f"clickhouse://{place}", ServerSettings()) as opened:
        assert opened.client("read").query("SELECT count() FROM sales.deals").result_rows == [(9,)]


def test_a_wrong_password_is_refused(place: str) -> None:
    error = refused(f"clickhouse://writer:wrong-{SECRET}@{place}")

    assert isinstance(error, WarehouseRefused)
    assert "uthentication" in str(error)


def test_a_server_that_is_away_may_come_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert isinstance(refused(f"clickhouse://127.0.0.1:{port}"), WarehouseUnavailable)


@contextmanager
def stuck_server(answer: bytes | None) -> Generator[str, None, None]:
    """Take connections and send so much of an answer, or nothing and wait."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = []

        def take() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                held.append(connection)
                if answer is not None:
                    connection.recv(65_536)
                    connection.sendall(answer)
                    connection.close()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for connection in held:
                connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["hangs", "cuts", "breaks off", "is behind a proxy that finds it away"],
)
def test_a_server_that_does_not_answer_well_may_do_so_later(answer: bytes | None) -> None:
    with stuck_server(answer) as place:
        assert isinstance(refused(f"clickhouse://{place}"), WarehouseUnavailable)


@pytest.mark.parametrize(
    "url",
    [
        f"clickhouse://u:{SECRET}@",
        f"clickhouse://u:{SECRET}@host:99999",
        f"clickhouse://u:{SECRET}@host/sales",
        f"clickhouse://u:{SECRET}@host?async_insert=1",
        f"postgres://u:{SECRET}@host",
    ],
)
def test_a_url_that_names_no_server_is_refused_without_its_password(url: str) -> None:
    assert isinstance(refused(url), WarehouseRefused)
    assert SECRET not in shown_url(url)


def test_two_users_are_one_too_many() -> None:
    assert "names the user ann" in str(refused("clickhouse://ann@host", user="bob"))


def test_certificates_without_tls_and_keys_without_certificates_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.pem"
    file.touch()

    assert "write clickhouses://" in str(refused("clickhouse://host", tls_authority=file))
    assert "cannot be read" in str(refused("clickhouses://host", tls_authority=tmp_path / "none"))
    with pytest.raises(SettingsError, match="TLS_KEY needs SALESTAPE_SERVER_TLS_CERTIFICATE"):
        load(ServerSettings, tls_key=file)


def test_a_server_that_does_not_let_settings_be_changed_is_refused(place: str) -> None:
    error = refused(f"clickhouse://default@{place}")

    assert isinstance(error, WarehouseRefused)
    assert "async_insert" in str(error) or "optimize_on_insert" in str(error)
    assert "let its user change" in str(error)


def test_a_setting_that_a_server_takes_and_does_not_keep_is_found(filled: Warehouse) -> None:
    with closing(filled.fresh_client()) as client:
        client.set_client_setting("async_insert", "1")

        with pytest.raises(WarehouseRefused, match=r"async_insert = 0 \(is 1\)"):
            server._check(client, "clickhouse://host", {"async_insert": "0"}, "")


def test_a_server_that_is_too_old_is_refused(filled: Warehouse) -> None:
    with closing(filled.fresh_client()) as client:
        client.server_version = "25.8.1.1"

        with pytest.raises(
            WarehouseRefused, match=r"is ClickHouse 25\.8.* at least 26\.8 is needed"
        ):
            server._check(client, "clickhouse://host", {}, "")


def test_a_cluster_that_the_server_does_not_know_is_refused(place: str) -> None:
    error = refused(f"clickhouse://writer:{SECRET}@{place}", cluster="sales", seconds=30)

    assert isinstance(error, WarehouseRefused)
    assert "knows no cluster sales" in str(error)


def certificate(folder: Path, name: str, *signed: str) -> None:
    made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    kept = ["-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"]
    subprocess.run(
        ["openssl", "req", *made, *kept, "-days", "1", *signed],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, and a server's and a client's certificate by it."""
    folder = tmp_path_factory.mktemp("certificates")
    by = ["-CA", "authority.pem", "-CAkey", "authority.key"]
    leaf = ["-addext", "basicConstraints=critical,CA:false"]
    certificate(folder, "authority")
    certificate(folder, "server", *by, *leaf, "-addext", "subjectAltName=DNS:localhost")
    certificate(folder, "client", *by, *leaf)
    certificate(folder, "stranger")
    return folder


@pytest.fixture(scope="module")
def secure_place(house: House, authority: Path) -> Generator[str, None, None]:
    """Where the endpoint speaks TLS, to those who show a certificate."""
    config = uvicorn.Config(
        warehouse_app(house, Gate(None, SECRET), statements=4),
        host="127.0.0.1",
        port=0,
        log_level="critical",
        ssl_certfile=authority / "server.pem",
        ssl_keyfile=authority / "server.key",
        ssl_ca_certs=str(authority / "authority.pem"),
        ssl_cert_reqs=2,
    )
    with running(uvicorn.Server(config)) as address:
        yield address.removeprefix("http://127.0.0.1")


def test_a_server_is_trusted_by_its_authority_and_shown_a_certificate(
    secure_place: str, authority: Path
) -> None:
    settings = ServerSettings(
        user="writer",
        password=SecretStr(SECRET),
        tls_authority=authority / "authority.pem",
        tls_certificate=authority / "client.pem",
        tls_key=authority / "client.key",
    )
    with Warehouse(f"clickhouses://localhost{secure_place}", settings) as opened:
        assert opened.client("append").query("SELECT 1").result_rows == [(1,)]


@pytest.mark.parametrize(
    ("host", "trusted"),
    [("localhost", "stranger.pem"), ("localhost", None), ("127.0.0.1", "authority.pem")],
    ids=["another authority", "the usual authorities", "another name"],
)
def test_a_server_that_cannot_be_trusted_is_refused_for_good(
    secure_place: str, authority: Path, host: str, trusted: str | None
) -> None:
    error = refused(
        f"clickhouses://writer:{SECRET}@{host}{secure_place}",
        tls_authority=None if trusted is None else authority / trusted,
    )

    assert isinstance(error, WarehouseRefused), error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DatabaseError("x", code=252), Outlook.LATER),  # too many parts
        (DatabaseError("x", code=241), Outlook.LATER),  # memory
        (DatabaseError("x", code=242), Outlook.LATER),  # read-only replica
        (DatabaseError("x", code=999), Outlook.LATER),  # Keeper
        (DatabaseError("x", code=286), Outlook.LATER),  # quorum
        (DatabaseError("x", code=243), Outlook.LATER),  # disk full
        (DatabaseError("x", code=394), Outlook.LATER),  # killed, as when the server ends
        (DatabaseError("x", code=99_999), Outlook.LATER),  # of a later version
        (DatabaseError("x", code=497), Outlook.NEVER),  # access denied
        (DatabaseError("x", code=164), Outlook.NEVER),  # readonly user
        (DatabaseError("Code: 62. DB::Exception: Syntax error"), Outlook.NEVER),
        (DatabaseError("x", code=407), Outlook.VALUE),  # decimal overflow
        (DatabaseError("HTTP driver received HTTP status 503"), Outlook.LATER),
        (DatabaseError("HTTP driver received HTTP status 404"), Outlook.NEVER),
        (OperationalError("Error executing HTTP request"), Outlook.LATER),
        (ProgrammingError("Setting x is unknown or readonly"), Outlook.NEVER),
        (ProtocolError("Connection broken"), Outlook.LATER),
        (ConnectionResetError(), Outlook.LATER),
        (KeyError("x"), Outlook.NEVER),
    ],
)
def test_failures_that_no_test_can_bring_about_are_judged_by_their_code(
    error: Exception, expected: Outlook
) -> None:
    assert outlook(error) is expected
    assert code_of(error) == (getattr(error, "code", None) or (62 if "Code" in str(error) else 0))
