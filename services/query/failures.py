"""The engine's errors as people read them: what was wrong, without the engine's own trappings."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from infra.reading.refusals import QueryFailed
from infra.warehouse import FAILURES, WarehouseUnavailable, brief, code_of, may_pass_later

UNKNOWN_IDENTIFIER = 47
UNKNOWN_TABLE = 60
UNKNOWN_FUNCTION = 46
TIMEOUT_EXCEEDED = 159
MEMORY_LIMIT_EXCEEDED = 241
TOO_MANY_ROWS = 396
TOO_MANY_AT_ONCE = 202

_UNKNOWN_TABLE = re.compile(
    r"table expression identifier '([^']+)'|Unknown table function ([\w.]+)"
)
_UNKNOWN_COLUMN = re.compile(r"identifier `([^`]+)`|Identifier '([^']+)' cannot be resolved")

_ENGINES_HINT = re.compile(r"\.? *Maybe you meant.*", re.DOTALL)


@contextmanager
def told_when_away() -> Iterator[None]:
    """Raise `WarehouseUnavailable` where a statement did not come as far as the engine."""
    try:
        yield
    except QueryFailed as failure:
        cause = failure.__cause__
        if cause is not None and code_of(cause) == 0 and may_pass_later(cause):
            raise _away(cause) from failure
        raise
    except FAILURES as error:
        raise _away(error) from error


def _away(error: BaseException) -> WarehouseUnavailable:
    return WarehouseUnavailable(f"the warehouse cannot be asked now: {brief(error)}")


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
