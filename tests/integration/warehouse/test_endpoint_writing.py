"""The platform's own processes write through the endpoint as they would write to a server."""

import gzip
import json
import zlib
from base64 import b64encode
from collections.abc import Callable

import httpx
import lz4.frame
import pyarrow as pa
import pytest
from backports import zstd
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from conftest import AS_WRITER, KEY
from waiting import wait_until

from infra.warehouse import Warehouse
from services.warehouse.access import WRITER

ROWS = [(1, "it's", "a", None), (2, "tab\tand\nline", "b", 2.5)]


def rows(client: Client) -> list[tuple[object, ...]]:
    return list(client.query("SELECT * FROM made.things ORDER BY n").result_rows)


def test_rows_inserted_natively_are_there(writer: Client) -> None:
    columns = ["n", "name", "kind", "weight"]
    written = writer.insert("made.things", ROWS, column_names=columns).summary
    assert written["written_rows"] == "2"
    assert rows(writer) == ROWS


def test_arrow_goes_in_as_arrow(writer: Client) -> None:
    table = pa.table({"n": [7], "name": ["x"], "kind": ["a"], "weight": [1.5]})
    writer.insert_arrow("made.things", table)
    assert rows(writer) == [(7, "x", "a", 1.5)]


@pytest.mark.parametrize(
    ("fmt", "data"),
    [
        ("JSONEachRow", '{"n": 1, "name": "x"}\n{"n": 2}\n'),
        ("TabSeparated", "1\tx\ta\t\\N\n2\t\ta\t1\n"),
        ("CSV", '1,"x","a",\\N\n2,"","a",1\n'),
        ("Values", "(1, 'x', 'a', NULL), (2, lower('Y'), 'a', 1)"),
    ],
)
@pytest.mark.parametrize("where", ["all in the body", "statement in the URL"])
def test_inserts_come_in_every_form(
    writer: Client, http: httpx.Client, fmt: str, data: str, where: str
) -> None:
    statement = f"INSERT INTO made.things FORMAT {fmt}"
    if where == "all in the body":
        answer = http.post("/", content=f"{statement}\n{data}", headers=AS_WRITER)
    else:
        answer = http.post("/", params={"query": statement}, content=data, headers=AS_WRITER)
    assert answer.status_code == 200, answer.text
    assert answer.text == ""
    assert "X-ClickHouse-Format" not in answer.headers
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    assert [row[0] for row in rows(writer)] == [1, 2]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("lz4", lz4.frame.compress),
        ("zstd", zstd.compress),
    ],
)
def test_data_can_come_compressed(
    writer: Client, http: httpx.Client, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    lines = b"".join(b'{"n": %d, "name": "%d"}\n' % (n, n) for n in range(100_000))
    answer = http.post(
        "/",
        params={"query": "INSERT INTO made.things FORMAT JSONEachRow"},
        content=pack(lines[:1_000_000]) + pack(lines[1_000_000:]),
        headers=AS_WRITER | {"Content-Encoding": encoding},
    )
    assert answer.status_code == 200, answer.text
    assert writer.command("SELECT (count(), sum(n)) FROM made.things") == "(100000,4999950000)"


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_clickhouse_connect_writes_in_every_compression(
    writer: Client, connect: Callable[..., Client], compress: str | bool
) -> None:
    client = connect(username=WRITER, password=KEY, compress=compress)
    many = [(n, str(n), "a", None) for n in range(20_000)]
    client.insert("made.things", many, column_names=["n", "name", "kind", "weight"])
    assert client.command("SELECT (count(), sum(n)) FROM made.things") == "(20000,199990000)"


def test_rows_with_placeholders_are_filled_in(writer: Client, http: httpx.Client) -> None:
    sql = "INSERT INTO made.things (n, name) VALUES ({n:UInt32}, {name:String})"
    asked = {"param_n": "3", "param_name": "it\\'s"}
    assert http.post("/", params=asked, content=sql, headers=AS_WRITER).status_code == 200
    assert rows(writer)[0][:2] == (3, "it's")


def test_data_cut_short_writes_nothing(
    writer: Client, http: httpx.Client, filled: Warehouse
) -> None:
    """A client that goes away in the midst of its data has not inserted a part of it."""

    admin, itself = filled.client("admin"), 1
    running = "SELECT count() FROM system.processes WHERE query LIKE '%INTO made.things%'"

    def half() -> object:
        yield b"INSERT INTO made.things FORMAT JSONEachRow\n"
        yield b'{"n": 1}\n' * 100_000
        wait_until(lambda: admin.command(running) > itself)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        http.post("/", content=half(), headers=AS_WRITER)
    wait_until(lambda: admin.command(running) == itself)
    assert rows(writer) == []


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ('INSERT INTO made.things FORMAT JSONEachRow {"n": "x"}', 27),
        ("INSERT INTO made.nothing FORMAT JSONEachRow {}", 60),
        ("INSERT INTO made.things FORMAT NoSuchFormat\n1", 73),
        ("INSERT INTO made.things (nope) VALUES (1)", 16),
    ],
)
def test_what_cannot_be_inserted_is_an_error_with_its_code(
    writer: Client, http: httpx.Client, sql: str, code: int
) -> None:
    answer = http.post("/", content=sql, headers=AS_WRITER)
    assert answer.headers["X-ClickHouse-Exception-Code"] == str(code), answer.text
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert rows(writer) == []


def test_everything_else_a_server_does(writer: Client) -> None:
    writer.command("INSERT INTO made.things (n) SELECT number FROM numbers(10)")
    writer.command("ALTER TABLE made.things DELETE WHERE n > 4 SETTINGS mutations_sync = 2")
    assert writer.command("SELECT count() FROM made.things") == 5
    assert writer.query("DESCRIBE TABLE made.things").row_count == 4
    assert writer.command("EXISTS TABLE made.things") == 1
    assert "MergeTree" in str(writer.command("SHOW CREATE TABLE made.things"))
    writer.command("TRUNCATE TABLE made.things")
    assert rows(writer) == []
    assert writer.query("SELECT n FROM made.things").result_rows == []


def test_a_session_keeps_temporary_tables_settings_and_its_database(
    connect: Callable[..., Client], writer: Client
) -> None:
    client = connect(username=WRITER, password=KEY, session_id="mine")
    client.command("CREATE TEMPORARY TABLE kept (a UInt8)")
    client.insert("kept", [[1], [2]], column_names=["a"])
    assert client.command("SELECT sum(a) FROM kept") == 3
    client.command("SET join_use_nulls = 1")
    client.command("USE made")
    assert client.command("SELECT getSetting('join_use_nulls')") in (1, True, "true")
    assert client.command("SELECT currentDatabase()") == "made"
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        writer.command("SELECT * FROM kept")


def test_settings_of_one_request_do_not_outlive_it(http: httpx.Client) -> None:
    session = {"session_id": "settings"}
    asked = "SELECT getSetting('max_block_size')"
    ask = {"headers": AS_WRITER, "content": asked}
    usual = http.post("/", params=session, **ask).text
    assert http.post("/", params=session | {"max_block_size": "77"}, **ask).text == "77\n"
    assert http.post("/", params=session, **ask).text == usual
    setting = {"headers": AS_WRITER, "content": "SET max_block_size = 88"}
    assert http.post("/", params=session | {"max_block_size": "77"}, **setting).status_code == 200
    assert http.post("/", params=session, **ask).text == "88\n"


def test_what_comes_by_get_changes_nothing(writer: Client, http: httpx.Client) -> None:
    for sql in ("TRUNCATE TABLE made.things", "INSERT INTO made.things (n) VALUES (1)"):
        answer = http.get("/", params={"query": sql}, headers=AS_WRITER)
        assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT ' FORMAT CSV' AS a FORMAT TSV", " FORMAT CSV"),
        ("SELECT ' FORMAT CSV' AS a", " FORMAT CSV"),
        ("SELECT ' INTO OUTFILE ' AS a", " INTO OUTFILE "),
        ("SELECT 1 AS a SETTINGS max_threads = 1 FORMAT TSV", "1"),
        ("FROM (SELECT 1 AS format) SELECT format FORMAT TSV", "1"),
        ("(SELECT 1) UNION ALL (SELECT 1) FORMAT TSV", "1\n1"),
        ("SELECT name FROM system.databases WHERE name = 'sales' FORMAT CSV", '"sales"'),
        ("EXISTS DATABASE sales FORMAT CSV", "1"),
    ],
)
def test_the_format_a_statement_asks_for_is_found_wherever_it_stands(
    http: httpx.Client, sql: str, told: str
) -> None:
    answer = http.post("/", content=sql, headers=AS_WRITER)
    assert (answer.status_code, answer.text) == (200, f"{told}\n")


@pytest.mark.parametrize(
    "sql", ["SELECT 1; SELECT 2", "CREATE DATABASE two; DROP DATABASE IF EXISTS two"]
)
def test_two_statements_at_once_are_refused(http: httpx.Client, sql: str) -> None:
    answer = http.post("/", content=sql, headers=AS_WRITER)
    assert answer.status_code == 400
    assert answer.headers["X-ClickHouse-Exception-Code"] == "62"


@pytest.mark.parametrize(
    "given",
    [
        {"headers": AS_WRITER},
        {"params": {"user": WRITER, "password": KEY}},
        {"headers": {"Authorization": f"Basic {b64encode(f'{WRITER}:{KEY}'.encode()).decode()}"}},
    ],
    ids=["headers", "url", "basic"],
)
def test_the_key_is_taken_in_three_ways(
    http: httpx.Client, given: dict[str, dict[str, str]]
) -> None:
    answer = http.post("/", content="SELECT count() FROM sales_store.events", **given)
    assert answer.text == "9\n"


@pytest.mark.parametrize(
    "given",
    [
        {"headers": AS_WRITER | {"X-ClickHouse-Key": "wrong"}},
        {"headers": AS_WRITER | {"X-ClickHouse-User": "somebody"}},
        {"params": {"user": WRITER}},
        {"headers": {"Authorization": "Basic !"}},
        {"headers": {"Authorization": f"Bearer {KEY}"}},
        {"headers": AS_WRITER, "params": {"user": WRITER, "password": KEY}},
    ],
)
def test_who_cannot_say_who_it_is_gets_nothing(
    http: httpx.Client, given: dict[str, dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    answer = http.post("/", content="SELECT 1", **given)
    assert answer.status_code == 403
    assert answer.headers["X-ClickHouse-Exception-Code"] == "516"
    assert KEY not in answer.text + caplog.text


def test_tables_are_real_ones(writer: Client, filled: Warehouse) -> None:
    writer.insert("made.things", ROWS, column_names=["n", "name", "kind", "weight"])
    assert filled.client("read").command("SELECT count() FROM made.things") == 2
