"""Where the data of an INSERT begins, however the statement is written."""

import pytest

from services.warehouse.statements import InsertHead, first_word, insert_in


@pytest.mark.parametrize(
    ("text", "sql", "fmt", "data"),
    [
        (b"INSERT INTO t FORMAT Native\n\x01\x02", "INSERT INTO t ", "Native", b"\x01\x02"),
        (b"insert into t format CSV 1,2", "insert into t ", "CSV", b"1,2"),
        (b"INSERT INTO t VALUES (1)", "INSERT INTO t ", "Values", b" (1)"),
        (b'INSERT INTO t (`format`, "values") FORMAT TSV\n\nx', None, "TSV", b"\nx"),
        (b"INSERT INTO t (format, select) FORMAT TSV\nx", None, "TSV", b"x"),
        (b"/* SELECT */ INSERT -- FORMAT\nINTO t FORMAT TSV\nx", None, "TSV", b"x"),
        (b"INSERT INTO FUNCTION file('FORMAT x', CSV) FORMAT CSV\n1", None, "CSV", b"1"),
        (b"INSERT INTO t SETTINGS a = 1 FORMAT RowBinary ;\nFORMAT", None, "RowBinary", b"FORMAT"),
        (b"INSERT INTO t FORMAT /* x */ TSV\n", None, "TSV", b""),
    ],
)
def test_the_data_is_found(text: bytes, sql: str | None, fmt: str, data: bytes) -> None:
    head = insert_in(text)
    assert isinstance(head, InsertHead)
    assert head.format == fmt
    assert text[head.data_at :] == data
    assert sql in (None, head.sql)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"SELECT 1 FORMAT TSV",
        b"INSERT INTO t SELECT 1",
        b"INSERT INTO t WITH 1 AS a SELECT a",
        b"INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        b"INSERT INTO t (a, b)",
        b"EXPLAIN INSERT INTO t VALUES (1)",
        b"INSERT INTO t 'FORMAT CSV",
    ],
)
def test_what_has_no_data_behind_it_is_left_to_the_parser(text: bytes) -> None:
    assert insert_in(text) is None


def test_the_first_word_is_found_behind_comments_and_brackets() -> None:
    assert first_word(b" -- SET\n/* x */ ((select 1))") == "SELECT"
    assert first_word(b"") == first_word(b"'SELECT'") == ""
