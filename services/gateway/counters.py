"""Counts what came in, for metrics. Numbers only; what was rejected is kept in `rejects`."""

import threading
from collections import Counter
from collections.abc import Iterable

from events.parsing import MAX_BYTES

_BY_FIELD = {
    "type": "unknown_type",
    "time": "time",
    "partitionkey": "partitionkey",
    "data.target_id": "amendment",
    "data.target_type": "amendment",
    "data.target_time": "amendment",
}


class Counters:
    """Counts since the start. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, names: Iterable[str]) -> None:
        """Count each name once for each time it is there, such as ``appended``."""
        found = Counter(names)
        with self._lock:
            self._counts.update(found)

    def totals(self) -> dict[str, int]:
        """Return the counts: ``appended``, ``duplicate``, ``conflict``, ``rejected.<class>`` and,
        of requests, ``refused.<status>``. What never happened is absent.
        """
        with self._lock:
            return dict(sorted(self._counts.items()))


def reason_class(raw: bytes, reason: str, field: str | None) -> str:
    """Return the class of reason: few, so that each can be a metric of its own."""
    if len(raw) > MAX_BYTES:
        return "too_large"
    if field is None:
        return "unknown_type" if reason.startswith("type:") else "malformed"
    return _BY_FIELD.get(field, "invalid_field")
