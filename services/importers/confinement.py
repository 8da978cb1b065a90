"""What the SQL of an importer may do: read its inputs, and nothing else.

A folder may come from anyone, so its SQL reaches no other file, table or address; and the same
files must give the same events, so it asks neither the clock nor chance. Checked on the engine's
own reading of the statement, before anything of it runs.
"""

import re
from collections.abc import Iterable, Sequence

from services.importers.errors import nearest

_TABLE_FUNCTIONS = {"numbers", "generateseries", "generate_series", "values", "zeros", "null"}
_READING = {"file", "catboostevaluate", "evalmlmethod", "hascolumnintable"}
_READING_PREFIXES = ("dict", "joinget", "region", "ai")
_CHANGING = {
    "now", "now64", "nowinblock", "now64inblock", "today", "yesterday", "current_date",
    "current_timestamp", "curdate", "localtime", "utctimestamp", "utc_timestamp", "hostname",
    "fqdn", "serveruuid", "currentuser", "user", "currentdatabase", "database", "uptime",
    "version", "queryid", "query_id", "initialqueryid", "canonicalrand", "fuzzbits", "fuzzquery",
    "blocknumber", "blocksize",
}  # fmt: skip
_CHANGING_PREFIXES = ("rand", "generateuuid", "generateulid", "generatesnowflake")

_NODE = re.compile(r"^(?P<indent> *)(?P<label>[A-Z_]+(?: [A-Z]+)*)(?: id: (?P<rest>.*))?")
_NAME = re.compile(r".*\b(?:(?:table_)?function_name|identifier|cte_name): (?P<name>[^,]+)")
_ESCAPED_NAME = re.compile(r"`[^`\\]*\\")
_TABLE_PLACES = {"JOIN TREE", "TABLE EXPRESSION", "LEFT TABLE EXPRESSION", "RIGHT TABLE EXPRESSION"}


def objection_to(statement: str, tree: Sequence[str], inputs: Iterable[str]) -> str | None:
    """Say what a statement may not do, or return None.

    `statement` is the text as the engine formats it, `tree` the lines of its ``EXPLAIN QUERY TREE
    run_passes = 0``, `inputs` the tables it may read.
    """
    if not statement.startswith(("SELECT", "WITH", "(", "FROM")):
        return "is not a SELECT; every row of a SELECT is an event"
    # A name with a line break in it could pass for another line of the tree.
    if _ESCAPED_NAME.search(statement):
        return "has a quoted name with a backslash in it"
    nodes = [_NODE.match(line) for line in tree]
    known = {*inputs, "system.one"}
    known |= {_name_in(line) for line in tree if "is_cte: 1" in line}
    parent = ""
    for line, node in zip(tree, nodes, strict=True):
        if node is None:
            continue
        label = node["label"]
        if label in ("FUNCTION", "TABLE_FUNCTION"):
            objection = _objection_to_function(_name_in(line), table=label == "TABLE_FUNCTION")
            if objection is not None:
                return objection
        if label == "IDENTIFIER" and parent in _TABLE_PLACES and _name_in(line) not in known:
            name, tables = _name_in(line), sorted(known - {"system.one"})
            return (
                f"reads {name!r}, which is no input{nearest(name, tables)}; "
                f"its inputs are {', '.join(tables)}"
            )
        parent = label
    return None


def _name_in(line: str) -> str:
    # Greedy, because an alias, which may hold anything, comes before the name.
    found = _NAME.match(line)
    return found["name"].strip() if found is not None else ""


def _objection_to_function(name: str, *, table: bool) -> str | None:
    folded = name.lower()
    if table:
        if folded in _TABLE_FUNCTIONS:
            return None
        return f"reads from {name}(); only the inputs named in about.toml are read"
    if not name or folded in _READING or folded.startswith(_READING_PREFIXES):
        return f"calls {name}(); only the inputs named in about.toml are read"
    if folded in _CHANGING or folded.startswith(_CHANGING_PREFIXES):
        return f"calls {name}(), which is different every time; a second import would double events"
    return None
