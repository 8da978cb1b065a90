"""The same requests to the endpoint and to a real ClickHouse server: both answer alike.

A server is named in SALESTAPE_CLICKHOUSE, as ``http://user:password@host:port``; its user may make
and drop the database `salestape_compared`.
"""

import os
from base64 import b64encode
from collections.abc import Generator

import httpx
import pytest
from conftest import KEY

from services.warehouse.access import WRITER

DATABASE = "salestape_compared"


def _server() -> tuple[str, str, str]:
    named = os.environ.get("SALESTAPE_CLICKHOUSE")
    if not named:
        pytest.skip(
            "cannot be otherwise: no ClickHouse server is here; name one in SALESTAPE_CLICKHOUSE"
        )
    url = httpx.URL(named)
    return str(url.copy_with(userinfo=b"")), url.username or "default", url.password


@pytest.fixture(scope="module", params=["endpoint", "server"])
def either(request: pytest.FixtureRequest) -> Generator[httpx.Client, None, None]:
    """A client of one of the two, which may write."""
    if request.param == "server":
        at, user, password = _server()
    else:
        at, user, password = request.getfixturevalue("address"), WRITER, KEY
    basic = b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Accept-Encoding": "identity"}
    with httpx.Client(base_url=at, headers=headers, timeout=60, trust_env=False) as client:
        for sql in (
            f"DROP DATABASE IF EXISTS {DATABASE} SYNC",
            f"CREATE DATABASE {DATABASE} ENGINE = Atomic",
            f"CREATE TABLE {DATABASE}.t (n UInt32, s String) ENGINE = MergeTree ORDER BY n",
        ):
            assert client.post("/", content=sql).status_code == 200
        yield client
        client.post("/", content=f"DROP DATABASE {DATABASE} SYNC")


ANSWERED = [
    ("SELECT 1", {}, "1\n", "TabSeparated"),
    ("SELECT 1 AS a FORMAT JSONEachRow", {}, '{"a":1}\n', "JSONEachRow"),
    ("SELECT {a:String} || {b:String}", {"param_a": "x\\t", "param_b": "y"}, "x\\ty\n", None),
    ("SELECT 'a' AS b", {"default_format": "CSVWithNames"}, '"b"\n"a"\n', "CSVWithNames"),
    ("SELECT currentDatabase()", {"database": DATABASE}, f"{DATABASE}\n", None),
    ("SELECT getSetting('max_block_size')", {"max_block_size": "77"}, "77\n", None),
    ("SELECT number FROM numbers(2) SETTINGS max_threads = 1", {}, "0\n1\n", None),
    ("EXISTS TABLE system.one", {}, "1\n", "TabSeparated"),
    ("SELECT 1 WHERE 0", {}, "", "TabSeparated"),
    ("SELECT n FROM t WHERE 0 FORMAT CSVWithNames", {"database": DATABASE}, '"n"\n', None),
]
FAILED = [
    ("SELECT", {}, 400, "62"),
    ("SELECT * FROM nope", {}, 404, "60"),
    ("SELECT nope", {}, 404, "47"),
    ("SELECT nope()", {}, 404, "46"),
    ("SELECT * FROM nope.nope", {}, 404, "81"),
    ("SELECT {a:String}", {}, 500, "456"),
    ("SELECT throwIf(1)", {}, 500, "395"),
    ("SELECT 1", {"no_such_setting": "1"}, 404, "115"),
    ("SELECT 1", {"database": "no_such_database"}, 404, "81"),
    ("SELECT 1", {"session_id": "never", "session_check": "1"}, None, "372"),
    ("SELECT 1; SELECT 2", {}, 400, "62"),
    ("SELECT sleep(3)", {"max_execution_time": "0.5", "wait_end_of_query": "1"}, 408, "159"),
    ("SELECT toDate('x')", {}, 400, "38"),
]


@pytest.mark.parametrize(("sql", "params", "text", "fmt"), ANSWERED)
def test_answers_are_alike(
    either: httpx.Client, sql: str, params: dict[str, str], text: str, fmt: str | None
) -> None:
    answer = either.post("/", params=params, content=sql)
    assert answer.status_code == 200, answer.text
    assert answer.text == text
    assert fmt is None or answer.headers["X-ClickHouse-Format"] == fmt
    assert answer.headers["X-ClickHouse-Query-Id"]
    assert "written_rows" in answer.headers["X-ClickHouse-Summary"]


@pytest.mark.parametrize(("sql", "params", "status", "code"), FAILED)
def test_errors_are_alike(
    either: httpx.Client, sql: str, params: dict[str, str], status: int | None, code: str
) -> None:
    answer = either.post("/", params=params, content=sql)
    assert answer.headers["X-ClickHouse-Exception-Code"] == code, answer.text
    assert status in (None, answer.status_code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")


def test_inserts_and_sessions_are_alike(either: httpx.Client) -> None:
    at = {"database": DATABASE}
    into = at | {"query": "INSERT INTO t FORMAT JSONEachRow"}
    written = either.post("/", params=into, content='{"n": 1, "s": "a"}\n{"n": 2}')
    assert written.status_code == 200
    assert written.text == ""
    assert either.post("/", params=at, content="SELECT count(), sum(n) FROM t").text == "2\t3\n"
    session = at | {"session_id": "compared"}
    either.post("/", params=session, content="CREATE TEMPORARY TABLE temp AS SELECT 5 AS five")
    assert either.post("/", params=session, content="SELECT five FROM temp").text == "5\n"
    assert either.post("/", params=at, content="SELECT five FROM temp").status_code == 404
    assert either.get("/", params=at | {"query": "TRUNCATE TABLE t"}).status_code == 500
