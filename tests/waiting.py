"""Waits for a condition, with a limit: what tests do instead of sleeping."""

import threading
from collections.abc import Callable

from infra import clock


def wait_until(holds: Callable[[], bool], seconds: float = 300.0) -> None:
    """Return as soon as a condition holds; fail when it does not within the limit."""
    deadline, pause = clock.monotonic() + seconds, 0.002
    while not holds():
        assert clock.monotonic() < deadline, f"it did not become true within {seconds:g} s"
        threading.Event().wait(pause)
        pause = min(0.1, 1.5 * pause)  # asking takes something from what is waited for
