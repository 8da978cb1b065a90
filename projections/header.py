"""The comment at the top of a SQL file: what it answers, its columns, how a row is explained.

Reads the text; whether what it says is enough is for `salestape check`.
"""

import re
from dataclasses import dataclass, field

TAGS = ("key", "why", "explains", "formula", "currency", "optional")
"""What a line ``-- name: …`` says of a question; lines below it, indented, go on with it."""

_COLUMN = re.compile(r"^ \* ([A-Za-z_][A-Za-z0-9_]*): (.+)$")
_TAG = re.compile(rf"^ ({'|'.join(TAGS)}): (.+)$")
_NONE = re.compile(r"^none, because (.+)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Header:
    """A header, read."""

    prose: str
    columns: dict[str, str] = field(default_factory=dict)
    """Column to comment."""
    tags: dict[str, str] = field(default_factory=dict)
    """The tags that are there, of `TAGS`, each on one line."""

    def names(self, tag: str) -> tuple[str, ...]:
        """Return the names that a tag lists, none where it is not there."""
        return tuple(name.strip() for name in self.tags.get(tag, "").split(",") if name.strip())

    @property
    def why(self) -> str | None:
        """The condition over `events`; None where there is none."""
        why = self.tags.get("why")
        return None if why is None or _NONE.match(why) else why

    @property
    def why_not(self) -> str | None:
        """Why no events stand behind a row; None where some do or nothing is said."""
        found = _NONE.match(self.tags.get("why", ""))
        return found[1] if found else None


def header_of(sql: str) -> Header:
    """Read the comment at the top of a file.

    A column is a line ``-- * name: what it is``, a tag one of ``-- why: …`` and its like; indented
    lines below go on with either. All else is prose.
    """
    prose: list[str] = []
    columns: dict[str, str] = {}
    tags: dict[str, str] = {}
    going_on: tuple[dict[str, str], str] | None = None
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line[2:]
        if item := _COLUMN.match(text):
            going_on = columns, item[1]
            columns[item[1]] = item[2].strip()
        elif item := _TAG.match(text):
            going_on = tags, item[1]
            tags[item[1]] = item[2].strip()
        elif going_on is not None and text.startswith("   "):
            into, name = going_on
            into[name] += " " + text.strip()
        else:
            going_on = None
            prose.append(text.strip())
    return Header("\n".join(prose).strip(), columns, tags)
