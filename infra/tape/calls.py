"""The calls under way on something that can be closed: closing waits for them, later ones are
refused."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infra.tape.contract import TapeRefused


class Calls:
    """Counts calls. `changed` also guards what its owner keeps beside them, and may be waited on;
    who waits so is woken when closing begins.

    `name` is what is refused when it is closed: ``the tape /var/lib/tape.sqlite``.
    """

    def __init__(self, name: str) -> None:
        self.changed = threading.Condition()
        self.closed = False
        self._name = name
        self._under_way = 0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count one call. Raises `TapeRefused` once closing has begun."""
        with self.changed:
            if self.closed:
                raise self.refusal()
            self._under_way += 1
        try:
            yield
        finally:
            with self.changed:
                self._under_way -= 1
                if self.closed and self._under_way == 0:
                    self.changed.notify_all()

    def end(self, first: Callable[[], None] = lambda: None) -> bool:
        """Refuse calls from now on and wait for those under way; False where that was done before.

        `first` is called in between, while `changed` is held: it may wake calls that wait.
        """
        with self.changed:
            if self.closed:
                return False
            self.closed = True
            first()
            self.changed.notify_all()
            self.changed.wait_for(lambda: self._under_way == 0)
        return True

    def refusal(self) -> TapeRefused:
        """Return the error of a call that came too late."""
        return TapeRefused(f"{self._name} is closed")
