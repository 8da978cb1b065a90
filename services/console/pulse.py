"""The pulse of the platform: how much is on the tape, how far behind, how fast it grows."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from services.console import formats
from services.console.ports import Health

WINDOW_SECONDS = 10.0
"""The stretch over which the rate is measured."""
BEHIND = 1_000
"""Records of lag from which the panels are called behind."""

State = Literal["live", "behind", "trouble", "unknown"]


@dataclass(frozen=True, slots=True)
class Beat:
    """The platform at one moment, in words."""

    state: State
    word: str
    """The state in a word or two."""
    reason: str
    """Why, where it is not live."""
    events: str
    lag: str
    rate: str
    last_event_at: datetime | None = None


UNKNOWN = Beat("unknown", "Connecting", "", formats.NONE, formats.NONE, formats.NONE)


@dataclass(slots=True)
class Pulse:
    """Turns the platform's health, told once a second, into beats."""

    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def beat(self, health: Health, at: float) -> Beat:
        """Return the beat of a moment; `at` is in seconds on a clock that never goes back."""
        self._seen.append((at, health.events))
        while len(self._seen) > 2 and self._seen[0][0] < at - WINDOW_SECONDS:
            self._seen.popleft()
        state, word, reason = _judge(health.lag, health.trouble)
        return Beat(
            state,
            word,
            reason,
            formats.count(health.events),
            formats.count(health.lag),
            self._rate(),
            health.last_event_at,
        )

    def silent(self, reason: str) -> Beat:
        """Return the beat of a moment at which the platform did not tell how it is."""
        self._seen.clear()
        return replace(UNKNOWN, state="trouble", word="No answer", reason=reason)

    def _rate(self) -> str:
        (first_at, first), (last_at, last) = self._seen[0], self._seen[-1]
        if last_at <= first_at:
            return formats.NONE
        rate = max(0.0, (last - first) / (last_at - first_at))
        return f"{rate:.1f}" if 0 < rate < 10 else formats.count(round(rate))


def _judge(lag: int, trouble: Mapping[str, str]) -> tuple[State, str, str]:
    if trouble:
        return "trouble", "Trouble", "; ".join(f"{what}: {why}" for what, why in trouble.items())
    if lag >= BEHIND:
        return "behind", "Catching up", f"{formats.count(lag)} events are not in the panels yet"
    return "live", "Live", ""
