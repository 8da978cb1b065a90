"""What the platform is inside a command that opens tape and warehouse itself, in either size.

How the tables come to follow the tape differs: `services.cli.embedded` derives, and
`services.cli.cluster` waits for projectors elsewhere.
"""

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from infra.clock import monotonic
from infra.closing import Closing
from infra.sink import Outcome
from infra.tape import TapeUnavailable
from services.audit.encoding import replay_as_json
from services.audit.replay import replay
from services.cli.failures import Misused
from services.cli.house import House
from services.cli.platform import FeedRequest, Progress, Rebuilt, silent
from services.cli.sse import told
from services.cli.state import in_detail
from services.cli.teams import REFRESH_SECONDS, Teams
from services.feed.filters import BadFilter, Filter, types_of
from services.feed.items import items_of
from services.feed.positions import BadPosition, position_of, text_of
from services.query.answers import WHOLE, Answer, Explained, QuestionInfo, Slices
from services.query.encoding import answer_as_json, answer_from_json

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 120.0
"""How long events wait for room on the tape before the command gives up."""
POLL_SECONDS = 0.2
FEED_LOT = 1_000

H = TypeVar("H", bound=House)


class Direct(Closing, Generic[H]):
    """A `Platform` over a house that this command has opened."""

    live: bool
    """Whether new events can come while the command looks."""

    def __init__(self, house: H, place: str) -> None:
        self.house = house
        self.place = place
        self._stop = threading.Event()

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Put events on the tape; wait while it is busy or the ledger too far behind."""
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.house.intake.accept(raws)
            except TapeUnavailable as error:
                if monotonic() >= deadline:
                    raise
                log.info("%s", error)
                self._stop.wait(POLL_SECONDS)

    def query(self, sql: str) -> Answer:
        self.wait_until_derived()
        return plain(self.house.reader.query(sql))

    def show(
        self,
        question: str,
        as_of: str | None,
        known_at: str | None,
        limit: int | None,
        slices: Slices = WHOLE,
    ) -> Answer:
        self.wait_until_derived()
        return plain(self.house.reader.show(question, as_of, known_at, limit=limit, slices=slices))

    def why(
        self,
        question: str,
        row: Mapping[str, str],
        as_of: str | None,
        known_at: str | None,
        slices: Slices = WHOLE,
    ) -> Explained:
        self.wait_until_derived()
        found = self.house.reader.why(question, row, as_of, known_at, slices)
        return Explained(plain(found.row), plain(found.events))

    def questions(self) -> list[QuestionInfo]:
        return self.house.reader.questions()

    def replay(self, deal: str, at: str | None, known: str | None) -> dict[str, Any]:
        self.wait_until_derived()
        return replay_as_json(replay(self.house.warehouse.client("read"), deal, at, known))

    def health(self) -> dict[str, Any]:
        return in_detail(self.house, self.house.warehouse.client("read"))

    def feed(self, wanted: FeedRequest) -> Iterator[dict[str, Any]]:
        """Yield what is on the tape, and where others may append, what comes onto it."""
        tape = self.house.tape
        teams = Teams(self.house.warehouse.client("read"))
        look_up = _every(REFRESH_SECONDS, teams.refresh) if wanted.teams else _nothing
        if wanted.teams:
            self.wait_until_derived()
        try:
            chosen = Filter(
                types_of(wanted.types),
                frozenset(wanted.accounts),
                frozenset(wanted.deals),
                frozenset(wanted.actors),
                frozenset(wanted.teams),
                teams.of,
            )
            position = position_of(wanted.since, tape.ends())
        except (BadFilter, BadPosition) as error:
            raise Misused(str(error)) from error
        while True:
            look_up()
            try:
                records = tape.read(position, FEED_LOT)
                if not records:
                    if not self.live:
                        return
                    tape.wait(position, REFRESH_SECONDS)
            except TapeUnavailable as error:
                if not self.live:
                    raise
                log.warning("the feed waits for the tape: %s", error)
                self._stop.wait(REFRESH_SECONDS)
                continue
            for record, item in zip(records, items_of(records), strict=True):
                position[record.partition] = record.offset + 1
                if item is not None and chosen.lets(item):
                    yield told(item.frame) | {"position": text_of(position)}

    @abstractmethod
    def wait_until_derived(self, progress: Progress = silent) -> None:
        """Return once every table that can be derived has followed the tape to its present end."""

    @abstractmethod
    def rebuild(
        self, tables: Sequence[str], *, wait: bool, progress: Progress = silent
    ) -> list[Rebuilt]:
        """Build tables anew, all where none is named."""

    @abstractmethod
    def import_engine(self) -> AbstractContextManager[Any]:
        """Open a client of an engine of this process, for an importer."""

    def close(self) -> None:
        self.house.close()


def plain(answer: Answer) -> Answer:
    """Return an answer whose values are as JSON has them."""
    return answer_from_json(answer_as_json(answer))


def _every(seconds: float, work: Callable[[], None]) -> Callable[[], None]:
    """Return what does the work when it is called, but not more often than so."""
    due = monotonic()

    def perhaps() -> None:
        nonlocal due
        if monotonic() >= due:
            work()
            due = monotonic() + seconds

    return perhaps


def _nothing() -> None:
    """Do nothing."""
