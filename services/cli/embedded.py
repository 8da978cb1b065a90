"""The platform inside the command itself: opens the data folder, used when nobody else has it."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from infra.sink import Outcome
from infra.tape import TapeUnavailable
from services.cli.direct import POLL_SECONDS, Direct
from services.cli.house import EmbeddedHouse
from services.cli.platform import Progress, Rebuilt, silent
from services.cli.state import state_of
from services.projector import generations
from services.projector.append import AppendLater
from services.projector.reasons import reason_of

log = logging.getLogger(__name__)


class Embedded(Direct[EmbeddedHouse]):
    """A `Platform` over a data folder that this process has for itself."""

    live = False

    def __init__(self, house: EmbeddedHouse) -> None:
        super().__init__(house, str(house.folder))
        self._appending: threading.Thread | None = None
        self._current = False

    @classmethod
    def open(cls, folder: Path, command: str) -> Self:
        """Take a data folder and open it. Raises what `EmbeddedHouse` raises."""
        return cls(EmbeddedHouse(folder, command))

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Put events on the tape, while a thread brings them into the ledger."""
        self._start_appending()
        self._current = False
        return super().accept(raws)

    def rebuild(
        self, tables: Sequence[str], *, wait: bool, progress: Progress = silent
    ) -> list[Rebuilt]:
        """Build tables anew and wait for them: a generation that nobody builds on is dropped."""
        del wait
        self.wait_until_derived()
        client = self.house.warehouse.client("read")
        names = self.house.tables_named(tables)
        before = generations.shown(client)
        self.house.rebuild(names)
        self._current = False
        self.wait_until_derived(progress)
        after = generations.shown(client)
        failures = self.house.health().failures
        return [
            Rebuilt(
                name,
                before.get(name, ""),
                after[name] if after.get(name) != before.get(name) else None,
                reason_of(failures[name]) if name in failures else None,
            )
            for name in names
        ]

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
        super().close()

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
