"""The projector: the append loop and the derive loop over one tape and one warehouse.

In one process it runs as two threads; `catch_up` does the same work in the caller's thread, for
commands that open the data themselves. Several processes that share a tape run `worker` instead.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.tape import Tape, TapeUnavailable
from infra.warehouse import Warehouse
from projections.registry import Definitions
from services.projector import store
from services.projector.append import GATHER_SECONDS, AppendLater, AppendLoop, DeadLetters
from services.projector.derive import DeriveLoop
from services.projector.rounds import POLL_SECONDS, RETRY_SECONDS, Rounds, note, nothing
from services.projector.soundness import restore_watermark

log = logging.getLogger(__name__)


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
    derive_share: float = 0.8
    """The share of the time that derivation takes at most."""
    on_derived: Callable[[], None] = nothing
    """Called after each round that changed a table."""
    dead_letters: DeadLetters | None = None
    append: AppendLoop = field(init=False)
    derive: DeriveLoop = field(init=False)
    trouble: dict[str, str] = field(default_factory=dict)
    _rounds: Rounds = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)
    _appending: threading.Thread | None = None
    _wishes: list[list[str] | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.append = AppendLoop(
            self.tape,
            self.warehouse.client("append"),
            self.batch_size,
            dead_letters=self.dead_letters,
        )
        self.derive = DeriveLoop(self.warehouse.client("derive"), self.definitions)
        self._rounds = Rounds(
            self.derive,
            lambda: self.append.behind,
            self.trouble,
            self.derive_share,
            self._grant,
            lambda: self.on_derived(),  # may be set later
        )

    @property
    def last_derived_at(self) -> datetime | None:
        """When a round last changed a table."""
        return self._rounds.last_derived_at

    def prepare(self) -> None:
        """Make what is missing, check what an unclean stop may have left, find the positions."""
        client = self.warehouse.client("append")
        store.prepare(client)
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
        self._appending = threading.Thread(
            target=self._append_forever, name="projector-append", daemon=True
        )
        self._appending.start()
        self._rounds.start()

    def stop(self, timeout: float = 30.0) -> None:
        """End both loops after the step they are in."""
        self._stop.set()
        if self._appending is not None:
            self._appending.join(timeout)
        self._rounds.stop(timeout)
        self.append.stop()

    def rebuild(self, names: list[str] | None = None) -> None:
        """Build tables anew beside the old ones, which serve until the new ones have caught up.

        Raises `KeyError` for a name that is no derived table.
        """
        for name in names or ():
            if name not in self.definitions.tables:
                raise KeyError(name)
        if not self._rounds.running:
            self.derive.rebuild(names)
            return
        self._wishes.append(names)
        self._rounds.wake()

    def _grant(self) -> None:
        while self._wishes:
            self.derive.rebuild(self._wishes.pop(0))

    def health(self) -> Health:
        """Return how the projector is."""
        if self._rounds.failed:
            self.trouble["derive"] = "its thread has ended, as the log says; start again"
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
                    self._rounds.wake()
                    if not self.append.behind:
                        self._stop.wait(GATHER_SECONDS)
                elif not self._stop.is_set():
                    self.tape.wait(self.append.position, POLL_SECONDS)
                self.trouble.pop("append", None)
            except (AppendLater, TapeUnavailable) as error:
                note(self.trouble, "append", error)
                self._stop.wait(RETRY_SECONDS)
            except Exception as error:
                # Nobody would see a thread end, and the tables would stay behind for good.
                log.exception("the append loop did not expect this, and tries again")
                note(self.trouble, "append", error)
                self._stop.wait(RETRY_SECONDS)
