"""Only what reads, and only what people may read, ever runs."""

from collections.abc import Generator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from odd_statements import listed, with_paths

from infra.reading.guard import check_statement, judge
from infra.reading.refusals import QueryFailed, Refused
from infra.warehouse import Warehouse
from services.query.reader import Reader


@pytest.fixture(scope="module")
def plain_client(filled: Warehouse) -> Generator[Client, None, None]:
    """A client that could do anything: what the guard lets through it would run."""
    client = filled.fresh_client()
    client.database = "sales"
    yield client
    client.close()


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
    out = secret.parent / "out.csv"
    yield out
    assert admin.query(look).result_rows == before
    assert sorted(path.name for path in secret.parent.iterdir()) == ["secret.csv"]


def test_the_lists_are_long_enough_to_mean_something() -> None:
    assert len(set(listed("refused"))) >= 200
    assert len(set(listed("ordinary"))) >= 100


@pytest.mark.parametrize("statement", listed("refused"))
def test_what_does_more_than_read_is_refused(
    plain_client: Client, secret: Path, unharmed: Path, statement: str
) -> None:
    sql = with_paths(statement, secret=secret, out=unharmed)
    with pytest.raises((Refused, QueryFailed)) as caught:
        check_statement(plain_client, sql)
    assert isinstance(caught.value, Refused) or caught.value.code == 62, caught.value
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("statement", listed("unreadable"))
def test_what_is_no_statement_is_said_to_be_none(
    plain_client: Client, secret: Path, statement: str
) -> None:
    sql = with_paths(statement, secret=secret)
    with pytest.raises((QueryFailed, Refused)):
        check_statement(plain_client, sql)


@pytest.mark.parametrize("statement", listed("ordinary"))
def test_what_an_analyst_asks_is_answered(reader: Reader, statement: str) -> None:
    answer = reader.query(statement)
    assert answer.columns
    assert all(len(row) == len(answer.columns) for row in answer.rows)


@pytest.mark.parametrize(
    "statement",
    [text for text in listed("ordinary") if text.lower().startswith(("select", "with", "from"))],
)
def test_what_is_judged_is_what_was_meant(plain_client: Client, statement: str) -> None:
    """The canonical text gives what the text itself gives."""
    if any(word in statement for word in ("now()", "FORMAT", "SETTINGS", "timezone()")):
        return
    reading = judge(plain_client, statement)
    expected = plain_client.query(statement).result_rows
    found = plain_client.query(reading.text).result_rows
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SELECT * FROM file('x')", "file"),
        ("SELECT * FROM sales_store.events", "sales_store.events"),
        ("INSERT INTO deals SELECT 1", "INSERT INTO"),
        ("SELECT 1 SETTINGS max_execution_time = 0", "max_execution_time"),
        ("SELECT sleep(1)", "sleep"),
        ("SELECT 1 INTO OUTFILE 'x'", "INTO OUTFILE"),
        ("SHOW TABLES FROM sales_store", "sales_store"),
        ("SELECT 1; SELECT 2", "one statement"),
    ],
)
def test_a_refusal_names_what_is_refused(plain_client: Client, statement: str, named: str) -> None:
    with pytest.raises(Refused, match=named):
        check_statement(plain_client, statement)


PLACES_OF_A_VALUE = (
    "SELECT {0}",
    "SELECT [1, {0}]",
    "SELECT (1, {0}).1",
    "SELECT x -> {0}",
    "SELECT arrayMap(x -> {0}, [1])",
    "SELECT quantile({0})(1)",
    "SELECT CAST({0} AS String)",
    "SELECT {0}::String",
    "SELECT {0} AS a, a AS b",
    "SELECT NOT {0} BETWEEN 1 AND 2",
    "SELECT sum(1) FILTER (WHERE {0}) FROM deals",
    "SELECT sum(1) OVER (ORDER BY 1 ROWS BETWEEN {0} PRECEDING AND CURRENT ROW) FROM deals",
    "SELECT 1 FROM deals WHERE {0}",
    "SELECT 1 FROM deals PREWHERE {0}",
    "SELECT 1 FROM deals GROUP BY {0} HAVING {0}",
    "SELECT 1 FROM deals GROUP BY CUBE({0})",
    "SELECT 1 FROM deals ORDER BY {0} DESC NULLS LAST",
    "SELECT 1 FROM deals ORDER BY 1 WITH FILL FROM {0} TO 2",
    "SELECT 1 FROM deals LIMIT {0}",
    "SELECT 1 FROM deals LIMIT 1 OFFSET {0}",
    "SELECT 1 FROM deals LIMIT {0} BY deal",
    "SELECT 1 FROM deals QUALIFY {0}",
    "SELECT 1 FROM deals LEFT ARRAY JOIN {0} AS x",
    "SELECT 1 FROM deals AS a JOIN deals AS b ON {0}",
    "SELECT 1 FROM numbers({0})",
    "SELECT 1 FROM values('a String', {0})",
    "SELECT 1 FROM view(SELECT {0})",
    "SELECT 1 FROM deals_at(as_of = {0}, known_at = '2021-01-01')",
    "SELECT * REPLACE ({0} AS deal) FROM deals",
    "SELECT * APPLY (x -> {0}) FROM deals",
    "SELECT deal IN ({0}) FROM deals",
    "SELECT 1 IN (SELECT {0})",
    "WITH {0} AS a SELECT a",
    "WITH (SELECT {0}) AS a SELECT a",
    "WITH a AS (SELECT {0}) SELECT * FROM a",
    "SELECT 1 UNION ALL (SELECT 2 EXCEPT SELECT {0})",
    "EXPLAIN SELECT {0}",
    "DESCRIBE (SELECT {0})",
    "SHOW TABLES WHERE name = {0}",
    "SHOW TABLES WHERE name IN (SELECT {0})",
    "SHOW COLUMNS FROM deals WHERE {0}",
)
SPELLINGS_OF_A_VALUE = (
    "file('x')",
    "FILE ( 'x' )",
    "`file`('x')",
    "\"File\"/**/('x')",
    "length(reverse(file('x')))",
    "dictGet('d', 'a', 1)",
    "(SELECT count() FROM sales_store.events)",
    "(SELECT * FROM url('http://127.0.0.1:9/', CSV, 'a String'))",
    '(SELECT any(1) FROM `sales_store` . /* */ "tape")',
)
PLACES_OF_A_TABLE = (
    "SELECT 1 FROM {0}",
    "SELECT 1 FROM {0} AS deals",
    "SELECT 1 FROM {0} FINAL",
    "FROM {0} SELECT 1",
    "SELECT 1 FROM deals, {0}",
    "SELECT 1 FROM deals CROSS JOIN {0}",
    "SELECT 1 FROM deals GLOBAL ANY LEFT JOIN {0} USING deal",
    "SELECT 1 FROM (SELECT 1 FROM {0})",
    "SELECT 1 FROM view(SELECT 1 FROM {0})",
    "SELECT (SELECT 1 FROM {0})",
    "SELECT 1 IN (SELECT 1 FROM {0})",
    "SELECT EXISTS(SELECT 1 FROM {0})",
    "WITH a AS (SELECT 1 FROM {0}) SELECT 1",
    "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 1 FROM {0}) SELECT 1 FROM a",
    "SELECT 1 UNION ALL SELECT 1 FROM {0}",
    "SELECT 1 INTERSECT SELECT 1 FROM {0}",
    "EXPLAIN PLAN SELECT 1 FROM {0}",
    "DESCRIBE {0}",
    "DESCRIBE (SELECT 1 FROM {0})",
)
SPELLINGS_OF_A_TABLE = (
    "sales_store.events",
    "`sales_store`.`events`",
    '"sales_store" . events',
    "default.x",
    "system.processes",
    "file('x')",
    "`FILE`('x', 'CSV')",
    "remote('127.0.0.1:9', sales_store.events)",
    "s3('http://127.0.0.1:9/x')",
    "merge('sales_store', '.*')",
    "Python(secret)",
    "executable('x', CSV, 'a String')",
)


@pytest.mark.parametrize(
    ("places", "spellings"),
    [
        (PLACES_OF_A_VALUE, SPELLINGS_OF_A_VALUE),
        (PLACES_OF_A_TABLE, SPELLINGS_OF_A_TABLE),
    ],
    ids=["values", "tables"],
)
def test_what_is_refused_is_refused_wherever_it_stands(
    plain_client: Client, places: tuple[str, ...], spellings: tuple[str, ...]
) -> None:
    found = []
    for place in places:
        for spelling in spellings:
            sql = place.replace("{0}", spelling)
            try:
                check_statement(plain_client, sql)
            except (Refused, QueryFailed) as error:
                if isinstance(error, Refused) or error.code == 62:
                    continue
            found.append(sql)
    assert found == []


@pytest.mark.parametrize("place", [*PLACES_OF_A_VALUE, *PLACES_OF_A_TABLE])
def test_those_places_are_places(plain_client: Client, place: str) -> None:
    """So that the test above refuses what stands there, not the place."""
    harmless = "1" if place in PLACES_OF_A_VALUE else "deals"
    check_statement(plain_client, place.replace("{0}", harmless))


def test_a_statement_of_several_is_not_run_in_order_to_be_judged(
    plain_client: Client, filled: Warehouse
) -> None:
    with pytest.raises(Refused):
        check_statement(plain_client, "SELECT 1; CREATE TABLE sales.made (a Int32) ENGINE = Memory")
    names = filled.client("admin").query("SHOW TABLES FROM sales").result_rows
    assert ("made",) not in names


@pytest.mark.parametrize("depth", [200, 2_000, 20_000])
def test_deep_nesting_is_refused_or_read_but_breaks_nothing(
    plain_client: Client, depth: int
) -> None:
    for sql in (
        "SELECT " + "(" * depth + "1" + ")" * depth,
        "SELECT " + "abs(" * depth + "1" + ")" * depth,
        "SELECT 1 FROM " + "(SELECT 1 FROM " * depth + "file('x')" + ")" * depth,
        "SELECT " + "[" * depth + "]" * depth,
    ):
        try:
            check_statement(plain_client, sql)
        except (Refused, QueryFailed):
            continue
        assert "file" not in sql


def test_a_long_statement_is_refused(plain_client: Client) -> None:
    with pytest.raises(QueryFailed, match="characters"):
        check_statement(plain_client, "SELECT 1 --" + "x" * 300_000)


def test_text_that_no_encoding_has_is_refused(plain_client: Client) -> None:
    with pytest.raises(QueryFailed, match="Unicode"):
        check_statement(plain_client, "SELECT '\ud800'")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO sales_store.positions (generation) VALUES ('x')",
        "CREATE TABLE sales.x (a Int32) ENGINE = Memory",
        "CREATE TEMPORARY TABLE x (a Int32)",
        "DROP VIEW sales.deals",
        "SET max_execution_time = 0",
        "SET readonly = 0",
        "SELECT 1 SETTINGS max_memory_usage = 0",
        "SELECT * FROM file('{secret}', 'CSV', 'a String')",
        "SELECT * FROM url('http://127.0.0.1:9/', 'CSV', 'a String')",
        "SELECT * FROM remote('127.0.0.1:9', 'system', 'one')",
        "SYSTEM FLUSH LOGS",
    ],
)
def test_the_clients_would_refuse_it_even_without_the_guard(
    reader: Reader, secret: Path, statement: str
) -> None:
    sql = with_paths(statement, secret=secret)
    with reader._pool.client() as client, pytest.raises(ClickHouseError, match="readonly mode"):
        client.query(sql)
