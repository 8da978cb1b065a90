"""From a SELECT of an importer to a query whose rows are events as JSON.

The engine writes the JSON itself, in one pass, because it does so some fifty times faster than
Python. Columns named like attributes of the envelope are the envelope, all others the payload,
NULLs are left out; a column's type decides how it stands in JSON.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from events.catalogue import FIELDS
from services.importers.confinement import objection_to
from services.importers.engine import SETTINGS, ClickHouseError, Client, reason_of
from services.importers.errors import ImporterError, nearest
from services.importers.folder import Importer, Script
from services.importers.staging import ROW, Staged

FILE = "_file"
"""The column with the name of the file a row is from."""

IDENTIFIERS = (
    "id", "subject", "account", "deal", "actor", "correlationid", "causationid", "traceparent"
)  # fmt: skip
"""Attributes of the envelope that name something."""

_ENVELOPE = {"type", "source", "time", "sequence", *IDENTIFIERS}

_TEXT = re.compile(r"^(String|Enum(8|16)|UUID)$")
_WHOLE = re.compile(r"^U?Int(8|16|32|64)$")
_MOMENT = re.compile(r"^(Date|Date32|DateTime|DateTime64)$")
_PLAIN = re.compile(
    r"^(String|UUID|Bool|U?Int(8|16|32|64)|Decimal(32|64|128|256)?|Date(32)?|DateTime(64)?"
    r"|Enum(8|16)|Nullable|LowCardinality|Array|Tuple|Map)$"
)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`")
_WRAPPED = re.compile(r"^(?:Nullable|LowCardinality)\((.*)\)$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a SELECT, as the engine describes it."""

    name: str
    type: str

    @property
    def sql(self) -> str:
        """The column as the outer query names it."""
        return f"made.{quoted(self.name)}"

    @property
    def base(self) -> str:
        """Its type without what wraps it and without parameters: ``DateTime64``."""
        inner = self.type
        while found := _WRAPPED.match(inner):
            inner = found[1]
        return inner.partition("(")[0]


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT that has been checked, as a query.

    Its columns are ``event`` (JSON without a derived id), ``hash`` (32 hexadecimal digits over
    it, empty where the SELECT gave an id), ``type``, ``file`` and ``row`` (empty and 0 where the
    SELECT does not say).
    """

    script: Script
    query: str


def quoted(name: str) -> str:
    """Quote a name for the engine."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(text: str) -> str:
    """Quote a text for the engine."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def inputs_clause(importer: Importer, staged: Mapping[str, Sequence[Staged]]) -> str:
    """Return the WITH clause that makes a table of every input."""
    tables = []
    for name, wanted in importer.about.inputs.items():
        files = staged.get(name, ())
        columns = list(dict.fromkeys(column for file in files for column in file.columns))
        parts = [_file_query(file, columns) for file in files]
        if not parts:
            nothing = ", ".join(f"NULL::Nullable(String) AS {quoted(c)}" for c in wanted.columns)
            parts = [f"SELECT {nothing}, '' AS {FILE}, toUInt64(0) AS {ROW} WHERE false"]
        tables.append(f"{quoted(name)} AS ({' UNION ALL '.join(parts)})")
    return "WITH " + ", ".join(tables)


def _file_query(file: Staged, columns: Sequence[str]) -> str:
    chosen = [quoted(c) if c in file.columns else f"NULL AS {quoted(c)}" for c in columns]
    number = ROW if file.numbered else f"toUInt64(_row_number + 1) AS {ROW}"
    return (
        f"SELECT {', '.join(chosen)}, {literal(file.path.name)} AS {FILE}, {number} "
        f"FROM file({literal(str(file.readable))}, 'Parquet')"
    )


def check(script: Script, importer: Importer, client: Client) -> str:
    """Return the statement as the engine formats it, if it is a SELECT over the inputs alone.

    Raises `ImporterError` with the file, the line and the engine's reason.
    """
    try:
        # Given as a value, the text is parsed and not run, whatever it holds.
        formatted = str(
            client.query(
                "SELECT formatQuery({statement:String})", parameters={"statement": script.sql}
            ).result_rows[0][0]
        )
    except ClickHouseError as error:
        raise ImporterError(_syntax(script, error)) from error
    tree: list[str] = []
    if formatted.startswith(("SELECT", "WITH", "(", "FROM")):
        try:
            rows = client.query(
                f"EXPLAIN QUERY TREE run_passes = 0 SELECT * FROM (\n{formatted}\n)"
            ).result_rows
        except ClickHouseError as error:
            # What can be parsed alone but not inside another query is a clause at its end.
            raise ImporterError(
                f"{script.name} ends with FORMAT or INTO OUTFILE; leave that out"
            ) from error
        tree = [str(row[0]) for row in rows]
    objection = objection_to(formatted, tree, importer.about.inputs)
    if objection is not None:
        raise ImporterError(f"{script.name} {objection}")
    return formatted


def problems_of(importer: Importer, client: Client) -> list[str]:
    """Say what is wrong with an importer's statements as far as no file is needed to see it."""
    problems = []
    for script in importer.scripts:
        try:
            check(script, importer, client)
        except ImporterError as error:
            problems.append(str(error))
    return problems


def prepare(script: Script, importer: Importer, inputs: str, client: Client) -> Statement:
    """Check a script and make its query. `inputs` is what `inputs_clause` returned.

    Raises `ImporterError` that names the script, and the line or column.
    """
    formatted = check(script, importer, client)
    try:
        described = client.query(
            f"DESCRIBE ({inputs} SELECT * FROM (\n{formatted}\n))", settings=SETTINGS
        ).result_rows
    except ClickHouseError as error:
        raise ImporterError(_meaning(script, error)) from error
    columns = [Column(str(row[0]), str(row[1])) for row in described]
    return Statement(script, _query(script, importer, columns, formatted))


def _query(script: Script, importer: Importer, columns: Sequence[Column], formatted: str) -> str:
    given = {column.name: column for column in columns if column.base != "Nothing"}
    for needed in ("type", "time"):
        if needed not in given:
            raise ImporterError(f"{script.name} has no column {needed!r}; every event has one")
    envelope = [("specversion", "String", "'1.0'")]
    if "source" not in given:
        envelope.append(("source", "String", literal(importer.about.source)))
    envelope += [_attribute(script, given[name]) for name in given if name in _ENVELOPE]
    payload = [column for name, column in given.items() if name not in {*_ENVELOPE, FILE, ROW}]
    data = _tuple([_payload_part(script, column) for column in payload])
    event = _tuple([*envelope, ("data", *data)])[1]
    has_id = f"isNotNull({given['id'].sql})" if "id" in given else "false"
    file = f"ifNull(toString({given[FILE].sql}), '')" if FILE in given else "''"
    row = f"toUInt64(ifNull({given[ROW].sql}, 0))" if ROW in given else "toUInt64(0)"
    return (
        "SELECT event, if(has_id, '', lower(hex(substring(SHA256(event), 1, 16)))) AS hash, "
        f"type, file, row FROM (SELECT toJSONString({event}) AS event, {has_id} AS has_id, "
        f"ifNull(toString({given['type'].sql}), '') AS type, {file} AS file, {row} AS row "
        f"FROM (\n{formatted}\n) AS made)"
    )


def _tuple(parts: Sequence[tuple[str, str, str]]) -> tuple[str, str]:
    """Return type and value of a tuple of named parts, each a name, a type and a value."""
    if not parts:
        return "Map(String, String)", "map()"
    # In the order of names, so that turning columns around in a SELECT changes no id.
    parts = sorted(parts)
    kind = f"Tuple({', '.join(f'{quoted(name)} {kind}' for name, kind, _ in parts)})"
    return kind, f"CAST(tuple({', '.join(value for _, _, value in parts)}) AS {kind})"


def _attribute(script: Script, column: Column) -> tuple[str, str, str]:
    """Return name, type and value of an attribute of the envelope."""
    name, base = column.name, column.base
    if name == "time" and _MOMENT.match(base):
        return name, "Nullable(DateTime64(6, 'UTC'))", f"toDateTime64({column.sql}, 6, 'UTC')"
    if name == "sequence" and _WHOLE.match(base):
        return name, column.type, column.sql
    if name != "sequence" and (_TEXT.match(base) or (name in IDENTIFIERS and _WHOLE.match(base))):
        return name, "Nullable(String)", f"toString({column.sql})"
    expected = {
        "time": "a DateTime64, DateTime, Date or a String with an offset",
        "sequence": "a whole number, such as toUInt64(1)",
    }.get(name, "a String")
    raise ImporterError(
        f"{script.name}: the column {name!r} is {column.type}; it must be {expected}"
    )


def _payload_part(script: Script, column: Column) -> tuple[str, str, str]:
    """Return name, type and value of a field of the payload.

    Text for a field that is a number or a flag becomes one where it reads as one. Where it does
    not, it stays the text it is, so that the event is rejected and the reject shows it; a cast
    would make NULL of it and lose it.
    """
    field = FIELDS.get(column.name)
    if field is None:
        known = {*FIELDS, *_ENVELOPE}
        raise ImporterError(
            f"{script.name}: no event has a field {column.name!r}{nearest(column.name, known)}"
        )
    _check_type(script, column)
    base, value = column.base, column.sql
    if base == "String" and field.value in ("count", "score"):
        return column.name, *_read_as("Int64", f"toInt64OrNull({value})", value)
    if base == "String" and field.value == "flag":
        return column.name, *_read_as(
            "Bool",
            f"transform(lower({value}), ['true', 'false'], "
            "[toNullable(true), toNullable(false)], NULL)",
            value,
        )
    if _WHOLE.match(base) and field.value in ("id", "text", "amount", "share"):
        return column.name, "Nullable(String)", f"toString({value})"
    if base.startswith("DateTime") and field.value == "day":
        return column.name, "Nullable(Date32)", f"toDate32({value})"
    if base.startswith("Date") and field.value == "instant":
        return column.name, "Nullable(DateTime64(6, 'UTC'))", f"toDateTime64({value}, 6, 'UTC')"
    return column.name, column.type, value


def _read_as(kind: str, read: str, text: str) -> tuple[str, str]:
    either = f"Variant({kind}, String)"
    return either, f"if(isNull({read}), CAST({text} AS {either}), CAST({read} AS {either}))"


def _check_type(script: Script, column: Column) -> None:
    for part in re.findall(r"(\w+)\s*(?=[(,)]|$)", _QUOTED.sub("", column.type)):
        if part.startswith(("Float", "BFloat")):
            raise ImporterError(
                f"{script.name}: the column {column.name!r} is {column.type}; a float cannot hold "
                f"a sum of money exactly. Cast it: toDecimal64(toString(...), 2)"
            )
        if not _PLAIN.match(part) and not part.isdigit():
            raise ImporterError(
                f"{script.name}: the column {column.name!r} is {column.type}; cast {part} to "
                "String, a whole number, a Decimal, a Date or a DateTime"
            )


def _syntax(script: Script, error: ClickHouseError) -> str:
    """Say what is wrong with a script that cannot be parsed, and where."""
    told = str(error)
    if "Multi-statements are not allowed" in told:
        return f"{script.name} holds more than one statement; write one SELECT a file"
    # The engine appends the statement it ran, which here is the whole text once more.
    found = re.search(
        r"failed at position (\d+) \((.*?)\)(?: \(line (\d+), col (\d+)\)|:)", told, re.DOTALL
    )
    if found is None:
        return f"{script.name}: {reason_of(error)}"
    position, near, line, column = found.groups()
    return f"{script.name}, line {line or 1}, column {column or position}: syntax error at {near!r}"


def _meaning(script: Script, error: ClickHouseError) -> str:
    """Say what is wrong with a script that can be parsed, and the line that first names it."""
    reason = reason_of(error)
    named = re.search(r"`([^`]+)`", reason)
    for number, line in enumerate(script.sql.splitlines(), 1):
        if named is not None and re.search(rf"(?<!\w){re.escape(named[1])}(?!\w)", line):
            return f"{script.name}, line {number}: {reason}"
    return f"{script.name}: {reason}"
