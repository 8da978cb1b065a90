"""The platform inside the command itself: opens the data folder, used when nobody else has it."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from infra.clock import monotonic
from infra.sink import Outcome
from infra.tape import TapeUnavailable
from services.audit.encoding import replay_as_json
from services.audit.replay import replay
from services.cli.failures import Misused
from services.cli.house import House
from services.cli.platform import FeedRequest, Progress, Rebuilt, silent
from services.cli.sse import told
from services.cli.state import inspected, state_of
from services.cli.teams import Teams
from services.feed.filters import BadFilter, Filter, types_of
from services.feed.items import items_of
from services.feed.positions import BadPosition, position_of, text_of
from services.projector import generations
from services.projector.append import AppendLater
from services.projector.reasons import reason_of
from services.query.answers import Answer, QuestionInfo
from services.query.encoding import answer_as_json, answer_from_json

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 120.0
"""How long events wait for room on the tape before the command gives up."""
POLL_SECONDS = 0.2
FEED_LOT = 1_000


class Embedded:
    """A `Platform` over a data folder that this process has for itself."""

    live = False

    def __init__(self, house: House) -> None:
        self.house = house
        self.place = str(house.folder)
        self._stop = threading.Event()
        self._appending: threading.Thread | None = None
        self._current = False

    @classmethod
    def open(cls, folder: Path, command: str) -> Self:
        """Take a data folder and open it. Raises what `House` raises."""
        return cls(House(folder, command))

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Put events on the tape, while a thread brings them into the ledger.

        Waits while the tape is busy or the ledger too far behind.
        """
        self._start_appending()
        self._current = False
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
        self, question: str, as_of: str | None, known_at: str | None, limit: int | None
    ) -> Answer:
        self.wait_until_derived()
        return plain(self.house.reader.show(question, as_of, known_at, limit=limit))

    def questions(self) -> list[QuestionInfo]:
        return self.house.reader.questions()

    def replay(self, deal: str, at: str | None, known: str | None) -> dict[str, Any]:
        self.wait_until_derived()
        return replay_as_json(replay(self.house.warehouse.client("read"), deal, at, known))

    def rebuild(
        self, tables: Sequence[str], *, wait: bool, progress: Progress = silent
    ) -> list[Rebuilt]:
        """Build tables anew and wait for them: a generation that nobody builds on is dropped."""
        del wait
        self.wait_until_derived()
        client = self.house.warehouse.client("read")
        names = self.house.tables_named(tables)
        before = generations.shown(client)
        self.house.projector.rebuild(names)
        self._current = False
        self.wait_until_derived(progress)
        after = generations.shown(client)
        failures = self.house.projector.health().failures
        return [
            Rebuilt(
                name,
                before.get(name, ""),
                after[name] if after.get(name) != before.get(name) else None,
                reason_of(failures[name]) if name in failures else None,
            )
            for name in names
        ]

    def health(self) -> dict[str, Any]:
        return state_of(self.house) | inspected(self.house.warehouse.client("read"))

    def feed(self, wanted: FeedRequest) -> Iterator[dict[str, Any]]:
        """Yield what is on the tape; nothing can come while this command has the folder."""
        tape, client = self.house.tape, self.house.warehouse.client("read")
        teams = Teams(client)
        if wanted.teams:
            self.wait_until_derived()
            teams.refresh()
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
        while records := tape.read(position, FEED_LOT):
            for record, item in zip(records, items_of(records), strict=True):
                position[record.partition] = record.offset + 1
                if item is not None and chosen.lets(item):
                    yield told(item.frame) | {"position": text_of(position)}

    def wait_until_derived(self, progress: Progress = silent) -> None:
        if self._current:
            return
        self._stop_appending()
        total = state_of(self.house)["warehouse"]["lag"]
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            progress(done, total)

        self.house.projector.catch_up(advance)
        self._current = True

    @contextmanager
    def import_engine(self) -> Iterator[Any]:
        yield self.house.warehouse.client("import")

    def close(self) -> None:
        self._stop_appending()
        self.house.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_appending(self) -> None:
        if self._appending is None:
            self._stop.clear()
            self._appending = threading.Thread(
                target=self._append_on, name="command-append", daemon=True
            )
            self._appending.start()

    def _append_on(self) -> None:
        loop = self.house.projector.append
        while not self._stop.is_set():
            try:
                if not loop.step():
                    self.house.tape.wait(loop.position, POLL_SECONDS)
            except (AppendLater, TapeUnavailable) as error:
                log.warning("%s", error)
                self._stop.wait(POLL_SECONDS)

    def _stop_appending(self) -> None:
        if self._appending is not None:
            self._stop.set()
            self._appending.join()
            self._appending = None


def plain(answer: Answer) -> Answer:
    """Return an answer whose values are as JSON has them."""
    return answer_from_json(answer_as_json(answer))
