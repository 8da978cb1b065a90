"""The one place that reads the clock and makes ids.

Everything else is given a time or an id, so that a derivation never depends on when it runs.
"""

import time
import uuid
from datetime import UTC, datetime


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds on a clock that never goes back, for intervals and limits."""
    return time.monotonic()


def new_id() -> str:
    """Return a new random id."""
    return str(uuid.uuid4())
