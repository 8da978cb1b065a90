"""Who has no key reads `sales`, within limits, and reaches nothing else, however it is asked."""

from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from odd_statements import listed, with_paths

from infra.reading.guard import Reading
from infra.warehouse import Warehouse


@pytest.fixture(scope="module")
def unharmed(filled: Warehouse, secret: Path) -> Generator[Path, None, None]:
    """Fails in the end where anything has changed; gives the path of a file nobody may write."""
    admin = filled.client("admin")
    look = (
        "SELECT (SELECT count() FROM sales_store.events), "
        "(SELECT groupArray((database, name)) FROM (SELECT database, name FROM system.tables "
        "WHERE database IN ('sales', 'sales_store', 'default') ORDER BY ALL)), "
        "(SELECT count() FROM system.functions WHERE origin != 'System')"
    )
    before = admin.query(look).result_rows
    yield secret.parent / "out.csv"
    assert admin.query(look).result_rows == before
    assert sorted(path.name for path in secret.parent.iterdir()) == ["secret.csv"]


def test_the_hostile_are_refused_in_the_body_and_in_the_url(
    http: httpx.Client, secret: Path, unharmed: Path
) -> None:
    let_through = []
    for number, statement in enumerate(listed("refused")):
        sql = with_paths(statement, secret=secret, out=unharmed)
        ask = {"method": "POST", "content": sql} if number % 2 else {"params": {"query": sql}}
        answer = http.request(**{"method": "GET", "url": "/", **ask})
        code = answer.headers.get("X-ClickHouse-Exception-Code")
        if answer.status_code < 400 or code not in ("62", "73", "164", "452", "497"):
            let_through.append((sql, answer.status_code, answer.text))
        assert "hunter2" not in answer.text
    assert let_through == []


def test_what_analysts_ask_is_answered(http: httpx.Client) -> None:
    failing = []
    for statement in listed("ordinary")[::4]:
        answer = http.post("/", content=statement)
        if answer.status_code != 200 and "deals" not in answer.text:
            failing.append((statement, answer.text))
    assert failing == []


@pytest.mark.parametrize(
    "params",
    [
        {"readonly": "2", "query": "CREATE TABLE sales.x (a Int8) ENGINE = Memory"},
        {"database": "sales_store", "query": "SELECT count() FROM events"},
        {"database": "system", "query": "SELECT * FROM processes"},
        {"default_format": "Template", "query": "SELECT 1"},
        {"default_format": "TSV INTO OUTFILE 'x'", "query": "SELECT 1"},
        {"default_format": "CapnProto", "query": "SELECT 1"},
        {"query": "SELECT 1", "readonly": "0"},
        {"query": "SELECT 1", "allow_ddl": "1"},
        {"query": "SELECT 1", "allow_introspection_functions": "1"},
        {"query": "SELECT 1", "format_schema": "x"},
        {"query": "SELECT 1", "format_template_row": "/etc/passwd"},
        {"query": "SELECT 1", "additional_table_filters": "{'sales.deals': '1'}"},
        {"query": "SELECT 1", "a = 1, readonly": "0"},
        {"query": "SELECT * FROM {t:Identifier}", "param_t": "sales_store.events"},
        {"query": "SELECT {a:String}", "param_a": "1' FROM file('x') --"},
        {"query": "SELECT 1", "compress": "1"},
        {"query": "SELECT 1", "role": "admin"},
        {"query": "SET readonly = 0", "session_id": "s"},
        {"query": "SET max_memory_usage = 0, allow_ddl = 1", "session_id": "s"},
    ],
    ids=lambda params: "&".join(f"{name}={value}" for name, value in params.items()),
)
def test_no_parameter_opens_a_way(
    http: httpx.Client, unharmed: Path, params: dict[str, str]
) -> None:
    answer = http.post("/", params=params)
    if params["query"] == "SELECT {a:String}":
        assert answer.text == "1\\' FROM file(\\'x\\') --\n"
    else:
        assert answer.status_code >= 400, answer.text
        assert "X-ClickHouse-Exception-Code" in answer.headers


def test_even_without_the_guard_the_connection_is_read_only(
    http: httpx.Client, filled: Warehouse, monkeypatch: pytest.MonkeyPatch, secret: Path
) -> None:
    monkeypatch.setattr("services.warehouse.work.judge", lambda _, sql: Reading(sql))
    for sql in (
        "INSERT INTO sales_store.positions (generation) SELECT 'x'",
        "CREATE TABLE sales.x (a Int32) ENGINE = Memory",
        "DROP VIEW sales.deals",
        f"SELECT * FROM file('{secret}', 'CSV', 'a String')",
        "SELECT * FROM url('http://127.0.0.1:9/', 'CSV', 'a String')",
    ):
        assert "readonly mode" in http.post("/", content=sql).text, sql


@pytest.mark.parametrize(
    ("sql", "code", "status"),
    [
        ("SELECT count() FROM numbers(100000000000) WHERE toString(number) = ''", "159", 408),
        ("SELECT groupArray(repeat('x', 1000000)) FROM numbers(1000)", "241", 500),
        ("SELECT number FROM numbers(3000000)", "396", 500),
    ],
    ids=["time", "memory", "rows"],
)
def test_limits_hold(http: httpx.Client, sql: str, code: str, status: int) -> None:
    answer = http.post("/", params={"wait_end_of_query": "1"}, content=sql)
    assert (answer.headers["X-ClickHouse-Exception-Code"], answer.status_code) == (code, status)


def test_limits_can_be_lowered_and_not_raised(http: httpx.Client) -> None:
    high = {"max_execution_time": "3600", "max_result_rows": "0", "max_memory_usage": "nan"}
    asked = "SELECT number FROM numbers(3000000)"
    answer = http.post("/", params=high | {"wait_end_of_query": "1"}, content=asked)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "396"
    low = {"max_result_rows": "5", "wait_end_of_query": "1"}
    answer = http.post("/", params=low, content="SELECT number FROM numbers(6)")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "396"


@pytest.mark.parametrize(
    ("sql", "code", "status"),
    [
        ("SELECT", "62", 400),
        ("SELECT * FROM nope", "60", 404),
        ("SELECT nope FROM deals", "47", 404),
        ("SELECT nope(1)", "46", 404),
        ("SELECT 1 FORMAT Nope", "73", 404),
        ("SELECT {a:String}", "456", 500),
        ("SELECT toDate('x')", "38", 400),
        ("SELECT throwIf(1)", "395", 500),
        ("SELECT '\xff'", "0", 200),
        ("", "62", 400),
        ("x" * 300_000, "62", 400),
        ("x" * 2_000_000, "229", 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_errors_carry_code_status_and_text(
    http: httpx.Client, sql: str, code: str, status: int
) -> None:
    answer = http.post("/", content=sql.encode())
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.headers["X-ClickHouse-Exception-Code"] == code
        assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
        assert "(version " in answer.text
        assert "OUTFILE" not in answer.text


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "lz4", "zstd"])
def test_what_only_says_it_is_compressed_is_an_error(http: httpx.Client, encoding: str) -> None:
    answer = http.post("/", content=b"SELECT 1", headers={"Content-Encoding": encoding})
    assert answer.status_code == 400
    answer = http.post("/", content=b"SELECT 1", headers={"Content-Encoding": "x-none"})
    assert answer.status_code == 501
