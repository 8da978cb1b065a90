"""Judges the texts of derived tables and questions: what an analyst may not write, and where.

Looks at the files alone; whether the engine takes them is `services.projector.trial`'s matter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from projections import forms
from projections.registry import HERE, Definitions, DerivedTable, Question

CLOCK = re.compile(
    r"\b(now|now64|nowInBlock|today|yesterday|utc_?timestamp|curdate|current_(?:date|timestamp))\s*\(",
    re.IGNORECASE,
)
CHANCE = re.compile(
    r"\b(rand\w*|generate\w+|array(?:Partial)?Shuffle|arrayRandomSample|fuzz\w+)\s*\("
)
PLACE = re.compile(
    r"\b(rowNumberIn\w+|blockNumber|blockSize|neighbor|running\w+|hostName|"
    r"quantile|quantiles|median|quantileTDigest\w*|groupArraySample)\s*\("
)
JOINS = re.compile(r"(?<!ARRAY )\b(JOIN)\b", re.IGNORECASE)
FINAL = re.compile(r"\b(FINAL)\b", re.IGNORECASE)
STORE = re.compile(r"\b(sales_store)\b")
QUALIFIED = re.compile(r"\b(?:FROM|JOIN)\s+(sales)\s*\.", re.IGNORECASE)
READS = re.compile(r"\b(?P<verb>FROM|JOIN)\s+(?P<name>[A-Za-z_][\w.]*)", re.IGNORECASE)
NAMED = re.compile(r"\b([A-Za-z_]\w*)\s+AS\s*\(\s*(?:SELECT|WITH)\b", re.IGNORECASE)
QUIET = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:\\.|''|[^'\\])*'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a definition. `line` counts from 1; None where no line is to blame."""

    path: Path
    line: int | None
    problem: str

    @property
    def place(self) -> str:
        """The file, and the line where there is one: ``deals/derive.sql:12``."""
        return str(self.path) if self.line is None else f"{self.path}:{self.line}"


def judge(definitions: Definitions) -> list[Finding]:
    """Return what is wrong with the texts, table by table, then question by question."""
    findings: list[Finding] = []
    for table in definitions.tables.values():
        findings += _derivation(table)
        findings += _stored(table)
        findings += _reading(table)
    for question in definitions.questions.values():
        findings += _question(question, definitions)
    return findings


def bare(sql: str) -> str:
    """Return the statement with comments and quoted text blanked out, every place kept."""
    return QUIET.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), sql)


def line_of(sql: str, word: str) -> int | None:
    """Return the first line that has a word outside comments and quoted text."""
    found = re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", bare(sql))
    return None if found is None else _line_at(sql, found.start())


def _line_at(sql: str, place: int) -> int:
    return sql.count("\n", 0, place) + 1


def _each(path: Path, sql: str, pattern: re.Pattern[str], problem: str) -> Iterator[Finding]:
    """Yield a finding a match, with ``{}`` in `problem` standing for what was found."""
    for match in pattern.finditer(bare(sql)):
        yield Finding(path, _line_at(sql, match.start(1)), problem.format(match[1]))


def _derivation(table: DerivedTable) -> Iterator[Finding]:
    path, sql = table.folder / "derive.sql", table.derive_sql
    text = bare(sql)
    yield from _each(
        path,
        sql,
        CLOCK,
        "{}() reads the clock: a row must be a function of its events alone; ask for the time in a "
        "question, as as_of()",
    )
    yield from _each(path, sql, re.compile(r"\b(as_of)\s*\("), "{}() is for questions only")
    yield from _each(path, sql, CHANCE, "{}() gives another value each time")
    yield from _each(
        path,
        sql,
        PLACE,
        "{}() depends on how the rows arrive; use an exact function, such as quantileExact, or "
        "sort first",
    )
    yield from _each(
        path,
        sql,
        JOINS,
        "a derivation has no {}: reference data is joined when it is read, in a question",
    )
    if not re.search(r"\bFROM effective\b", text):
        yield Finding(path, None, "reads no `FROM effective`, in these letters: it derives nothing")
    if table.folder.parent == HERE:
        return  # `conflicts` looks at records that the effective reading leaves out
    named = {match[1] for match in NAMED.finditer(text)}
    for match in READS.finditer(text):
        if match["verb"].upper() == "FROM" and match["name"] not in named | {"effective"}:
            yield Finding(
                path,
                _line_at(sql, match.start("name")),
                f"reads {match['name']}: a derivation reads `effective` and nothing else",
            )


def _stored(table: DerivedTable) -> Iterator[Finding]:
    path, sql = table.folder / "table.sql", table.table_sql
    if not re.search(r"\bCREATE TABLE \$table\b", sql):
        yield Finding(path, None, "begins without `CREATE TABLE $table`")
    if not re.search(r"\bReplacingMergeTree\(version, is_deleted\)", sql):
        yield Finding(
            path,
            line_of(sql, "ENGINE"),
            "needs `ENGINE = ReplacingMergeTree(version, is_deleted)`, or late derivations win",
        )
    if not re.search(r"^COMMENT '[^\n]+'\s*\Z", sql, re.MULTILINE):
        yield Finding(path, None, "ends without a line `COMMENT '…'` that says what a row is")


def _reading(table: DerivedTable) -> Iterator[Finding]:
    yield from _one_reading(table.folder / "read.sql", table.read_sql)
    if table.read_stored_sql is not None:
        yield from _one_reading(table.folder / "read_stored.sql", table.read_stored_sql)


def _one_reading(path: Path, sql: str) -> Iterator[Finding]:
    if not re.search(r"\bFROM rows\b", bare(sql)):
        yield Finding(path, None, "reads no `FROM rows`, in these letters: it would show nothing")
    yield from _each(path, sql, CLOCK, "{}() reads the clock; ask for the time in a question")
    yield from _each(path, sql, STORE, "{} is the projector's own; read `rows`")


def _question(question: Question, definitions: Definitions) -> Iterator[Finding]:
    path, sql = question.path, question.sql
    if not question.key:
        yield Finding(path, None, "does not say which columns name a row: add `-- key: a, b`")
    if question.why is None and question.header.why_not is None:
        yield Finding(
            path,
            None,
            "does not say which events are behind a row: add `-- why: <condition over events>`, "
            "with row.<column> for its values, or `-- why: none, because …`",
        )
    for name in (*question.key, *question.explains, *forms.row_columns(question)):
        if name not in question.comments:
            yield Finding(path, None, f"{name} is named in the header and is no column")
    yield from _each(path, sql, CLOCK, "{}() is not known as of another time; use as_of()")
    yield from _each(path, sql, CHANCE, "{}() gives another answer each time")
    yield from _each(path, sql, FINAL, "nobody who reads writes {}: the views show each row once")
    yield from _each(path, sql, STORE, "{} is the projector's own; read tables and questions")
    yield from _each(
        path, sql, QUALIFIED, "write names without `{}.`, or the question ignores its two clocks"
    )
    text = bare(sql)
    for match in NAMED.finditer(text):
        if match[1] in definitions.readable:
            yield Finding(
                path,
                _line_at(sql, match.start(1)),
                f"{match[1]} is the name of a table or question; give this part another",
            )
    for match in READS.finditer(text):
        if match["name"] in definitions.readable and not match["verb"].isupper():
            yield Finding(
                path,
                _line_at(sql, match.start("verb")),
                f"write `{match['verb'].upper()} {match['name']}` in capitals, or it is not found",
            )
