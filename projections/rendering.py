"""From definitions to statements: one text of a derived table, in all its uses.

A derivation reads `effective`, a reading reads `rows`. Rendering puts in their place what the use
asks for: the slice of a round, the whole ledger as of two clocks, the stored rows. The forms of a
question are `projections.forms`' matter.
"""

import re
from collections.abc import Mapping, Set
from dataclasses import replace
from string import Template

from projections.columns import parsed_once, payload_columns
from projections.header import header_of
from projections.registry import (
    ALONE,
    EFFECTIVE,
    DerivedTable,
    without_comments,
)

COLUMNS = payload_columns()
MOMENT = "moment"
"""The place of an event in the order of all that are read, numbered only where it is asked for."""
PLACE, AMENDS = "place", "amends"
"""Columns of a plain slice that no derivation knows."""
EVENT = (
    "deal", "account", "actor", "source", "id", "positions", "contested", "live", "type", "time",
    "sequence", "subject", "correlationid", "causationid", "recorded_at", "partition", "offset",
    "amended_at", "amended_by", "data",
)  # fmt: skip
"""The columns of an effective event, beside those of its scope and the payload fields."""


def moment(parameter: str) -> str:
    """Return the expression that reads a time given as a string; a bare day means its end."""
    given = f"{{{parameter}:String}}"
    return (
        f"parseDateTime64BestEffort(if(length({given}) = 10, "
        f"concat({given}, ' 23:59:59.999999'), {given}), 6, 'UTC')"
    )


BEATEN = "(partition, offset) IN (SELECT partition, offset FROM sales.conflicts)"
TARGET_SOURCE = "if(kind > 0, ref_source, source)"
TARGET_ID = "if(kind > 0, ref_id, id)"
ORIGINAL_HOME = "(original.deal, original.account, original.actor, original.type)"
SCOPES: dict[str, dict[str, str]] = {
    "key": {},
    "deal": {"filed_deal": "deal"},
    "day": {
        "filed_day": "toDate32(filed_time)",
        "filed_actor": "actor",
        "filed_home": "if(actor = '', key, '')",
    },
    "people": {
        "filed_account": "account",
        "filed_deal": "deal",
        "filed_actor": "actor",
    },
}
"""Reading to the columns that narrow it beside the key, and what they are over the ledger."""
LEDGERS = {
    "key": "sales_store.events",
    "deal": "sales_store.events",
    "day": "sales_store.events_by_day",
    "people": "sales_store.events",
}
"""Reading to the ledger in the order that suits it."""


def scope_of(reading: str) -> Mapping[str, str]:
    """Return the columns that name a scope of a reading, and what they are over the ledger."""
    return SCOPES[reading] if reading == "day" else {"key": "key", **SCOPES[reading]}


def _effective(reading: str, ledger: str, only: str) -> str:
    """Return the effective reading of the rows of `ledger` that meet the condition `only`."""
    return Template(EFFECTIVE).substitute(
        _places(reading, ledger),
        home=ORIGINAL_HOME if reading == "people" else "arrayJoin(homes)",
        only=only,
    )


def _alone(reading: str, ledger: str, only: str, **more: str) -> str:
    """Return the effective events of the records that need no judging.

    With `more` columns, name to what it is over the ledger.
    """
    places = _places(reading, ledger)
    places["scope"] += "".join(f"{name}, " for name in more)
    places["definitions"] += "".join(f"{what} AS {name}, " for name, what in more.items())
    return Template(ALONE).substitute(places, only=only)


def plain_slice(reading: str, named: frozenset[str], only: str) -> str:
    """Return the records that meet the condition `only`, each as if it stood alone in its group.

    With the columns of effective events and the payload fields that are `named`, the columns of
    the scope, and what `judged_scopes` goes by: `PLACE`, the hash of the group, and `AMENDS`,
    true for a record that stands for none by itself.
    """
    ledger = LEDGERS[reading]
    places = _places(reading, ledger)
    judged = _judged_by(places)
    wanted = {"key", *scope_of(reading), *judged, *named}
    told = _with_fields(_alone(reading, ledger, only, **judged), named)
    return f"SELECT {', '.join(sorted(wanted))} FROM\n(\n{told}\n)"


def grouped(reading: str, only: str, ledger: str | None = None) -> str:
    """Return the records that meet the condition `only` with what they are judged by alone: their
    scope, `PLACE` and `AMENDS`. A subquery in parentheses, as a plain slice is a table.
    """
    places = _places(reading, ledger or LEDGERS[reading])
    told = {**scope_of(reading), **_judged_by(places)}
    columns = ", ".join(f"{what} AS {name}" for name, what in told.items())
    return f"(SELECT {columns} FROM {places['ledger']} WHERE {only})"


def _judged_by(places: Mapping[str, str]) -> dict[str, str]:
    """Return what a group is told by, and what stands for no event by itself, over the ledger."""
    return {PLACE: places["place"], AMENDS: f"kind > 0 OR {places['beaten']}"}


def records_and_judged(source: str) -> str:
    """Return the statement that tells how many records there are in a plain slice or in what
    `grouped` returns, and how many groups of them must be judged.
    """
    return (
        f"SELECT sum(together), countIf(together > 1 OR amended) FROM (SELECT count() AS together, "
        f"max({AMENDS}) AS amended FROM {source} GROUP BY {PLACE})"
    )


def judged_scopes(reading: str, source: str) -> str:
    """Return the scopes, of the same, with groups that must be judged."""
    return (
        f"SELECT DISTINCT {', '.join(scope_of(reading))} FROM {source} "
        f"WHERE {PLACE} IN ({crowded(source)})"
    )


def crowded(source: str) -> str:
    """Return the groups, of the same, that must be judged, as hashes."""
    return f"SELECT {PLACE} FROM {source} GROUP BY {PLACE} HAVING count() > 1 OR max({AMENDS})"


def effective_slice(
    reading: str,
    fields: frozenset[str],
    only: str,
    judged: str,
    ledger: str | None = None,
) -> str:
    """Return the effective events of the records that meet the condition `only`, with the payload
    fields asked for.

    `judged` is where the groups to be judged stand: a table or a subquery in parentheses with the
    rows of `crowded`. Both must see the same rows: one statement
    does, or a copy of them as `ledger`.
    """
    ledger = ledger or LEDGERS[reading]
    place = _places(reading, ledger)["place"]
    return _with_fields(
        f"{_alone(reading, ledger, f'{only} AND {place} NOT IN {judged}')}\nUNION ALL\n"
        f"{_effective(reading, ledger, f'{only} AND {place} IN {judged}')}",
        fields,
    )


def _places(reading: str, ledger: str) -> dict[str, str]:
    scope = SCOPES[reading]
    grouped = ", ".join([*scope.values(), "key", TARGET_SOURCE, TARGET_ID])
    return {
        "place": f"cityHash64({grouped})",
        "scope": "".join(f"{name}, " for name in scope),
        "definitions": "".join(f"{what} AS {name}, " for name, what in scope.items()),
        "ledger": ledger,
        "digest": "digest," if ledger in LEDGERS.values() else "",
        "beaten": BEATEN if scope else "0",
        "target_source": TARGET_SOURCE,
        "target_id": TARGET_ID,
    }


def _with_fields(effective: str, fields: frozenset[str]) -> str:
    """Return effective events with payload fields and, where asked for, `MOMENT`."""
    parsed, picked = parsed_once(COLUMNS[name] for name in sorted(fields & COLUMNS.keys()))
    told = "".join(f",\n    {how} AS {name}" for name, how in picked.items())
    if MOMENT in fields:
        told = f", row_number() OVER (ORDER BY time, sequence, source, id) AS {MOMENT}{told}"
    return (
        f"{f'WITH {parsed} AS payload' if picked else ''}\nSELECT *{told}\nFROM\n(\n{effective}\n)"
    )


def fields_of(table: DerivedTable) -> frozenset[str]:
    """Return what a derivation names of what must be worked out: payload fields, and `moment`."""
    return _named(table.derive_sql, COLUMNS.keys() | {MOMENT})


def named_by(table: DerivedTable) -> frozenset[str]:
    """Return what a derivation names of effective events: columns, payload fields, and `moment`.

    Where it may take columns over by a star, those that are stored are named, too.
    """
    stored = re.findall(r"^\s+`?([a-z_]\w*)`?\s", without_comments(table.table_sql), re.MULTILINE)
    text = " ".join([table.derive_sql, *stored] if "*" in table.derive_sql else [table.derive_sql])
    beside = {"actor"} if table.reading == "day" else {"deal"} if table.reading == "deal" else set()
    return fields_of(table) | _named(text, {*EVENT}) | beside


def fields_named(sql: str) -> frozenset[str]:
    """Return the payload fields that a text names."""
    return _named(sql, COLUMNS.keys())


def _named(sql: str, names: Set[str]) -> frozenset[str]:
    return frozenset(set(re.findall(r"[a-z_][a-z0-9_]*", without_comments(sql))) & names)


def derivation(table: DerivedTable, source: str) -> str:
    """Return the derivation reading from `source`: a table name or a subquery in parentheses.

    One by deal sees no event without a deal; one by day that says nothing of homes is by day and
    rep, and sees none without a rep.
    """
    if table.reading == "deal":
        source = f"(SELECT * FROM {source} WHERE deal != '')"
    elif table.reading == "day" and "filed_home" not in table.derive_sql:
        source = f"(SELECT * FROM {source} WHERE actor != '')"
    return _put(table.derive_sql, "effective", source)


def _reading(sql: str, source: str) -> str:
    """Return a reading, what people see of derived rows, over `source`."""
    return _put(sql, "rows", source)


def _put(sql: str, name: str, source: str) -> str:
    """Return a text that reads from `source` where it reads from `name`."""
    # By a function: a replacement given as text is parsed, escapes and all, which takes long.
    return re.sub(rf"\bFROM {name}\b", lambda _: f"FROM {source} AS {name}", sql)


def stored_rows(generation: str) -> str:
    """Return the rows of a generation, neither superseded nor deleted."""
    return f"(SELECT * FROM sales_store.{generation} FINAL WHERE is_deleted = 0)"


def table_now(table: DerivedTable, generation: str) -> str:
    """Return what people read as the table, from the stored rows of a generation."""
    rows = stored_rows(generation)
    reading = _reading(table.read_sql, rows)
    if table.read_stored_sql is None:
        return reading
    return _put(_reading(table.read_stored_sql, rows), "reading", f"({reading})")


def table_at(table: DerivedTable) -> str:
    """Return the same as of two clocks, derived from the ledger by the same text.

    `known_at` bounds what goes into the effective reading, `as_of` what comes out of it.
    """
    known = f"recorded_at <= {moment('known_at')}"
    judged = f"({crowded(grouped(table.reading, known))})"
    told = effective_slice(table.reading, fields_of(table), known, judged)
    happened = f"(SELECT * FROM ({told}) WHERE live AND time <= {moment('as_of')})"
    # A derivation may look into the ledger besides: there, too, only what was known is seen.
    ledger = LEDGERS["key"]
    bounded = f"FROM (SELECT *, digest FROM {ledger} WHERE {known})"
    known_only = replace(table, derive_sql=table.derive_sql.replace(f"FROM {ledger}", bounded))
    return _reading(
        table.read_sql,
        f"(SELECT * FROM ({derivation(known_only, happened)}) WHERE is_deleted = 0)",
    )


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


def _events(known: str, bound: str) -> str:
    fields = "".join(
        f",\n    {column.expression} AS {name}"
        for name, column in COLUMNS.items()
        if name not in ("key", "data")
    )
    effective = _effective("people", LEDGERS["people"], known)
    return f"SELECT{_EVENT_COLUMNS}{fields}\nFROM\n(\n{effective}\n)\nWHERE live{bound}"


def events_now() -> str:
    """Return the effective events as people read them: one row per live event."""
    return _events("1", "")


def events_at() -> str:
    """Return the effective events as of two clocks."""
    return _events(
        f"recorded_at <= {moment('known_at')}",
        f" AND time <= {moment('as_of')}",
    )


def column_comments(table: DerivedTable) -> dict[str, str]:
    """Return the comments of the columns people read: the stored ones, then the reading's own."""
    stored = dict(re.findall(r"^\s+([a-z_]+)\s.*COMMENT '([^']*)',?$", table.table_sql, re.M))
    spread = re.findall(
        r"^    ([a-z_]+)\s+Array\(Tuple\(.*?COMMENT '([^']*)'", table.table_sql, re.M | re.S
    )
    return {**dict(spread), **stored, **header_of(table.read_sql).columns}
