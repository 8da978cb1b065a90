"""Imports that cannot run: what is wrong is named, and nothing has been appended."""

import gzip
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from import_bench import ABOUT, Bench

from services.importers import ImporterError, load, problems_of, run, shipped

NOTE = "SELECT 'sales.account.created.v1' AS type, toDate('2025-03-01') AS time, a AS account"


def refusal(bench: Bench, *paths: str | Path) -> str:
    with pytest.raises(ImporterError) as refused:
        bench.run(*paths)
    assert bench.sink.events == []
    return str(refused.value)


def test_an_unknown_importer_lists_those_that_ship(engine: Client, sink) -> None:
    with pytest.raises(ImporterError, match=r"maven-crn.*did you mean 'maven-crm'.*online-retail"):
        run("maven-crn", ["."], sink, engine)


def test_a_missing_input_names_it_and_its_pattern(bench: Bench) -> None:
    bench.script(NOTE + " FROM rows")
    bench.file("a\n1\n", name="other.csv")
    assert "'rows', named like rows*" in refusal(bench)


def test_two_files_for_one_input_are_named(bench: Bench) -> None:
    bench.script(NOTE + " FROM rows")
    bench.file("a\n1\n", name="rows1.csv")
    bench.file("a\n2\n", name="rows2.csv")
    message = refusal(bench)
    assert "rows1.csv" in message
    assert "rows2.csv" in message


def test_a_missing_column_names_the_file_and_the_columns_there_are(bench: Bench) -> None:
    bench.about(ABOUT + 'columns = ["customer", "amount"]\n')
    bench.script(NOTE + " FROM rows")
    bench.file("custmer,amount\nx,1\n")
    message = refusal(bench)
    assert "rows.csv has no column 'customer' (did you mean 'custmer'?)" in message
    assert "'amount'" in message


def test_another_delimiter_is_guessed_at_in_the_message_only(bench: Bench) -> None:
    bench.about(ABOUT + 'columns = ["a", "b"]\n')
    bench.script(NOTE + " FROM rows")
    bench.file("a;b\n1;2\n")
    assert "inputs.rows.delimiter" in refusal(bench)


def test_a_missing_column_of_parquet_is_named_too(bench: Bench, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    bench.about(ABOUT + 'columns = ["amount"]\n')
    bench.script(NOTE + " FROM rows")
    pq.write_table(pa.table({"amonut": [1]}), bench.folder / "files" / "rows.parquet")
    assert "did you mean 'amonut'" in refusal(bench)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.parquet", b"no parquet", "not readable as Parquet"),
        ("rows.csv.gz", b"no gzip", "cannot be read: Not a gzipped file"),
        ("rows.csv.gz", gzip.compress(b"a\n" + b"1\n" * 99, mtime=0)[:-9], "cannot be unpacked"),
        ("rows.xlsx", b"PK", "does not say how it is written"),
        ("rows.csv", b'a,b\n1,2\n3,"x\n4,y\n', "row 3: a quotation mark is opened there"),
        ("rows.csv", "a\nJosé\n".encode("cp1252"), 'encoding = "cp1252" under [inputs.rows]'),
        ("rows.csv", "a\nJosé\n".encode("utf-16"), 'encoding = "utf-16" under [inputs.rows]'),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    bench: Bench, name: str, content: bytes, said: str
) -> None:
    bench.script(NOTE + " FROM rows")
    bench.file(content, name=name)
    message = refusal(bench)
    assert name in message
    assert said in message


def test_a_syntax_error_names_the_file_the_line_and_the_place(bench: Bench) -> None:
    bench.file("a\n1\n")
    bench.script("SELECT 'sales.account.created.v1' AS type,\n    a AS\nFORM rows x y")
    message = refusal(bench)
    assert message.startswith("10_events.sql, line 3, column")
    assert "syntax error" in message
    assert len(message) < 200


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DROP TABLE rows", "not a SELECT"),
        ("SELECT 1; DROP TABLE rows", "more than one statement"),
        (NOTE + " FROM rows) ; DROP TABLE x; SELECT (1", "syntax error at ')'"),
        (NOTE + " FROM rows INTO OUTFILE 'x'", "INTO OUTFILE; leave that out"),
        (NOTE + " FROM row", "reads 'row', which is no input (did you mean 'rows'?)"),
        (NOTE + " FROM system.tables", "'system.tables', which is no input"),
        (NOTE + " FROM rows WHERE a IN (SELECT name FROM system.users)", "system.users"),
        (NOTE + " FROM secret JOIN rows USING a", "'secret', which is no input"),
        (NOTE + ", dictGet('names', 'x', 1) AS name FROM rows", "calls dictGet()"),
        (NOTE + " FROM file('/etc/passwd', 'LineAsString', 'a String')", "reads from file()"),
        (NOTE + " FROM rows JOIN url('http://localhost') AS u USING a", "reads from url()"),
        ("WITH x AS (SELECT file('/etc/passwd') AS a) " + NOTE + " FROM x", "calls file()"),
        (NOTE + ", now() AS founded FROM rows", "calls now(), which is different every time"),
        (NOTE + ", toString(rand()) AS id FROM rows", "calls rand()"),
        ("SELECT a AS account, toDate('2025-01-01') AS time FROM rows", "no column 'type'"),
        ("SELECT 'sales.account.created.v1' AS type FROM rows", "no column 'time'"),
        (NOTE + ",\n\n    acount\nFROM rows", "10_events.sql, line 3: Unknown expression"),
        (NOTE + ", a AS segmnt FROM rows", "'segmnt' (did you mean 'segment'?)"),
        (NOTE + ", toFloat64(1.5) AS annual_revenue FROM rows", "toDecimal64"),
        (NOTE + ", [toNullable(1.5)] AS annual_revenue FROM rows", "Float64"),
        (NOTE + ", toIPv4('1.1.1.1') AS segment FROM rows", "cast IPv4 to String"),
        (NOTE + ", 'first' AS sequence FROM rows", "it must be a whole number"),
        (NOTE.replace("toDate('2025-03-01')", "20250301") + " FROM rows", "must be a DateTime64"),
    ],
)
def test_a_statement_that_cannot_be_used_says_why(bench: Bench, sql: str, said: str) -> None:
    bench.file("a\n1\n")
    bench.script(sql)
    message = refusal(bench)
    assert message.startswith("10_events.sql")
    assert said in message


def test_a_statement_that_fails_on_a_cell_does_so_before_anything_is_appended(
    bench: Bench,
) -> None:
    bench.file("a,n\nx,1\ny,many\n")
    bench.script(NOTE + " FROM rows", "10_good.sql")
    bench.script(NOTE + " FROM rows WHERE NOT throwIf(n = 'many', 'n is no number')", "20_bad.sql")
    assert refusal(bench) == "20_bad.sql: n is no number"


def test_the_rejects_file_must_be_writable(bench: Bench) -> None:
    bench.file("a\n1\n")
    bench.script(NOTE + " FROM rows")
    with pytest.raises(ImporterError, match="the rejects cannot be written"):
        bench.run(rejects=bench.folder / "nowhere" / "rejects.jsonl")


def test_a_column_may_not_have_the_name_of_the_row_number(bench: Bench) -> None:
    bench.file("a,_row\n1,2\n")
    bench.script(NOTE + " FROM rows")
    assert "'_row'" in refusal(bench)


def test_statements_can_be_checked_before_there_are_files(bench: Bench) -> None:
    bench.script(NOTE + " FROM rows", "10_good.sql")
    bench.script(NOTE + " FROM row", "20_bad.sql")
    bench.script("SELEC 1", "30_worse.sql")
    problems = problems_of(load(bench.folder / "importer"), bench.client)
    assert [problem.split()[0] for problem in problems] == ["20_bad.sql", "30_worse.sql,"]


def test_what_ships_has_no_problems(engine: Client) -> None:
    assert [problems_of(importer, engine) for importer in shipped()] == [[], [], []]
