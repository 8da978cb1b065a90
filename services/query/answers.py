"""What asking the warehouse gives: answers, the questions there are, and why one has no answer."""

from dataclasses import dataclass
from typing import Any


class UnknownQuestion(Exception):
    """There is no question or table of this name; `near` are names like it."""

    def __init__(self, name: str, near: list[str]) -> None:
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        super().__init__(f"there is no question {name!r}{hint}")
        self.name = name
        self.near = near


@dataclass(frozen=True, slots=True)
class Answer:
    """A table: the names of its columns, their ClickHouse types, and its rows."""

    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column of a question or table, as people read about it."""

    name: str
    type: str
    """ClickHouse type; empty where the view cannot be made yet."""
    comment: str


@dataclass(frozen=True, slots=True)
class QuestionInfo:
    """One question, as people read about it."""

    name: str
    theme: str
    summary: str
    """One sentence."""
    description: str
    """Definitions and limits, in paragraphs; may be empty."""
    columns: tuple[ColumnInfo, ...]
