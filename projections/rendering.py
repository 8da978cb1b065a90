"""From definitions to statements: one text of a derivation or a question, in all its uses.

A derivation reads `effective`, a reading reads `rows`, a question reads tables and questions by
their bare names and the clock as `as_of()`. Rendering puts in their place what the use asks for:
the slice of a round, the whole ledger as of two clocks, the stored rows.
"""

import re
from string import Template

from projections.columns import payload_columns
from projections.registry import (
    EFFECTIVE,
    SOURCE,
    Definitions,
    DerivedTable,
    Question,
    header_of,
    without_comments,
)

AT_PARAMETERS = "as_of = {as_of:String}, known_at = {known_at:String}"
COLUMNS = payload_columns()


def moment(parameter: str) -> str:
    """Return the expression that reads a time given as a string; a bare day means its end."""
    given = f"{{{parameter}:String}}"
    return (
        f"parseDateTime64BestEffort(if(length({given}) = 10, "
        f"concat({given}, ' 23:59:59.999999'), {given}), 6, 'UTC')"
    )


def _effective(reading: str, ledger: str) -> str:
    """Return the effective reading, by whole keys, by day and rep, or by what people filter on."""
    beaten = "(partition, offset) IN (SELECT partition, offset FROM sales.conflicts)"
    scopes = {
        "key": ("", "", "arrayJoin(homes)", "0"),
        "day": (
            "filed_day, filed_actor,",
            "toDate32(filed_time) AS filed_day, actor AS filed_actor,",
            "homes[1]",
            beaten,
        ),
        "people": (
            "filed_account, filed_deal, filed_actor,",
            "account AS filed_account, deal AS filed_deal, actor AS filed_actor,",
            "homes[1]",
            beaten,
        ),
    }
    scope, definitions, home, lost = scopes[reading]
    if reading == "day":
        home = "arrayJoin(homes)"
    return Template(EFFECTIVE).substitute(
        scope=scope, definitions=definitions, home=home, ledger=ledger, beaten=lost
    )


def ledger_of(table: DerivedTable) -> str:
    """Return the ledger in the order that suits the table's reading."""
    return "sales_store.events" if table.reading == "key" else "sales_store.events_by_day"


def effective_slice(reading: str, fields: frozenset[str], where: str) -> str:
    """Return the effective events of what was touched, with the payload fields asked for."""
    ledger = "sales_store.events" if reading == "key" else "sales_store.events_by_day"
    return _with_fields(_effective(reading, f"{ledger} WHERE {where}"), fields)


def _with_fields(effective: str, fields: frozenset[str]) -> str:
    picked = "".join(f",\n    {COLUMNS[name].expression} AS {name}" for name in sorted(fields))
    return f"SELECT *{picked}\nFROM\n(\n{effective}\n)"


def fields_of(table: DerivedTable) -> frozenset[str]:
    """Return the payload fields that a derivation names."""
    words = set(re.findall(r"[a-z_][a-z0-9_]*", without_comments(table.derive_sql)))
    return frozenset(words & COLUMNS.keys())


def derivation(table: DerivedTable, source: str) -> str:
    """Return the derivation reading from `source`: a table name or a subquery in parentheses."""
    return re.sub(r"\bFROM effective\b", f"FROM {source} AS effective", table.derive_sql)


def reading(table: DerivedTable, source: str) -> str:
    """Return the reading that people see, over `source`."""
    return re.sub(r"\bFROM rows\b", f"FROM {source} AS rows", table.read_sql)


def stored_rows(generation: str) -> str:
    """Return the rows of a generation, neither superseded nor deleted."""
    return f"(SELECT * FROM sales_store.{generation} FINAL WHERE is_deleted = 0)"


def table_now(table: DerivedTable, generation: str) -> str:
    """Return what people read as the table, from the stored rows of a generation."""
    return reading(table, stored_rows(generation))


def table_at(table: DerivedTable) -> str:
    """Return the same as of two clocks, derived from the ledger by the same text.

    `known_at` bounds what goes into the effective reading, `as_of` what comes out of it.
    """
    known = f"{ledger_of(table)} WHERE recorded_at <= {moment('known_at')}"
    told = _with_fields(_effective(table.reading, known), fields_of(table))
    happened = f"(SELECT * FROM ({told}) WHERE live AND time <= {moment('as_of')})"
    return reading(table, f"(SELECT * FROM ({derivation(table, happened)}) WHERE is_deleted = 0)")


_EVENT_COLUMNS = """
    type, time, sequence, source, id, subject, filed_account AS account, filed_deal AS deal,
    filed_actor AS actor, correlationid, causationid, recorded_at, partition, offset,
    if(amended_by = 1, amended_at, NULL) AS corrected_at, key, data"""

EVENT_COMMENTS = {
    "type": "type of the event",
    "time": "when it happened, after correction",
    "sequence": "breaks ties of time",
    "source": "where the event comes from",
    "id": "names the event together with source",
    "subject": "what the event is about, empty where not told",
    "account": "customer account, empty where none",
    "deal": "deal, empty where none",
    "actor": "sales rep, empty where none",
    "correlationid": "correlation id, empty where none",
    "causationid": "causation id, empty where none",
    "recorded_at": "when the tape learnt it",
    "partition": "partition of the tape",
    "offset": "place in the partition",
    "corrected_at": "when the tape learnt its correction, NULL where it has none",
    "key": "partition key: the home of what the event is about",
    "data": "payload, JSON",
} | {column.name: column.comment for column in COLUMNS.values()}


def _events(ledger: str, bound: str) -> str:
    fields = "".join(
        f",\n    {column.expression} AS {name}"
        for name, column in COLUMNS.items()
        if name not in ("key", "data")
    )
    effective = _effective("people", ledger)
    return f"SELECT{_EVENT_COLUMNS}{fields}\nFROM\n(\n{effective}\n)\nWHERE live{bound}"


def events_now() -> str:
    """Return the effective events as people read them: one row per live event."""
    return _events("sales_store.events", "")


def events_at() -> str:
    """Return the effective events as of two clocks."""
    return _events(
        f"sales_store.events WHERE recorded_at <= {moment('known_at')}",
        f" AND time <= {moment('as_of')}",
    )


def question_now(question: Question, definitions: Definitions) -> str:
    """Return a question as of now."""
    sql = without_comments(question.sql).replace("as_of()", "now64(6, 'UTC')")
    return _rename(sql, definitions, "")


def question_at(question: Question, definitions: Definitions) -> str:
    """Return a question as of two clocks, reading everything as of the same two."""
    sql = without_comments(question.sql).replace("as_of()", moment("as_of"))
    return _rename(sql, definitions, f"_at({AT_PARAMETERS})")


def _rename(sql: str, definitions: Definitions, suffix: str) -> str:
    known = definitions.readable

    def renamed(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in known:
            return match[0]
        alias = match["alias"] or f" AS {name}"
        return f"{match['verb']} sales.{name}{suffix}{alias}"

    return SOURCE.sub(renamed, sql)


def column_comments(table: DerivedTable) -> dict[str, str]:
    """Return the comments of the columns people read: the stored ones, then the reading's own."""
    stored = dict(re.findall(r"^\s+([a-z_]+)\s.*COMMENT '([^']*)',?$", table.table_sql, re.M))
    spread = re.findall(
        r"^    ([a-z_]+)\s+Array\(Tuple\(.*?COMMENT '([^']*)'", table.table_sql, re.M | re.S
    )
    return {**dict(spread), **stored, **header_of(table.read_sql)[1]}
