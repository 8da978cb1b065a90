"""Why a statement has no answer: it may not be run here, or the engine could not run it."""

import re

from clickhouse_connect.driver.exceptions import ClickHouseError

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

_MAX_MESSAGE = 1_000


class Refused(Exception):
    """A statement may not be run here; the message names what is refused. Never try it again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SeveralStatements(Refused):
    """A text holds more than one statement."""


class RefusedFormat(Refused):
    """A statement asks for an output format that is not for people, or that there is not."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the format {name} is not allowed")
        self.name = name


class QueryFailed(Exception):
    """The engine could not answer; the message is the engine's, without its own trappings.

    `code` is ClickHouse's error code (60 unknown table, 47 unknown identifier, 159 timeout, 241
    out of memory, 396 too many rows, …), 0 where it gave none.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def failure_of(error: ClickHouseError | UnicodeDecodeError) -> QueryFailed:
    """Return an error of the engine with what it says about the statement, and nothing else."""
    if isinstance(error, UnicodeDecodeError):
        return QueryFailed("the name of a column is not UTF-8; give it another with AS")
    return failure_in(str(error), getattr(error, "code", None) or 0)


def failure_in(text: str, code: int = 0) -> QueryFailed:
    """Return what the engine says in an error's text; `code` where it is known already."""
    found = _PREFIX.match(text)
    code = code or (int(found["code"]) if found and found["code"] else 0)
    return QueryFailed(_trimmed(text[found.end() :] if found else text), code)


def _trimmed(text: str) -> str:
    for pattern in (_STACK, _REPEATED, _VERSION, _NAME, _SCOPE, _ADDED_FORMAT, _WHERE):
        text = pattern.sub("", text).strip()
    text = _NAME.sub("", text)
    text = _EXPECTED.sub(r"Expected one of: \1…", text)
    text = text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"
    return text.rstrip(": ") or "the engine gave no reason"
