"""Asking the warehouse: read-only SQL, and the questions, within limits.

Safe to use from several threads. Writing, and whatever reaches outside the warehouse, is refused.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from infra.warehouse import Warehouse
from projections.registry import Definitions
from services.query.answers import Answer, Limits, QuestionInfo

DEFAULT_LIMITS = Limits()


class Reader:
    """Reads a warehouse through a few clients of its own; `close` closes them."""

    def __init__(
        self,
        warehouse: Warehouse,
        limits: Limits = DEFAULT_LIMITS,
        definitions: Definitions | None = None,
        clients: int = 4,
    ) -> None:
        raise NotImplementedError

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Run one statement; names without a database are those of `sales`.

        `parameters` fill placeholders such as ``{deal:String}``. Raises `Refused` or `QueryFailed`.
        """
        raise NotImplementedError

    def stream(
        self, sql: str, fmt: str = "JSONEachRow", parameters: Mapping[str, Any] | None = None
    ) -> Iterator[bytes]:
        """Run one statement; yield its answer in a format of ClickHouse (CSV, JSONEachRow, …).

        Raises `Refused` or `QueryFailed`, mostly before the first bytes.
        """
        raise NotImplementedError

    def show(
        self,
        question: str,
        as_of: str | datetime | None = None,
        known_at: str | datetime | None = None,
        where: str | None = None,
        limit: int | None = None,
    ) -> Answer:
        """Answer a question (or read a derived table or `events`), as of two clocks where given.

        A bare day means its end. `where` is a condition in SQL on the question's columns. Raises
        `UnknownQuestion`, `Refused` or `QueryFailed`.
        """
        raise NotImplementedError

    def questions(self) -> list[QuestionInfo]:
        """Return the questions there are, by theme and name."""
        raise NotImplementedError

    def close(self) -> None:
        """Close every client. Closing twice is allowed."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
