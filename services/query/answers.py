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


class Unanswerable(Exception):
    """A question cannot be asked that way, or has no such row; the message says how it can."""


@dataclass(frozen=True, slots=True)
class Slices:
    """How an answer is cut, and what its money is told in. What is empty is not asked for."""

    by: str = ""
    """A dimension, such as team."""
    period: str = ""
    """day, week, month, quarter or year; ``cohort-month`` and its like: by when it began."""
    since: str = ""
    """Only what came then or later: a day (its beginning) or a time."""
    until: str = ""
    """Only what came by then: a day (its end) or a time."""
    currency: str = ""
    """The currency that money is told in, each amount at the rate of its event's day; empty where
    each keeps its own, `REPORTING` for the calendar's."""

    def given(self) -> dict[str, str]:
        """Return what is asked for, by name."""
        return {name: told for name in self.__slots__ if (told := getattr(self, name))}

    def cuts(self) -> bool:
        """Return whether the answer is cut at all."""
        return bool(self.by or self.period or self.since or self.until)


WHOLE = Slices()
REPORTING = "reporting"


@dataclass(frozen=True, slots=True)
class Answer:
    """A table: the names of its columns, their ClickHouse types, and its rows."""

    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    lacking: tuple[str, ...] = ()
    """Where a question has no row: the tables, and types of events, that it reads and that the
    tape has nothing for."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One row of an answer, and the events behind it in the order in which they happened."""

    row: Answer
    events: Answer


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
    key: tuple[str, ...] = ()
    """The columns that name a row."""
    why: bool = False
    """Whether the events behind a row can be shown."""
    slices: tuple[str, ...] = ()
    """What it can be sliced by."""
    periods: tuple[str, ...] = ()
    """The periods it can be cut into."""
