"""What a session looks at: filters, clocks and choices, kept in the address of the page.

So a page that is loaded again, by hand or because the server was started anew, shows the same; and
a view can be sent to somebody else as a link.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self
from urllib.parse import urlencode

from services.console.clocks import ClockError, Clocks, as_given, moment_given
from services.console.ports import FeedFilter

LONGEST = 300
"""The most characters of one value in an address."""


@dataclass(frozen=True, slots=True)
class View:
    """What a session looks at. An empty pipeline is all of them, an empty period the current."""

    filter: FeedFilter = field(default_factory=FeedFilter)
    clocks: Clocks = field(default_factory=Clocks)
    pipeline: str = ""
    period: str = ""

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Self:
        """Read a view from the query of an address; what cannot be read is left at its default."""
        given = {name: value[:LONGEST] for name, value in query.items()}
        return cls(
            FeedFilter(**{f.name: given.get(f.name, "") for f in fields(FeedFilter)}),
            Clocks(_moment(given.get("as_of", "")), _moment(given.get("known_at", ""))),
            given.get("pipeline", ""),
            given.get("period", ""),
        )

    def address(self) -> str:
        """Return the path and query of the page that shows this view."""
        told = {f.name: str(getattr(self.filter, f.name)) for f in fields(FeedFilter)} | {
            "as_of": as_given(self.clocks.as_of),
            "known_at": as_given(self.clocks.known_at),
            "pipeline": self.pipeline,
            "period": self.period,
        }
        query = urlencode({name: value for name, value in told.items() if value})
        return f"?{query}" if query else "."


def _moment(text: str) -> datetime | None:
    try:
        return moment_given(text)
    except ClockError:
        return None
