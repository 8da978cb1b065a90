"""The derive loop in a thread of its own: when a round begins, and how long it leaves the engine to
others afterwards. The same in both sizes.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from infra.clock import monotonic, now
from infra.warehouse import FAILURES
from services.projector.derive import DeriveLoop

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
RETRY_SECONDS = 0.5
FRESH_SECONDS = 2.5
"""How long what is in the ledger may wait to be derived while a backlog is appended: rounds are no
more frequent than that asks for, since a large one costs less per record than many small ones."""
LOOK_SECONDS = 0.1
LONGEST_PAUSE = 30.0
"""Seconds that derivation pauses at most between rounds."""


def nothing() -> None:
    """Do nothing."""


@dataclass(slots=True)
class Rounds:
    """Derives whenever something was appended, and at least looks every second."""

    derive: DeriveLoop
    behind: Callable[[], bool]
    """Tells whether more is waiting on the tape than one batch holds."""
    trouble: dict[str, str]
    """Where the loop writes why it cannot go on, under its name."""
    share: float = 0.8
    """The share of the time that derivation takes at most."""
    before: Callable[[], None] = nothing
    """Called before each round, in its thread."""
    on_derived: Callable[[], None] = nothing
    """Called after each round that changed a table."""
    last_derived_at: datetime | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _awake: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread = threading.Thread(target=self._run, name="projector-derive", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Tell whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Tell whether the thread has ended though nobody told it to."""
        return self._thread is not None and not self.running and not self._stop.is_set()

    def wake(self) -> None:
        """Tell it that there is something to do."""
        self._awake.set()

    def stop(self, timeout: float) -> None:
        """End after the round it is in."""
        self._stop.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._awake.wait(POLL_SECONDS)
            self._awake.clear()
            if self._stop.is_set():
                return
            started, was_behind = monotonic(), self.behind()
            try:
                self.before()
                moved = self.derive.step()
                self.trouble.pop("derive", None)
                if moved:
                    self.last_derived_at = now()
                    self.on_derived()
                    self._pace(monotonic() - started, was_behind)
                    self._awake.set()
            except FAILURES as error:
                note(self.trouble, "derive", error)
                self._stop.wait(RETRY_SECONDS)

    def pause_after(self, took: float, behind: bool) -> float:
        """Return how many seconds a round that took so many leaves the engine to others.

        What comes in just after a round began waits for its end, the pause, and the next round. A
        round covers what came in meanwhile, so while a backlog is appended it is no sooner than
        `FRESH_SECONDS` ask for.
        """
        pause = took * (1 - self.share) / self.share
        if behind:
            pause = max(pause, FRESH_SECONDS - 2 * took)
        return min(LONGEST_PAUSE, pause)

    def _pace(self, took: float, was_behind: bool) -> None:
        """Pause; no longer where a backlog ends, or begins, meanwhile."""
        until = monotonic() + self.pause_after(took, was_behind)
        while (left := until - monotonic()) > 0 and self.behind() == was_behind:
            if self._stop.wait(min(left, LOOK_SECONDS)):
                return


def note(trouble: dict[str, str], loop: str, error: Exception) -> None:
    """Write down why a loop waits, and log it the first time."""
    if trouble.get(loop) != str(error):
        log.error("the %s loop waits and tries again: %s", loop, error)
    trouble[loop] = str(error)
