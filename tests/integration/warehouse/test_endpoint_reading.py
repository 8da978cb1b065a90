"""Clients of ClickHouse ask the endpoint as they would ask a server."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable
from datetime import date

import httpx
import lz4.frame
import pyarrow as pa
import pytest
from backports import zstd
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from conftest import AS_WRITER
from loopback import HTTP
from waiting import wait_until

from infra.warehouse import Warehouse
from infra.warehouse.embedded import Engine

MILLION = "SELECT number, toString(number) AS text FROM numbers(1000000)"
UNPACKED = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": zstd.decompress,
}


def test_ping(http: httpx.Client, reader: Client) -> None:
    assert http.get("/ping").text == "Ok.\n"
    assert http.get("/").text == "Ok.\n"
    assert reader.ping()


def test_a_reader_asks_the_views_without_naming_their_database(reader: Client) -> None:
    assert reader.query("SELECT count(), uniq(account) FROM deals").result_rows == [(9, 3)]
    asked = "SELECT count() FROM sales.deals_at(as_of = '2021-01-04', known_at = '2199-01-01')"
    assert reader.command(asked) == 4
    assert reader.command("SELECT currentDatabase()") == "sales"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", "it's a\ttab, a\nline and a \\ and {x:String}"),
        ("Int64", -(2**62)),
        ("Array(String)", ["a'b", "c"]),
        ("Nullable(String)", None),
        ("Date", date(2021, 1, 4)),
    ],
)
def test_parameters_arrive_as_they_were_sent(reader: Client, kind: str, value: object) -> None:
    found = reader.query(f"SELECT {{given:{kind}}}", parameters={"given": value})
    assert found.result_rows == [(value,)]


def test_arrow_comes_as_arrow(reader: Client) -> None:
    table = reader.query_arrow("SELECT deal, amount FROM deals ORDER BY deal")
    assert isinstance(table, pa.Table)
    assert table.column("deal").to_pylist() == [f"D-{n}" for n in range(9)]


def test_types_come_as_the_embedded_engine_gives_them(reader: Client, filled: Warehouse) -> None:
    asked = "SELECT * FROM sales.deals ORDER BY deal"
    expected = filled.client("read").query(asked)
    found = reader.query(asked)
    assert found.column_names == expected.column_names
    assert [one.name for one in found.column_types] == [one.name for one in expected.column_types]
    assert found.result_rows == expected.result_rows


@pytest.mark.parametrize(
    "fmt",
    [
        "TabSeparated",
        "TabSeparatedWithNamesAndTypes",
        "CSVWithNames",
        "JSON",
        "JSONCompact",
        "JSONEachRow",
        "JSONCompactEachRowWithNamesAndTypes",
        "RowBinaryWithNamesAndTypes",
        "Native",
        "ArrowStream",
        "Parquet",
        "Values",
    ],
)
def test_an_answer_of_many_blocks_is_one_whole(
    http: httpx.Client, filled: Warehouse, fmt: str
) -> None:
    """What comes out can be read back by the engine, row by row the same."""
    answer = http.post("/", params={"default_format": fmt}, content=MILLION)
    assert answer.status_code == 200
    assert answer.headers["X-ClickHouse-Format"] == fmt
    engine = Engine(filled.url)
    handle = engine.handle()
    handle.run("CREATE TEMPORARY TABLE back (number UInt64, text String)")
    inserting = handle.insert("INSERT INTO back", fmt)
    inserting.append(answer.content)
    inserting.finish()
    told, _ = handle.run("SELECT count(), sum(number), sum(cityHash64(text)) FROM back")
    asked, _ = handle.run(f"SELECT count(), sum(number), sum(cityHash64(text)) FROM ({MILLION})")
    handle.close()
    engine.close()
    assert told == asked


@pytest.mark.parametrize("encoding", sorted(UNPACKED))
def test_answers_come_compressed_as_the_client_asks(http: httpx.Client, encoding: str) -> None:
    plain = http.post("/", content=MILLION).content
    with http.stream(
        "POST", "/", content=MILLION, headers={"Accept-Encoding": f"br, {encoding}"}
    ) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == encoding
    assert len(packed) < len(plain) * 0.7
    assert UNPACKED[encoding](packed) == plain


def test_a_client_can_refuse_compression(http: httpx.Client) -> None:
    refused = {"Accept-Encoding": "gzip;q=0, deflate; q=0"}
    assert "Content-Encoding" not in http.post("/", content="SELECT 1", headers=refused).headers
    off = {"enable_http_compression": "0"}
    answer = http.post("/", params=off, content="SELECT 1", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", "deflate", False])
def test_clickhouse_connect_reads_every_compression_it_knows(
    connect: Callable[..., Client], compress: str | bool
) -> None:
    client = connect(compress=compress)
    with client.query_column_block_stream(MILLION) as blocks:
        assert sum(sum(block[0]) for block in blocks) == sum(range(1_000_000))


def test_statements_can_stand_in_the_url_the_body_or_half_in_each(http: httpx.Client) -> None:
    assert http.get("/", params={"query": "SELECT 1 + 1"}).text == "2\n"
    assert http.post("/", content="SELECT 1 + 1").text == "2\n"
    assert http.post("/", params={"query": "SELECT 1"}, content="+ 2").text == "3\n"
    form = {"query": (None, "SELECT {n:UInt8} + 1"), "param_n": (None, "4")}
    assert http.post("/", files=form).text == "5\n"


def test_statements_can_be_sent_compressed(http: httpx.Client) -> None:
    for encoding, pack in (("gzip", gzip.compress), ("zstd", zstd.compress)):
        packed = pack(b"SELECT ") + pack(b"2 + 3")
        answer = http.post("/", content=packed, headers={"Content-Encoding": encoding})
        assert answer.text == "5\n"


def test_headers_say_what_a_server_says(http: httpx.Client) -> None:
    asked = {"query_id": "mine", "wait_end_of_query": "1", "default_format": "JSONCompact"}
    answer = http.post("/", params=asked, content="SELECT count() FROM numbers(1000)")
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Format"] == "JSONCompact"
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert summary["read_rows"] == "1000"
    assert summary["result_rows"] == "1"
    assert "X-ClickHouse-Format" in http.get("/", params={"query": "SHOW TABLES"}).headers


def test_what_the_statement_says_of_its_format_goes_first(http: httpx.Client) -> None:
    given = {"default_format": "CSV"}
    headers = {"X-ClickHouse-Format": "Values"}
    assert http.post("/", content="SELECT 'a'", params=given, headers=headers).text == '"a"\n'
    assert http.post("/", content="SELECT 'a'", headers=headers).text == "('a')"
    answer = http.post("/", content="SELECT 'a' FORMAT JSONEachRow", params=given)
    assert answer.json() == {"'a'": "a"}


def test_an_error_in_the_midst_of_an_answer_reaches_the_client(reader: Client) -> None:
    asked = "SELECT throwIf(number = 900000), toString(number) FROM numbers(1000000)"
    read = []

    def read_on() -> None:
        with reader.query_row_block_stream(asked) as blocks:
            read.extend(len(block) for block in blocks)

    with pytest.raises(StreamFailureError, match=r"Code: 395.*THROW_IF") as caught:
        read_on()
    assert caught.value.code == 395
    assert sum(read) < 1_000_000


def test_a_client_that_waits_for_the_end_gets_the_error_alone(http: httpx.Client) -> None:
    asked = "SELECT throwIf(number = 900000), toString(number) FROM numbers(1000000)"
    answer = http.post("/", params={"wait_end_of_query": "1"}, content=asked)
    assert answer.status_code == 500
    assert answer.headers["X-ClickHouse-Exception-Code"] == "395"
    assert answer.text.startswith("Code: 395. DB::Exception: ")


def test_a_statement_ends_when_its_client_goes_away(http: httpx.Client, filled: Warehouse) -> None:
    running = "SELECT count() FROM system.processes WHERE query LIKE '%gone away%'"
    unlimited = {"timeout": 0.5, "headers": AS_WRITER}
    admin = filled.client("admin")
    asked = "SELECT count() FROM numbers(100000000000) WHERE toString(number) = 'gone away'"

    def ask() -> None:
        with pytest.raises(httpx.ReadTimeout):
            HTTP.post(str(http.base_url), content=asked, **unlimited)

    asking = threading.Thread(target=ask)
    asking.start()
    others = 1  # the one that counts
    wait_until(lambda: admin.command(running) > others)
    asking.join()
    wait_until(lambda: admin.command(running) == others, seconds=10)


def test_a_reader_that_stops_reading_holds_the_engine_back(http: httpx.Client) -> None:
    """A result of any size is held by nobody: the engine waits."""
    with http.stream("POST", "/", content=MILLION) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
    assert first
    assert http.post("/", content="SELECT 1").text == "1\n"


def test_settings_of_a_session_are_kept(http: httpx.Client) -> None:
    session = {"session_id": "kept", "session_timeout": "60"}
    asked = "SELECT NULL AS a FORMAT CSV"
    setting = "SET format_csv_null_representation = 'none'"
    assert http.post("/", params=session, content=setting).status_code == 200
    assert http.post("/", params=session, content=asked).text == "none\n"
    assert http.post("/", content=asked).text == "\\N\n"


def test_a_session_that_must_exist_and_does_not_is_an_error(http: httpx.Client) -> None:
    answer = http.post("/", params={"session_id": "no", "session_check": "1"}, content="SELECT 1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "372"
    answer = http.post(
        "/", params={"session_id": "a", "session_timeout": "9999"}, content="SELECT 1"
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "374"


def test_a_session_serves_one_request_at_a_time(http: httpx.Client, filled: Warehouse) -> None:
    asked = "SELECT count() FROM numbers(100000000000) WHERE toString(number) = 'one at a time'"
    session = {"session_id": "busy"}

    def ask() -> None:
        http.post("/", params=session, content=asked)

    asking = threading.Thread(target=ask)
    asking.start()
    running = "SELECT count() FROM system.processes WHERE query LIKE '%one at a time%'"
    wait_until(lambda: filled.client("admin").command(running) > 1)
    answer = http.post("/", params=session, content="SELECT 1")
    asking.join()
    assert answer.headers["X-ClickHouse-Exception-Code"] == "373"
    assert http.post("/", params=session, content="SELECT 1").text == "1\n"


def test_clients_that_ask_side_by_side_are_all_answered(address: str) -> None:
    """More than the endpoint runs at the same time."""
    found: list[str] = []

    def ask(number: int) -> None:
        answer = HTTP.post(address, content=f"SELECT sum(number) + {number} FROM numbers(1000000)")
        found.append(answer.text)

    asking = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert sorted(found) == sorted(f"{499999500000 + n}\n" for n in range(12))


def test_unknown_settings_are_an_error_as_on_a_server(reader: Client) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_SETTING"):
        reader.query("SELECT 1", settings={"no_such_setting": 1})


def test_drivers_in_go_are_greeted_and_read_native_blocks(http: httpx.Client) -> None:
    asked = {"default_format": "Native", "client_protocol_version": "54460"}
    hello = "SELECT displayName(), version(), revision(), timezone()"
    answer = http.post("/", params=asked, content=hello)
    head, mark = b"\x01\x00\x02\xff\xff\xff\xff\x00", b"\x00"
    expected = head + b"\x04\x01" + b"\x0ddisplayName()\x06String" + mark + b"\x09salestape"
    assert answer.content.startswith(expected)
    rows = "SELECT [toLowCardinality('x')] AS a, (1, NULL) AS b FROM numbers(100000)"
    plain = http.post("/", params={"default_format": "Native"}, content=rows).content
    marked = http.post("/", params=asked, content=rows).content
    blocks = marked.count(head)
    assert blocks > 1
    assert len(marked) == len(plain) + blocks * (len(head) + 2 * len(mark))
