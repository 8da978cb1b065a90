"""What kind of statement a text begins: an INSERT whose data follows, or anything else.

Only the beginning of an INSERT is read here, since its data may be long and in any format. All
other statements are read by the engine's own parser.
"""

import re
from dataclasses import dataclass

MAX_HEAD_BYTES = 2**18

_TOKEN = re.compile(
    rb"""(?P<space>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
    |(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)
    |(?P<word>[A-Za-z_0-9]+)
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_DATA_BEGINS = re.compile(rb"[ \t\r\f\v]*;?[ \t\r\f\v]*\n?")
_WHOLE = frozenset({b"SELECT", b"WITH", b"FROM", b"WATCH"})
_DEFINING = frozenset({"ALTER", "CREATE", "DROP", "TRUNCATE"})
_OUTPUT = frozenset({"CHECK", "DESC", "DESCRIBE", "EXISTS", "EXPLAIN", "KILL", "SHOW", "WATCH"})


@dataclass(frozen=True, slots=True)
class InsertHead:
    """The beginning of an INSERT whose data follows."""

    sql: str
    """The statement up to where FORMAT or VALUES stands."""
    format: str
    data_at: int
    """Where its data begins."""


def insert_in(text: bytes) -> InsertHead | None:
    """Return the INSERT that a text begins with, None where it is none or has its rows otherwise.

    Also None where the text ends before that can be told.
    """
    depth, at, words = 0, 0, 0
    while found := _TOKEN.match(text, at):
        at = found.end()
        if found["mark"] in (b"'", b'"', b"`"):
            return None  # a quote without its end
        if found["mark"]:
            depth += (found["mark"] == b"(") - (found["mark"] == b")")
        if not found["word"] or depth:
            continue
        words += 1
        word = found["word"].upper()
        if words == 1 and word != b"INSERT":
            return None
        if word in _WHOLE:
            return None
        if word == b"VALUES":
            return _head(text, found.start(), "Values", at)
        if word == b"FORMAT" and (name := _next_word(text, at)) is not None:
            return _head(text, found.start(), name[0].decode(), name[1])
    return None


def first_word(text: bytes) -> str:
    """Return the first word of a statement in capitals, nothing where it has none."""
    at = 0
    while found := _TOKEN.match(text, at):
        if found["word"]:
            return found["word"].upper().decode()
        if not found["space"] and found["mark"] != b"(":
            break
        at = found.end()
    return ""


def has_output(text: bytes) -> bool:
    """Tell whether a statement that is no SELECT answers with rows."""
    return first_word(text) in _OUTPUT


def is_definition(text: bytes) -> bool:
    """Tell whether a text is one statement that defines something, and is known for it at a glance.

    Such a statement has no rows to answer with, so that it needs no reading before it runs.
    """
    return first_word(text) in _DEFINING and b";" not in text


def _next_word(text: bytes, at: int) -> tuple[bytes, int] | None:
    while found := _TOKEN.match(text, at):
        at = found.end()
        if found["word"]:
            return found["word"], at
        if not found["space"]:
            break
    return None


def _head(text: bytes, end: int, fmt: str, at: int) -> InsertHead:
    begins = _DATA_BEGINS.match(text, at)
    data_at = begins.end() if begins is not None and fmt != "Values" else at
    return InsertHead(text[:end].decode(errors="replace"), fmt, data_at)
