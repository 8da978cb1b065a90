"""Holds each client to a rate of events: a token bucket per client address."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from infra import clock

MAX_CLIENTS = 10_000
"""How many clients are told apart; the one that was not heard of for longest is forgotten."""


class RateLimit:
    """`rate` events a second in the long run, at most `burst` at once. Thread-safe."""

    def __init__(
        self, rate: float, burst: int, monotonic: Callable[[], float] = clock.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, events: int) -> float:
        """Let a client hand in events and return 0, or return after how many seconds it may.

        More than `burst` at once count as `burst`.
        """
        wanted = min(events, self._burst)
        with self._lock:
            now = self._monotonic()
            left, since = self._buckets.pop(client, (float(self._burst), now))
            left = min(self._burst, left + (now - since) * self._rate)
            allowed = wanted <= left
            self._buckets[client] = (left - wanted if allowed else left, now)
            while len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        return 0.0 if allowed else (wanted - left) / self._rate
