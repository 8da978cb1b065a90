"""Files as users have them: odd names, other delimiters and encodings, packed, broken rows."""

import gzip
import lzma
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from import_bench import ABOUT, Bench

ACCOUNTS = """\
SELECT 'sales.account.created.v1' AS type, toDate('2025-03-01') AS time, a AS account, b AS name,
    _file, _row
FROM rows
"""


@pytest.fixture
def accounts(bench: Bench) -> Bench:
    bench.script(ACCOUNTS)
    return bench


def told(bench: Bench) -> list[tuple[str | None, str | None]]:
    return [(event.account, event.data.name) for event in bench.sink.events]


@pytest.mark.parametrize(
    "name",
    [
        "rows with spaces.csv",
        "rows' or 1=1 --.csv",
        'rows".csv',
        "rows*.csv",
        "rows{1,2}?.csv",
        "rows[1-9].csv",
        "rows\\n.csv",
        "rows`é漢.csv",
    ],
)
def test_a_file_with_an_odd_name_is_read_and_no_other(accounts: Bench, name: str) -> None:
    path = accounts.file("a,b\n1,x\n", name=name)
    accounts.file("a,b\n2,y\n", name="rows1.csv")
    summary = accounts.run(path)
    assert told(accounts) == [("1", "x")]
    assert summary.files[0].path == str(path)


def test_a_parquet_file_with_an_odd_name_is_read_and_no_other(accounts: Bench) -> None:
    files = accounts.folder / "files"
    for name, value in (("rows*.parquet", "1"), ("rows1.parquet", "2")):
        pq.write_table(pa.table({"a": [value], "b": [f"it's {value}"]}), files / name)
    accounts.run(files / "rows*.parquet")
    assert told(accounts) == [("1", "it's 1")]


def test_an_input_can_be_named_with_its_file(accounts: Bench) -> None:
    path = accounts.file("a,b\n1,x\n", name="download (3).csv")
    accounts.run(f"rows={path}")
    assert told(accounts) == [("1", "x")]


def test_the_same_file_given_twice_is_one(accounts: Bench) -> None:
    path = accounts.file("a,b\n1,x\n")
    accounts.run(path, accounts.folder / "files")
    assert told(accounts) == [("1", "x")]


@pytest.mark.parametrize(
    ("name", "settings", "content"),
    [
        ("rows.csv", 'delimiter = ";"', "a;b\n1;x,y\n"),
        ("rows.csv", 'delimiter = "|"\nheader = false\ncolumns = ["a", "b"]', "1|x,y\n"),
        ("rows.tsv", "", "a\tb\n1\tx,y\n"),
        ("rows.txt", "", 'a,b\r\n1,"x,y"\r\n\r\n'),
        ("rows.csv", "", '\ufeff a , b \n1,"x,y"\n'),
        ("rows.jsonl", "", '{"a": 1, "b": "x,y"}\n\n'),
        ("rows.log", 'format = "jsonl"', '{"b": "x,y", "a": "1", "c": null}'),
    ],
)
def test_a_text_file_is_read_as_it_is_written(
    accounts: Bench, name: str, settings: str, content: str
) -> None:
    accounts.about(ABOUT + settings)
    accounts.file(content, name=name)
    accounts.run()
    assert told(accounts) == [("1", "x,y")]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1"])
def test_a_file_in_another_encoding_is_read(accounts: Bench, encoding: str) -> None:
    accounts.about(ABOUT + f'encoding = "{encoding}"')
    accounts.file("a,b\n1,José\n".encode(encoding))
    accounts.run()
    assert told(accounts) == [("1", "José")]


def test_packed_files_are_read(accounts: Bench) -> None:
    accounts.about(ABOUT + "many = true")
    accounts.file(gzip.compress(b"a,b\n1,x\n"), name="rows-1.csv.gz")
    accounts.file(lzma.compress(b'{"a": "2", "b": "y"}\n'), name="rows-2.jsonl.xz")
    accounts.run()
    assert told(accounts) == [("1", "x"), ("2", "y")]


def test_many_files_are_one_table_even_where_their_columns_differ(accounts: Bench) -> None:
    accounts.about(ABOUT + "many = true")
    accounts.file("a,b\n1,x\n", name="rows-1.csv")
    accounts.file("b,extra,a\ny,?,\n", name="rows-2.csv")
    accounts.file("a\n3\n", name="rows-3.csv")
    summary = accounts.run()
    assert [read.rows for read in summary.files] == [1, 1, 1]
    assert told(accounts) == [("1", "x"), (None, "y"), ("3", None)]


def test_an_optional_input_that_is_not_there_has_no_rows(bench: Bench) -> None:
    bench.about(ABOUT + '[inputs.more]\nfiles = "more*"\noptional = true\ncolumns = ["a", "b"]\n')
    bench.script(ACCOUNTS.replace("FROM rows", "FROM more UNION ALL ") + ACCOUNTS)
    bench.file("a,b\n1,x\n")
    bench.run()
    assert told(bench) == [("1", "x")]


def test_cells_keep_every_digit_and_zero(accounts: Bench) -> None:
    accounts.file("a,b\n007,1.10\n1e3,12345678901234567890.123456789\n")
    accounts.run()
    assert told(accounts) == [("007", "1.10"), ("1e3", "12345678901234567890.123456789")]


def test_numbers_in_json_lines_keep_every_digit(accounts: Bench) -> None:
    accounts.file('{"a": 1.10, "b": {"n": 1.5, "t": [true]}}\n', name="rows.jsonl")
    accounts.run()
    assert told(accounts) == [("1.10", '{"n": 1.5, "t": [true]}')]


def test_names_that_repeat_are_numbered(bench: Bench) -> None:
    bench.script(ACCOUNTS.replace("b AS name", "a_2 AS name"))
    bench.file("a,a\n1,x\n")
    bench.run()
    assert told(bench) == [("1", "x")]


def test_a_row_that_does_not_fit_is_rejected_with_its_place_and_the_rest_is_read(
    accounts: Bench,
) -> None:
    accounts.file('a,b\n1,"x\nx"\n2\n3,y,z\n4,"y"z\n5,z\n')
    summary = accounts.run()
    assert told(accounts) == [("1", "x\nx"), ("5", "z")]
    assert [reject.place for reject in summary.rejects] == [
        f"rows.csv, row {row}" for row in (4, 5, 6)
    ]
    assert summary.files[0].rows == 5
    assert "has 1 cells where 2 are expected" in summary.rejects[0].reason


def test_a_line_that_is_no_json_object_is_rejected_with_its_place(accounts: Bench) -> None:
    accounts.file('{"a": "1", "b": "x"}\n{"a": \n[1]\n{"a": NaN}\n{"a": "5"}\n', name="rows.jsonl")
    summary = accounts.run()
    assert [event.account for event in accounts.sink.events] == ["1", "5"]
    assert [reject.row for reject in summary.rejects] == [2, 3, 4]


NUMBERED = ACCOUNTS.replace("b AS name", "toString(_row) AS name")


def test_rows_of_text_are_numbered_as_an_editor_does_whatever_is_selected(bench: Bench) -> None:
    bench.script(NUMBERED + "WHERE a != '3' ORDER BY a DESC")
    bench.file("a,b\n1,x\n2,x\n3,x\n4,x\n")
    bench.run()
    assert told(bench) == [("4", "5"), ("2", "3"), ("1", "2")]


@pytest.mark.parametrize("where", ["", "WHERE a = '2999'"])
def test_rows_of_parquet_are_numbered_from_1_whatever_is_selected(bench: Bench, where: str) -> None:
    table = pa.table({"a": [str(n) for n in range(3_000)]})
    pq.write_table(table, bench.folder / "files" / "rows.parquet", row_group_size=100)
    bench.script(NUMBERED + where)
    bench.run()
    assert told(bench) == [(str(n), str(n + 1)) for n in ([2_999] if where else range(3_000))]


def test_a_folder_is_not_searched_below_itself(accounts: Bench) -> None:
    accounts.file("a,b\n1,x\n")
    below = accounts.folder / "files" / "below"
    below.mkdir()
    shutil.copy(accounts.folder / "files" / "rows.csv", below / "rows2.csv")
    accounts.run()
    assert told(accounts) == [("1", "x")]


def test_files_nobody_asks_for_are_listed(accounts: Bench) -> None:
    accounts.file("a,b\n1,x\n")
    readme: Path = accounts.file("hello", name="README.md")
    assert accounts.run().unused == [str(readme)]
