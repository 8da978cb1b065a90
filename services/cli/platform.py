"""What commands ask of a platform, whether it runs elsewhere or is opened by the command itself.

`services.cli.embedded` opens the data folder; `services.cli.cluster` works on a tape and a server
beside others; `services.cli.remote` talks to a running platform.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from infra.sink import Outcome
from services.query.answers import WHOLE, Answer, Explained, QuestionInfo, Slices

WAREHOUSE = "warehouse"
"""Names the trouble that the server cannot be asked."""
PROJECTOR = "projector"
"""Names the trouble that nobody derives."""

Progress = Callable[[int, int], Any]
"""Called with how much is done and how much there is to do."""


def silent(_done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """Which events of the feed are wanted; what is empty is not asked for."""

    types: Sequence[str] = ()
    accounts: Sequence[str] = ()
    deals: Sequence[str] = ()
    actors: Sequence[str] = ()
    teams: Sequence[str] = ()
    since: str = "now"
    """``start``, ``now`` or the position of an event, which is not told again."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of a table that was to be built anew."""

    table: str
    before: str
    """The generation shown before."""
    after: str | None
    """The one shown now; None while it is being built."""
    trouble: str | None = None
    """Why it cannot be built."""


class Platform(Protocol):
    """The verbs of the platform. Closing it, or leaving its `with` block, lets go of the data."""

    place: str
    """Where the data is, for people: a folder or an address."""
    live: bool
    """Whether new events can come while the command looks."""

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Put events on the tape; see `infra.sink.Sink`."""

    def query(self, sql: str) -> Answer:
        """Run one statement that reads; values are as JSON has them."""

    def show(
        self,
        question: str,
        as_of: str | None,
        known_at: str | None,
        limit: int | None,
        slices: Slices = WHOLE,
    ) -> Answer:
        """Answer a question; values are as JSON has them."""

    def why(
        self,
        question: str,
        row: Mapping[str, str],
        as_of: str | None,
        known_at: str | None,
        slices: Slices = WHOLE,
    ) -> Explained:
        """Return one row of a question and the events behind it; values are as JSON has them."""

    def questions(self) -> list[QuestionInfo]:
        """Return the questions there are."""

    def replay(self, deal: str, at: str | None, known: str | None) -> dict[str, Any]:
        """Return the history of a deal as JSON has it."""

    def rebuild(
        self, tables: Sequence[str], *, wait: bool, progress: Progress = silent
    ) -> list[Rebuilt]:
        """Build tables anew, all where none is named."""

    def health(self) -> dict[str, Any]:
        """Return how every part is."""

    def feed(self, wanted: FeedRequest) -> Iterator[dict[str, Any]]:
        """Yield events as they come onto the tape, each as JSON has it, with its `position`."""

    def wait_until_derived(self, progress: Progress = silent) -> None:
        """Return once every table that can be derived has followed the tape to its present end."""

    def import_engine(self) -> AbstractContextManager[Any]:
        """Open a client of an engine of this process, for an importer."""

    def close(self) -> None:
        """Let go of the data. Closing twice is allowed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
