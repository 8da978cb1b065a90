"""The engine's errors as people read them: what was wrong, without the engine's own trappings."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from clickhouse_connect.driver.exceptions import ClickHouseError

from services.query.answers import QueryFailed

UNKNOWN_IDENTIFIER = 47
UNKNOWN_TABLE = 60
UNKNOWN_FUNCTION = 46
TIMEOUT_EXCEEDED = 159
MEMORY_LIMIT_EXCEEDED = 241
TOO_MANY_ROWS = 396
TOO_MANY_AT_ONCE = 202

_PREFIX = re.compile(r"^(?:.*?Code: (?P<code>\d+)\. )?(?:DB::Exception: )?", re.DOTALL)
_REPEATED = re.compile(r"Code: \d+\. DB::Exception: ")
_VERSION = re.compile(r"\s*\(version [^()]*(?:\([^()]*\)[^()]*)?\)")
_NAME = re.compile(r"(?:\.?\s*\([A-Z][A-Z0-9_]{3,}\)\.?)+\s*$")
_STACK = re.compile(r"\s*Stack trace:.*", re.DOTALL)
# The engine repeats the statement, with every view in it written out.
_SCOPE = re.compile(r"[:.,]?\s+[Ii]n scope (?:SELECT|WITH|EXPLAIN|DESCRIBE|\().*", re.DOTALL)
_EXPECTED = re.compile(r"Expected one of: (.{200}).*", re.DOTALL)
_ADDED_FORMAT = re.compile(r"\s*\n ?FORMAT Native\b")
_WHERE = re.compile(r":? While executing \w+\.?$")
_UNKNOWN_TABLE = re.compile(
    r"table expression identifier '([^']+)'|Unknown table function ([\w.]+)"
)
_UNKNOWN_COLUMN = re.compile(r"identifier `([^`]+)`|Identifier '([^']+)' cannot be resolved")

_ENGINES_HINT = re.compile(r"\.? *Maybe you meant.*", re.DOTALL)

_MAX_MESSAGE = 1_000


def failure_of(error: ClickHouseError | UnicodeDecodeError) -> QueryFailed:
    """Return an error of the engine with what it says about the statement, and nothing else."""
    if isinstance(error, UnicodeDecodeError):
        return QueryFailed("the name of a column is not UTF-8; give it another with AS")
    text = str(error)
    found = _PREFIX.match(text)
    code = getattr(error, "code", None) or (int(found["code"]) if found and found["code"] else 0)
    return QueryFailed(_trimmed(text[found.end() :] if found else text), code)


def with_limits(
    failure: QueryFailed, max_seconds: float, max_memory: int, max_rows: int
) -> QueryFailed:
    """Return a failure that ran into a limit with what the limit is and what to do."""
    said = {
        TIMEOUT_EXCEEDED: f"it took longer than {max_seconds:g} seconds; ask for less at a time, "
        "or raise SALESTAPE_QUERY_MAX_SECONDS",
        MEMORY_LIMIT_EXCEEDED: f"it needs more than {max_memory / 2**20:,.0f} MiB of memory; ask "
        "for less at a time, or raise SALESTAPE_QUERY_MAX_MEMORY_BYTES",
        TOO_MANY_ROWS: f"the answer has more than {max_rows:,} rows; sum it up or add a LIMIT, or "
        "raise SALESTAPE_QUERY_MAX_ROWS",
    }
    return QueryFailed(said.get(failure.code, failure.message), failure.code)


def unknown_name(failure: QueryFailed) -> str | None:
    """Return the table or column that a failure says does not exist."""
    patterns = {
        UNKNOWN_TABLE: _UNKNOWN_TABLE,
        UNKNOWN_FUNCTION: _UNKNOWN_TABLE,
        UNKNOWN_IDENTIFIER: _UNKNOWN_COLUMN,
    }
    pattern = patterns.get(failure.code)
    found = pattern.search(failure.message) if pattern else None
    name = next(filter(None, found.groups()), None) if found else None
    return name.rstrip(".") if name else None


def with_near(failure: QueryFailed, name: str, known: Iterable[str]) -> QueryFailed:
    """Return a failure about an unknown name with known names that are like it."""
    near = near_names(name.rpartition(".")[2], known)
    if not near:
        return failure
    said = _ENGINES_HINT.sub("", failure.message).rstrip(". ")
    return QueryFailed(f"{said}. Maybe you meant {' or '.join(near)}?", failure.code)


def near_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return at most `most` known names that are like a name, the nearest first."""
    by_lower = {one.lower(): one for one in known}
    return [by_lower[found] for found in get_close_matches(name.lower(), by_lower, most, 0.6)]


def _trimmed(text: str) -> str:
    for pattern in (_STACK, _REPEATED, _VERSION, _NAME, _SCOPE, _ADDED_FORMAT, _WHERE):
        text = pattern.sub("", text).strip()
    text = _NAME.sub("", text)
    text = _EXPECTED.sub(r"Expected one of: \1…", text)
    text = text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"
    return text.rstrip(": ") or "the engine gave no reason"
