"""What the engine's own parser makes of a text: its syntax tree, and one canonical way to write it.

The text travels to the parser as a value, so nothing in it is run. What is judged is the tree of
the canonical text, and it is that text that runs later: comments, odd quoting and several
statements in one do not come this far.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.reading.refusals import QueryFailed, Refused, SeveralStatements, failure_of

MAX_CHARACTERS = 200_000

Node = dict[str, Any]
"""A node of the syntax tree: its `type`, and what belongs to it by name."""

_CANONICAL = "SELECT formatQuerySingleLine({sql:String})"
_TREE = "SELECT parseQueryToJSON({sql:String})"
_WRITTEN = "SELECT formatQueryFromJSON({tree:String})"

# The parser writes these without a tree; the tree of a SELECT that reads the same names stands in.
_WITHOUT_TREE = re.compile(
    r"^(?P<verb>DESCRIBE TABLE|SHOW CREATE (?:TABLE|VIEW)|EXISTS (?:TABLE|VIEW)) (?P<rest>.+)$",
    re.DOTALL,
)
_SHOW_FUNCTIONS = re.compile(
    r"^SHOW FUNCTIONS( I?LIKE '(?:[^'\\]|\\.)*')?(?P<format> FORMAT \w+)?$"
)
_NO_TREE = "does not support JSON serialization"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, as the parser understands it."""

    verb: str
    """What it begins with in canonical writing: SELECT, SHOW TABLES, INSERT INTO, …"""
    text: str
    """Its canonical text, as written, with FORMAT and SETTINGS where it has them."""
    tree: Node | None
    """Its tree; None where it has none and needs none."""
    describes: str | None = None
    """For what the parser gives no tree for: the verb in front of what `tree` reads."""


def parse(client: Client, sql: str) -> Statement:
    """Parse a text. Raises `QueryFailed` where it is no statement, `Refused` where it is several.

    `Refused` as well for a statement that the parser has no tree for: none of those only reads.
    """
    text = canonical(client, sql)
    verb = _verb_of(text)
    if _SHOW_FUNCTIONS.match(text):
        return Statement("SHOW FUNCTIONS", text, None)
    if found := _WITHOUT_TREE.match(text):
        stands_in = f"SELECT * FROM {found['rest']}"
        return Statement(found["verb"], text, _tree(client, stands_in, verb), found["verb"])
    return Statement(verb, text, _tree(client, text, verb))


def canonical(client: Client, sql: str) -> str:
    """Return the one statement of a text as the parser writes it, FORMAT and SETTINGS at its end.

    Raises `QueryFailed` where it is no statement, `SeveralStatements` where it is several.
    """
    _check_characters(sql)
    return _ask(client, _CANONICAL, {"sql": sql})


def write(client: Client, tree: Node) -> str:
    """Return the canonical text of a tree."""
    try:
        written = json.dumps(tree, ensure_ascii=False)
    except RecursionError as error:
        raise Refused("the statement is nested too deeply") from error
    return _ask(client, _WRITTEN, {"tree": written})


def nodes(tree: Node) -> Iterator[Node]:
    """Yield every node of a tree, parents first. Values of literals are not nodes."""
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            yield node
            if node.get("type") not in ("Literal", "SetQuery"):
                waiting.extend(value for value in node.values() if isinstance(value, dict | list))


def parameters_of(tree: Node) -> Mapping[str, str]:
    """Return the parameters that a statement has a place for: name to type."""
    return {
        node["name"]: node["param_type"]
        for node in nodes(tree)
        if node.get("type") == "QueryParameter"
    }


def _check_characters(sql: str) -> None:
    if not sql.strip():
        raise QueryFailed("the statement is empty", 62)
    if len(sql) > MAX_CHARACTERS:
        raise QueryFailed(
            f"the statement has {len(sql):,} characters; at most {MAX_CHARACTERS:,} are taken", 62
        )
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise QueryFailed(f"character {error.start + 1} is no Unicode character", 62) from error


def _ask(client: Client, sql: str, parameters: dict[str, str]) -> str:
    try:
        raw = client.raw_query(sql, parameters=parameters, fmt="RawBLOB")
    except ClickHouseError as error:
        failure = failure_of(error)
        if "Multi-statements are not allowed" in failure.message:
            raise SeveralStatements(
                "only one statement at a time; leave out what follows the ;"
            ) from error
        raise failure from error
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Refused("text that is not UTF-8 is not taken; write bytes as unhex('…')") from error


def _tree(client: Client, text: str, verb: str) -> Node:
    try:
        written = _ask(client, _TREE, {"sql": text})
    except QueryFailed as failure:
        if _NO_TREE in failure.message:
            raise Refused(f"{verb} is not allowed; only reading is") from failure
        raise
    try:
        tree: Node = json.loads(written)
    except RecursionError as error:
        raise Refused("the statement is nested too deeply") from error
    return tree


def _verb_of(text: str) -> str:
    words = re.match(r"[A-Z]+(?: (?:TABLE|VIEW|INTO|DATABASE|FUNCTION|QUERY|CREATE)\b)*", text)
    return words[0] if words else "this statement"
