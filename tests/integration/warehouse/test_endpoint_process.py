"""`salestape warehouse` as a process: killed, started again, stopped, and alone with its data."""

import json
import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path

import clickhouse_connect
import forking
import httpx
import pytest
from forking import Forked
from loopback import HTTP

KEY = "a-key-for-those-who-write"
COMMAND = "from services.cli.main import app; app()"
SECONDS = 180


class Served:
    """A running `salestape warehouse`."""

    def __init__(self, data: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SALESTAPE_")}
        self.process = Forked(
            COMMAND,
            ["warehouse", "--data", str(data), "--port", "0", "--json"],
            kept | {"SALESTAPE_WAREHOUSE_WRITER_KEY": KEY},
        )
        assert self.process.stdout is not None
        self.address = str(json.loads(self.process.stdout.readline())["address"])

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal, wait for the end; return the exit code and what it said."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.wait(), out + err


@pytest.fixture
def serve() -> Generator[Callable[[Path], Served], None, None]:
    started: list[Served] = []

    def start(data: Path) -> Served:
        started.append(Served(data))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)


def test_what_was_acknowledged_is_there_after_a_kill(
    serve: Callable[[Path], Served], tmp_path: Path
) -> None:
    served = serve(tmp_path)
    at = httpx.URL(served.address)
    options = {"host": at.host, "username": "writer", "password": KEY}
    with clickhouse_connect.get_client(port=at.port, **options) as client:
        client.command(
            "CREATE TABLE sales.kept (n UInt32) ENGINE = MergeTree ORDER BY n "
            "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
        )
        for number in range(5):
            client.insert("sales.kept", [[number]], column_names=["n"])
    served.end(signal.SIGKILL)

    again = serve(tmp_path)
    answer = HTTP.post(again.address, content="SELECT sum(n), count() FROM kept")
    assert answer.text == "10\t5\n"

    arguments = ["warehouse", "--data", str(tmp_path), "--port", "0"]
    refused = forking.run(COMMAND, arguments, os.environ, timeout=SECONDS)
    assert refused.returncode == 3
    assert "salestape warehouse" in refused.stderr

    code, told = again.end(signal.SIGTERM)
    assert (code, told) == (0, "")


def test_it_stops_though_a_statement_runs(serve: Callable[[Path], Served], tmp_path: Path) -> None:
    served = serve(tmp_path)
    endless = "SELECT number FROM numbers(1000000000000)"
    with HTTP.stream("POST", served.address, content=endless) as answer:
        pieces = answer.iter_raw()
        assert next(pieces)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(SECONDS) == 0
    assert KEY not in served.process.communicate()[1]


def test_it_answers_to_no_other_name_than_this_machines(
    serve: Callable[[Path], Served], tmp_path: Path
) -> None:
    """A page from elsewhere must not be able to ask through a browser of this machine."""
    address = serve(tmp_path).address
    assert HTTP.get(address, headers={"Host": "evil.example"}).status_code == 421
    headers = {"Origin": "http://evil.example"}
    assert HTTP.post(address, content="SELECT 1", headers=headers).status_code == 403


def test_other_machines_need_a_password(tmp_path: Path) -> None:
    arguments = ["warehouse", "--data", str(tmp_path), "--host", "0.0.0.0"]
    done = forking.run(COMMAND, arguments, os.environ, timeout=SECONDS)
    assert done.returncode == 2
    assert "SALESTAPE_WAREHOUSE_PASSWORD" in done.stderr
