"""The projector: the append loop and the derive loop over one tape and one warehouse.

In one process it runs as two threads; `catch_up` does the same work in the caller's thread, for
commands that open the data themselves.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.clock import monotonic, now
from infra.tape import Tape, TapeUnavailable
from infra.warehouse import Warehouse
from projections.registry import Definitions
from services.projector import store
from services.projector.append import AppendLater, AppendLoop
from services.projector.derive import DeriveLoop
from services.projector.soundness import restore_watermark

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
RETRY_SECONDS = 0.5
GATHER_SECONDS = 0.25
"""How long appending pauses after a batch that was not full: an insert of one record costs the
engine as much as one of a thousand."""
LONGEST_PAUSE = 3.0
"""Seconds that derivation pauses at most between rounds when the tape's end is near."""
LONGEST_PAUSE_BEHIND = 30.0
"""The same while more is waiting on the tape than one batch holds."""


@dataclass(slots=True)
class Health:
    """How the projector is: what `salestape doctor` and `/health` show."""

    position: Mapping[int, int]
    """Per partition, the offset before which everything is in the ledger."""
    end: Mapping[int, int]
    """Per partition, the offset the tape's next record will get."""
    tables: Mapping[str, Mapping[int, int]]
    """Per generation, how far it has followed the tape."""
    building: list[str]
    """Generations that are not shown yet."""
    failures: Mapping[str, str]
    """Table, question or loop to why it does not work."""
    rejected: int
    """Records found to be no events since the start."""

    @property
    def lag(self) -> int:
        """Records on the tape that are not in the ledger yet."""
        return sum(max(0, stop - self.position.get(p, 0)) for p, stop in self.end.items())


@dataclass(slots=True)
class Projector:
    """Keeps a warehouse true to a tape."""

    tape: Tape
    warehouse: Warehouse
    definitions: Definitions
    batch_size: int = 20_000
    derive_share: float = 0.2
    """The share of the time that derivation takes at most."""
    on_derived: Callable[[], None] = lambda: None
    """Called after each round that changed a table."""
    append: AppendLoop = field(init=False)
    derive: DeriveLoop = field(init=False)
    trouble: dict[str, str] = field(default_factory=dict)
    last_derived_at: datetime | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _appended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _wishes: list[list[str] | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.append = AppendLoop(self.tape, self.warehouse.client("append"), self.batch_size)
        self.derive = DeriveLoop(
            self.warehouse.client("derive"), self.definitions, embedded=self.warehouse.embedded
        )

    def prepare(self) -> None:
        """Make what is missing, check what an unclean stop may have left, find the positions."""
        client = self.warehouse.client("append")
        store.prepare(client, embedded=self.warehouse.embedded)
        restore_watermark(client)
        self.append.start()
        self.derive.start()

    def catch_up(self, progress: Callable[[int], Any] = lambda _count: None) -> None:
        """Append and derive until both have reached the end of the tape.

        Raises `AppendLater` or `TapeUnavailable` when it cannot go on now.
        """
        while appended := self.append.step():
            progress(appended)
        while self.derive.step() and not self.derive.caught_up():
            pass

    def start(self) -> None:
        """Run both loops in threads, after `prepare`."""
        for name, loop in (("append", self._append_forever), ("derive", self._derive_forever)):
            thread = threading.Thread(target=loop, name=f"projector-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 30.0) -> None:
        """End both loops after the step they are in."""
        self._stop.set()
        self._appended.set()
        for thread in self._threads:
            thread.join(timeout)
        self.append.stop()

    def rebuild(self, names: list[str] | None = None) -> None:
        """Build tables anew beside the old ones, which serve until the new ones have caught up.

        Raises `KeyError` for a name that is no derived table.
        """
        for name in names or ():
            if name not in self.definitions.tables:
                raise KeyError(name)
        if not self._threads:
            self.derive.rebuild(names)
            return
        self._wishes.append(names)
        self._appended.set()

    def health(self) -> Health:
        """Return how the projector is."""
        return Health(
            position=dict(self.append.position),
            end=self.tape.ends(),
            tables={
                f.generation: dict(self.derive.positions.get(f.generation, {}))
                for f in list(self.derive.followed)
            },
            building=[name for wish in self._wishes for name in wish or ("all",)],
            failures={**self.derive.failures, **self.trouble},
            rejected=self.append.rejected,
        )

    def _append_forever(self) -> None:
        while not self._stop.is_set():
            try:
                if self.append.step():
                    self._appended.set()
                    if not self.append.behind:
                        self._stop.wait(GATHER_SECONDS)
                elif not self._stop.is_set():
                    self.tape.wait(self.append.position, POLL_SECONDS)
                self.trouble.pop("append", None)
            except (AppendLater, TapeUnavailable) as error:
                self._note("append", error)
                self._stop.wait(RETRY_SECONDS)

    def _derive_forever(self) -> None:
        while not self._stop.is_set():
            self._appended.wait(POLL_SECONDS)
            self._appended.clear()
            if self._stop.is_set():
                return
            started, was_behind = monotonic(), self.append.behind
            try:
                while self._wishes:
                    self.derive.rebuild(self._wishes.pop(0))
                if self.derive.step():
                    self.last_derived_at = now()
                    self.on_derived()
                    self._pace(monotonic() - started, was_behind)
                    self._appended.set()
                self.trouble.pop("derive", None)
            except ClickHouseError as error:
                self._note("derive", error)
                self._stop.wait(RETRY_SECONDS)

    def _pace(self, took: float, was_behind: bool) -> None:
        """Leave the engine to others for a while: a round covers what came in the meantime.

        What comes after a pause is derived at once; under load rounds become larger, not more.
        While a backlog is appended the pause may be long, and ends with the backlog.
        """
        pause = took * (1 - self.derive_share) / self.derive_share
        if not was_behind:
            self._stop.wait(min(LONGEST_PAUSE, pause))
            return
        until = monotonic() + min(LONGEST_PAUSE_BEHIND, pause)
        while self.append.behind and monotonic() < until and not self._stop.wait(0.1):
            pass

    def _note(self, loop: str, error: Exception) -> None:
        if self.trouble.get(loop) != str(error):
            log.error("the %s loop waits and tries again: %s", loop, error)
        self.trouble[loop] = str(error)
