"""What asking gives: answers with their columns, errors that help, limits that hold."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from infra.reading.limits import Limits
from infra.reading.refusals import QueryFailed, Refused
from infra.warehouse import Warehouse, WarehouseUnavailable
from services.query.answers import UnknownQuestion
from services.query.encoding import answer_as_json, answer_from_json, plain, rows_as_json
from services.query.reader import Reader

SLOW = "SELECT count() FROM numbers(1000000000000) WHERE number % 7 = 8"


def test_names_without_a_database_are_those_of_sales(reader: Reader) -> None:
    answer = reader.query("SELECT count() AS n FROM deals")
    assert (answer.columns, answer.types, answer.rows) == (["n"], ["UInt64"], [(20,)])


def test_an_answer_without_rows_has_its_columns(reader: Reader) -> None:
    answer = reader.query(
        "SELECT deal, amount FROM deals WHERE deal = {deal:String}", {"deal": "none"}
    )
    assert answer.columns == ["deal", "amount"]
    assert answer.types == ["String", "Nullable(Decimal(38, 9))"]
    assert reader.query("SHOW TABLES LIKE 'none'").columns == ["name"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("String", "it's; DROP TABLE x -- \\ {a:String}", "it's; DROP TABLE x -- \\ {a:String}"),
        ("String", "%(a)s %s 😀", "%(a)s %s 😀"),
        ("UInt64", 2**64 - 1, 2**64 - 1),
        ("Array(String)", ["a'b", "c"], ["a'b", "c"]),
        ("Nullable(Int32)", None, None),
        ("Date", date(2021, 1, 2), date(2021, 1, 2)),
        ("Decimal(18, 2)", Decimal("1.50"), Decimal("1.50")),
    ],
)
def test_parameters_are_values_whatever_they_say(
    reader: Reader, kind: str, value: Any, expected: Any
) -> None:
    assert reader.query(f"SELECT {{x:{kind}}}", {"x": value}).rows == [(expected,)]


@pytest.mark.parametrize(
    ("sql", "parameters", "said"),
    [
        ("SELECT {x:String}", {}, "the parameter x has no value"),
        ("SELECT 1", {"x": 1}, "no place for the parameter x"),
        ("SELECT '%(x)s'", {"x": "a"}, "no place for the parameter x"),
        ("SELECT $x$ 1 $x$", {"$x$": b"SELECT"}, "no place"),
        ("SELECT {x:String}", {"x": b"bytes"}, "is bytes"),
        ("SELECT {x:Int32}", {"x": "abc"}, "abc"),
    ],
)
def test_parameters_that_do_not_fit_are_named(
    reader: Reader, sql: str, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(QueryFailed, match=said):
        reader.query(sql, parameters)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM dealz", "deals"),
        ("SELECT * FROM sales.acounts", "accounts"),
        ("SELECT * FROM funel_at(as_of = '2021-01-01', known_at = '2021-01-01')", "funnel_at"),
        ("SELECT acount FROM deals", "account"),
        ("SELECT d.acount FROM deals AS d", "account"),
        ("SELECT deal FROM deals ORDER BY opend_at", "opened_at"),
    ],
)
def test_an_unknown_name_is_told_with_those_like_it(reader: Reader, sql: str, said: str) -> None:
    with pytest.raises(QueryFailed) as caught:
        reader.query(sql)
    assert "Maybe you meant" in caught.value.message
    assert said in caught.value.message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM dealz",
        "SELECT nothing FROM funnel",
        "SELECT toInt32('x') FROM funnel",
        "SELECT deal + 1 FROM deals",
        "SELECT deal FROM deals WHERE",
        "SELECT * FROM deals_at(as_of = 'soon', known_at = '2021-01-01')",
        "SELECT sum(deal) FROM deals",
        "SELECT 1 UNION ALL SELECT 1, 2",
    ],
)
def test_messages_are_short_and_without_the_engines_trappings(reader: Reader, sql: str) -> None:
    with pytest.raises(QueryFailed) as caught:
        reader.query(sql)
    message = caught.value.message
    assert caught.value.code > 0
    assert 10 < len(message) < 600
    for trapping in ("DB::Exception", "version 2", "Stack trace", "sales_store", "FORMAT Native"):
        assert trapping not in message


@pytest.fixture
def narrow(filled: Warehouse) -> Any:
    with Reader(filled, Limits(max_seconds=0.5, max_memory_bytes=64 * 2**20, max_rows=10)) as one:
        yield one


@pytest.mark.parametrize(
    ("sql", "code", "said"),
    [
        (SLOW, 159, "longer than 0.5 seconds"),
        ("SELECT * FROM numbers(1000000)", 396, "more than 10 rows"),
        ("SELECT groupArray(repeat('x', 1000000)) FROM numbers(1000)", 241, "64 MiB"),
    ],
)
def test_limits_hold_and_say_what_they_are(narrow: Reader, sql: str, code: int, said: str) -> None:
    with pytest.raises(QueryFailed, match=said) as caught:
        narrow.query(sql)
    assert caught.value.code == code
    with pytest.raises(QueryFailed, match=said):
        b"".join(narrow.stream(sql, "JSONEachRow"))
    assert narrow.query("SELECT 1").rows == [(1,)]


def test_a_statement_that_finds_no_free_client_is_told_so(filled: Warehouse) -> None:
    with Reader(filled, Limits(max_seconds=0.5), clients=1) as one:
        pieces = one.stream("SELECT * FROM numbers(10)", "JSONEachRow")
        with pytest.raises(QueryFailed, match="same time") as caught:
            one.query("SELECT 1")
        assert caught.value.code == 202
        pieces.close()
        assert one.query("SELECT 1").rows == [(1,)]


def test_statements_run_side_by_side(reader: Reader) -> None:
    together = threading.Barrier(4, timeout=30)

    def ask(number: int) -> int:
        pieces = reader.stream(f"SELECT {number} FROM numbers(100)", "CSV")
        together.wait()
        return sum(map(int, b"".join(pieces).split()))

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(4))) == [0, 100, 200, 300]


@pytest.mark.parametrize(
    ("fmt", "expected"),
    [
        ("JSONEachRow", b'{"a":"x","b":1}\n{"a":"y","b":2}\n'),
        ("CSVWithNames", b'"a","b"\n"x",1\n"y",2\n'),
        ("TabSeparated", b"x\t1\ny\t2\n"),
    ],
)
def test_answers_stream_in_formats_of_the_engine(reader: Reader, fmt: str, expected: bytes) -> None:
    sql = "SELECT * FROM values('a String, b UInt8', ('x', 1), ('y', 2))"
    assert b"".join(reader.stream(sql, fmt)) == expected
    assert b"".join(reader.stream(f"{sql} FORMAT {fmt}", "Markdown")) == expected


def test_a_stream_that_cannot_begin_says_so_at_once(reader: Reader) -> None:
    with pytest.raises(QueryFailed):
        reader.stream("SELECT * FROM dealz")
    with pytest.raises(Refused):
        reader.stream("SELECT * FROM file('x')")
    for odd in ("NoSuchFormat", "CSV INTO OUTFILE 'x'", "CSV; SELECT 2", "Template"):
        with pytest.raises(Refused, match="format"):
            reader.stream("SELECT 1", odd)


def test_a_stream_may_end_in_another_thread_or_not_at_all(reader: Reader) -> None:
    for _ in range(6):
        pieces = reader.stream("SELECT * FROM numbers(3000)", "JSONEachRow")
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(next, pieces).result()
        del pieces
    assert reader.query("SELECT 1").rows == [(1,)]


def test_allowed_settings_hold_for_their_statement_alone(reader: Reader) -> None:
    sql = "SELECT b.x FROM (SELECT 1 AS k) AS a LEFT JOIN (SELECT 2 AS k, 'x' AS x) AS b USING (k)"
    assert reader.query(f"{sql} SETTINGS join_use_nulls = 1").rows == [(None,)]
    assert reader.query(sql).rows == [("",)]


def test_show_answers_a_question_as_of_any_two_clocks(reader: Reader) -> None:
    assert reader.show("funnel").rows
    before = {row[0]: row for row in reader.show("deals", as_of="2021-01-05").rows}
    assert len(reader.show("deals", as_of="2021-01-05").rows) == 5
    assert len(reader.show("deals", as_of="2021-01-05T08:00:00").rows) == 4
    assert len(reader.show("deals", as_of="2021-01-05T10:00:00+02:00").rows) == 4
    assert len(reader.show("deals", as_of=datetime(2021, 1, 5, 9, tzinfo=UTC)).rows) == 5
    assert before
    assert reader.show("deals", known_at="2021-06-01").rows == []


def test_an_empty_answer_says_what_it_lacks(reader: Reader) -> None:
    assert reader.show("funnel").lacking == ()
    assert reader.show("quota_attainment").lacking == ("quotas",)
    assert reader.show("satisfaction_trend").lacking == ("sales.survey.answered",)
    # Through another question, `deal_sources`, and of what it reads some is there.
    assert reader.show("campaign_return", "2021-06-01").lacking == (
        "sales.campaign.started",
        "sales.lead.captured",
        "sales.lead.converted",
        "sales.spend.incurred",
    )
    assert reader.show("win_rate", "2020-12-31").lacking == ()  # there are deals, only not yet


def test_show_filters_and_limits(reader: Reader) -> None:
    assert len(reader.show("deals", limit=3).rows) == 3
    won = reader.show("deals", where="status = 'won' -- only these", limit=100)
    assert len(won.rows) == 10


@pytest.mark.parametrize(
    "where", ["1) UNION ALL SELECT * FROM sales_store.tape --", "file('x') = ''"]
)
def test_show_lets_no_other_reading_in(reader: Reader, where: str) -> None:
    with pytest.raises((Refused, QueryFailed)):
        reader.show("deals", where=where)


def test_a_question_that_is_none_is_told_with_those_like_it(reader: Reader) -> None:
    with pytest.raises(UnknownQuestion, match="funnel") as caught:
        reader.show("funel")
    assert caught.value.near == ["funnel"]
    with pytest.raises(UnknownQuestion):
        reader.show("system.tables")


def test_a_clock_that_cannot_be_read_is_named(reader: Reader) -> None:
    with pytest.raises(QueryFailed, match="as_of: 'soon' is no time"):
        reader.show("funnel", as_of="soon")


def test_questions_are_listed_with_their_columns(reader: Reader) -> None:
    listed = {one.name: one for one in reader.questions()}
    assert {"funnel", "quota_attainment", "churn_signals", "deal_history"} <= listed.keys()
    funnel = listed["funnel"]
    assert funnel.theme == "pipeline"
    assert "\n" not in funnel.summary
    columns = {column.name: column for column in funnel.columns}
    assert columns["entered"].comment
    assert columns["stage"].type == "String"
    assert list(columns) == reader.show("funnel", limit=0).columns


def test_a_warehouse_that_holds_nothing_yet_is_told_as_such(empty_warehouse: Warehouse) -> None:
    with Reader(empty_warehouse) as one, pytest.raises(QueryFailed) as caught:
        one.query("SELECT * FROM deals")
    assert "sales" in caught.value.message


def test_a_closed_reader_answers_nothing(filled: Warehouse) -> None:
    one = Reader(filled)
    one.close()
    one.close()
    with pytest.raises(QueryFailed, match="closed"):
        one.query("SELECT 1")


def test_values_of_the_engine_become_values_of_json(reader: Reader) -> None:
    answer = reader.query(
        """
        SELECT
            toDecimal128('10005534.000', 3) AS whole,
            toDecimal64('80450596.980', 3) AS part,
            toDecimal64('-0.00', 2) AS nothing,
            toDateTime64('2017-06-30 23:59:59.999999', 6, 'UTC') AS moment,
            toTimeZone(toDateTime('2017-06-30 12:00:00', 'UTC'), 'Europe/Berlin') AS elsewhere,
            toDate32('2017-06-30') AS day,
            nan AS odd,
            map('a', (1, 'x')) AS held,
            CAST((1, 'x'), 'Tuple(n UInt8, s String)') AS named,
            [1.5, 2] AS listed,
            toUInt128('340282366920938463463374607431768211455') AS large,
            toUUID('00000000-0000-0000-0000-000000000001') AS name,
            NULL AS none,
            true AS yes
        """
    )
    assert rows_as_json(answer) == [
        {
            "whole": "10005534",
            "part": "80450596.98",
            "nothing": "0",
            "moment": "2017-06-30T23:59:59.999999Z",
            "elsewhere": "2017-06-30T12:00:00Z",
            "day": "2017-06-30",
            "odd": None,
            "held": {"a": [1, "x"]},
            "named": {"n": 1, "s": "x"},
            "listed": [1.5, 2.0],
            "large": 2**128 - 1,
            "name": "00000000-0000-0000-0000-000000000001",
            "none": None,
            "yes": True,
        }
    ]
    again = answer_from_json(answer_as_json(answer))
    assert answer_as_json(again) == answer_as_json(answer)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Decimal("1E+3"), "1000"), (Decimal("-12.50"), "-12.5"), (float("inf"), None)],
)
def test_numbers_are_written_without_exponents_or_infinities(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_a_server_that_is_away_is_told_as_that_and_not_as_a_fault_of_the_statement() -> None:
    with (
        Warehouse("clickhouse://127.0.0.1:1") as away,
        Reader(away) as reader,
        pytest.raises(WarehouseUnavailable, match=r"127\.0\.0\.1:1 does not answer"),
    ):
        reader.query("SELECT 1")
