"""The guard of SQL that people write: reading the warehouse, and nothing else.

It judges what the engine's own parser makes of a text, never the text itself, and it knows what is
allowed rather than what is forbidden wherever a statement names where rows come from. The clients
that run what it lets through are read-only besides, so that a gap here is not a gap there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clickhouse_connect.driver.client import Client

from infra.reading import permitted
from infra.reading.refusals import Refused, RefusedFormat
from infra.reading.statement import Node, Statement, nodes, parameters_of, parse, write

STATEMENTS = frozenset(
    {
        "SelectWithUnionQuery",
        "ExplainQuery",
        "ShowTablesQuery",
        "ShowColumnsQuery",
        "ShowIndexesQuery",
    }
)

PARTS = frozenset(
    {
        "ArrayJoin",
        "Asterisk",
        "ColumnsApplyTransformer",
        "ColumnsExceptTransformer",
        "ColumnsListMatcher",
        "ColumnsRegexpMatcher",
        "ColumnsReplaceTransformer",
        "ColumnsReplaceTransformerReplacement",
        "ColumnsTransformerList",
        "ExpressionList",
        "Function",
        "Identifier",
        "InterpolateElement",
        "Literal",
        "OrderByElement",
        "QualifiedAsterisk",
        "QualifiedColumnsListMatcher",
        "QualifiedColumnsRegexpMatcher",
        "QueryParameter",
        "SampleRatio",
        "SelectIntersectExceptQuery",
        "SelectQuery",
        "SelectWithUnionQuery",
        "SetQuery",
        "Subquery",
        "TableExpression",
        "TableIdentifier",
        "TableJoin",
        "TablesInSelectQuery",
        "TablesInSelectQueryElement",
        "WindowDefinition",
        "WindowListElement",
        "WithElement",
    }
)
"""What a statement that reads is made of; what is not listed here is refused."""

EXPLAINED = frozenset(
    {
        "EXPLAIN",
        "EXPLAIN PLAN",
        "EXPLAIN AST",
        "EXPLAIN SYNTAX",
        "EXPLAIN QUERY TREE",
        "EXPLAIN PIPELINE",
        "EXPLAIN ESTIMATE",
        "EXPLAIN ANALYZE",
    }
)

_PLAIN_NAME = re.compile(r"^\w+\Z")
_LISTED = frozenset({"databases", "full", "settings"})
_TABLES_ONLY_KEYS = _LISTED | {
    "type",
    "from",
    "like",
    "not_like",
    "case_insensitive_like",
    "where_expression",
    "limit_length",
    "format_ast",
    "settings_ast",
    "is_outfile_append",
    "is_outfile_truncate",
    "is_into_outfile_with_stdout",
}

_OUTFILE = ("out_file", "is_outfile_append", "is_outfile_truncate", "is_into_outfile_with_stdout")


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement that only reads, ready to be run."""

    text: str
    """What to run: canonical, without FORMAT and SETTINGS."""
    format: str | None = None
    """The output format it asks for."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The settings it asks for, all of them allowed."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The parameters it has a place for: name to type."""
    tables: tuple[str, ...] = ()
    """The tables of `sales` it names, without the database."""
    selects: bool = False
    """Whether it is a SELECT, so that it can stand where a table can."""


def check_statement(client: Client, sql: str) -> None:
    """Raise `Refused` unless the text is one statement that only reads what people may read.

    Raises `QueryFailed` where it is no statement at all.
    """
    judge(client, sql)


def judge(client: Client, sql: str) -> Reading:
    """Return what to run for a text. Raises what `check_statement` raises."""
    statement = parse(client, sql)
    if statement.tree is None:
        text, _, written_format = statement.text.partition(" FORMAT ")
        return Reading(text, allowed_format(written_format) if written_format else None)
    if statement.tree.get("type") not in STATEMENTS:
        raise Refused(f"{statement.verb} is not allowed; only reading is")
    return _reading_of(client, statement, statement.tree)


def _reading_of(client: Client, statement: Statement, tree: Node) -> Reading:
    written_format = _take_format(tree)
    settings = _take_settings(tree)
    for node in nodes(tree):
        _check(node, statement.verb)
    _check_no_settings(tree)
    return Reading(
        text=_text_to_run(client, statement, tree, stripped=bool(written_format or settings)),
        format=written_format,
        settings=settings,
        parameters=parameters_of(tree),
        tables=tuple(_tables_of(tree)),
        selects=tree["type"] == "SelectWithUnionQuery" and statement.describes is None,
    )


def _text_to_run(client: Client, statement: Statement, tree: Node, *, stripped: bool) -> str:
    if not stripped:
        return statement.text
    text = write(client, tree)
    if statement.describes is None:
        return text
    return f"{statement.describes} {text.removeprefix('SELECT * FROM ')}"


def _check(node: Node, verb: str) -> None:
    kind = node.get("type")
    if kind not in PARTS and kind not in STATEMENTS:
        raise Refused(f"{kind or verb} is not allowed; only reading is")
    if any(node.get(key) for key in _OUTFILE):
        raise Refused("INTO OUTFILE is not allowed; it writes a file")
    if check := _CHECKS.get(str(kind)):
        check(node)


def _check_table(node: Node) -> None:
    if node.get("children"):
        raise Refused("a parameter of type Identifier is not allowed; name the table")
    parts = node.get("name_parts") or [node["name"]]
    check_table(parts)


def check_table(parts: list[str]) -> None:
    """Raise `Refused` unless people may read a table, given as its name or database and name."""
    if len(parts) == 1:
        return
    database, table = parts[0], ".".join(parts[1:])
    if database == permitted.DATABASE and len(parts) == 2:
        return
    if database == "system" and table in permitted.SYSTEM_TABLES:
        return
    if database in permitted.SCHEMA_DATABASES and table.lower() in permitted.SCHEMA_TABLES:
        return
    raise Refused(
        f"the table {database}.{table} is not for reading here; people read the database "
        f"{permitted.DATABASE}"
    )


def _check_table_expression(node: Node) -> None:
    function = node.get("table_function")
    if function is None:
        return
    name = function["name"]
    if name.lower() not in permitted.TABLE_FUNCTIONS and not permitted.QUESTION_VIEW.match(name):
        raise Refused(f"the table function {name} is not allowed")


def _check_function(node: Node) -> None:
    name = node["name"]
    _check_function_name(name)
    if name.lower() in permitted.MEMBERSHIP:
        arguments = node.get("arguments", {}).get("children", [])
        for argument in arguments[1:]:
            # What stands behind IN may be a table; a column of that name is not worth the risk.
            if argument.get("type") == "Identifier":
                check_table(argument.get("name_parts") or [argument["name"]])


def _check_function_name(name: str) -> None:
    if permitted.refused_function(name):
        raise Refused(f"the function {name} is not allowed")


def _check_applied(node: Node) -> None:
    if name := node.get("func_name"):
        _check_function_name(name)


def _check_parameter(node: Node) -> None:
    if node["param_type"].strip().lower() == "identifier":
        raise Refused(
            f"the parameter {node['name']} is of type Identifier, which is not allowed; write the "
            "name itself"
        )


def _check_explain(node: Node) -> None:
    if node["kind"] not in EXPLAINED:
        raise Refused(f"{node['kind']} is not allowed; only reading is")


def _check_show_tables(node: Node) -> None:
    odd = [key for key, value in node.items() if value and key not in _TABLES_ONLY_KEYS]
    if odd:
        raise Refused(f"SHOW {odd[0].upper()} is not allowed")
    if place := node.get("from"):
        _check_database(place["name"])


def _check_show_of_table(node: Node) -> None:
    if database := node.get("database"):
        _check_database(database)
    # The engine puts these names into another statement as text.
    if not _PLAIN_NAME.match(node["table"]):
        raise Refused(f"{node['table']!r} cannot be shown; DESCRIBE it")


def _check_database(name: str) -> None:
    if name not in {permitted.DATABASE, "system", *permitted.SCHEMA_DATABASES}:
        raise Refused(
            f"the database {name} is not for reading here; people read {permitted.DATABASE}"
        )


_CHECKS = {
    "TableIdentifier": _check_table,
    "TableExpression": _check_table_expression,
    "Function": _check_function,
    "ColumnsApplyTransformer": _check_applied,
    "QueryParameter": _check_parameter,
    "ExplainQuery": _check_explain,
    "ShowTablesQuery": _check_show_tables,
    "ShowColumnsQuery": _check_show_of_table,
    "ShowIndexesQuery": _check_show_of_table,
}


def _take_format(tree: Node) -> str | None:
    written = tree.pop("format_ast", None)
    return None if written is None else allowed_format(written["name"])


def allowed_format(name: str) -> str:
    """Return the name of an output format. Raises `Refused` for one that is not for people."""
    plain = name.strip("`")
    if not permitted.FORMATS.match(plain):
        raise RefusedFormat(plain)
    return plain


def _take_settings(tree: Node) -> dict[str, str]:
    """Take the SETTINGS at the end of a statement off its tree; return those it has."""
    taken: dict[str, str] = {}
    holder: Node | None = tree
    while holder is not None:
        # Elsewhere `settings` are options of EXPLAIN, or what SHOW lists.
        keys = (
            ("settings_ast", "settings") if holder["type"] == "SelectQuery" else ("settings_ast",)
        )
        for key in keys:
            if key in holder:
                taken |= _settings_of(holder.pop(key))
        holder = _last_select(holder)
    return taken


def _last_select(node: Node) -> Node | None:
    """Return what the SETTINGS at the end of a text belong to, one level down."""
    if node["type"] == "ExplainQuery":
        return node.get("query")
    selects = node.get("list_of_selects", {}).get("children", [])
    return selects[-1] if selects else None


def _settings_of(node: Any) -> dict[str, str]:
    settings = {}
    if not isinstance(node, dict) or node.get("type") != "SetQuery":
        raise Refused("these SETTINGS are not allowed")
    odd = set(node) - {"type", "changes"}
    if odd:
        raise Refused("these SETTINGS are not allowed")
    for change in node["changes"]:
        name, value = change["name"], change["value"].get("value")
        if name not in permitted.SETTINGS:
            raise Refused(f"the setting {name} is not for a statement to change")
        if not isinstance(value, str | int | float):
            raise Refused(f"the setting {name} takes a number or a text")
        settings[name] = str(int(value)) if isinstance(value, bool) else str(value)
    return settings


def _check_no_settings(tree: Node) -> None:
    for node in nodes(tree):
        is_option = tree["type"] == "ExplainQuery" and node is tree.get("settings")
        if node["type"] == "SetQuery" and not is_option:
            raise Refused("SETTINGS stand at the end of the whole statement or nowhere")


def _tables_of(tree: Node) -> list[str]:
    found = []
    for node in nodes(tree):
        if node["type"] == "TableIdentifier":
            parts = node.get("name_parts") or [node["name"]]
            if len(parts) == 1 or parts[0] == permitted.DATABASE:
                found.append(parts[-1])
        elif node["type"] == "TableExpression" and "table_function" in node:
            found.append(node["table_function"]["name"].rpartition(".")[2])
    return found
