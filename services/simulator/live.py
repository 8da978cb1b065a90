"""A floor that never ends, laid onto the present: events come at a steady rate, stamped now.

Simulated time runs as fast as the rate takes it, so that at 20 events a second a floor of 2,000
accounts lives through a day in about half a minute. The clock and the waiting are given by the
caller; what is told goes to a sink and is kept nowhere else.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Event as Stop

from infra.sink import Sink
from infra.tape import TapeUnavailable
from services.simulator.config import FloorConfig
from services.simulator.floor import Earlier, Floor
from services.simulator.hours import micros

_LOG = logging.getLogger(__name__)

HISTORY_LOT = 2_000
"""How many events of the past are handed in at a time."""
_TICK = 0.1
"""Seconds between two lots, unless the rate asks for longer."""
_BURST = 1.0
"""How many seconds' worth of events are made up for after a pause."""
_FIRST_RETRY, _LAST_RETRY = 0.1, 5.0
"""Seconds before the first try again, doubled up to the last."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class LiveFloor:
    """A floor that goes on at `rate` events a second from the moment it is run.

    Each run has a name of its own, made from the moment it begins, which is part of the ids of its
    events, leads and deals: two runs of one floor never use an id twice. Nobody leaves a live
    floor, because the next run could not know.
    """

    def __init__(
        self,
        config: FloorConfig,
        rate: float,
        sink: Sink,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object],
        *,
        backfill_days: int = 0,
        earlier: Earlier | None = None,
        on_live: Callable[[], object] = lambda: None,
    ) -> None:
        """Prepare a floor; nothing happens before `run`.

        `rate` is in events a second and above 0. `sleep` waits so many seconds; give it the `wait`
        of the event that stops the floor, and it stops at once. The floor starts `backfill_days`
        before the present day (`start` and `days` of the settings are not used), and that history
        is handed in first, as fast as the sink takes it. With `earlier`, which says what a run
        before this one left behind, there is no history: reps and customers are known already,
        open deals go on, and quotas grow from where they stood. `on_live` is called when history is
        handed in and the floor goes on in the present.
        """
        if not rate > 0:
            raise ValueError(f"rate must be more than 0 events a second; found {rate}")
        if earlier is not None and backfill_days:
            raise ValueError("backfill_days: history cannot be added to what an earlier run left")
        self._config = config
        self._rate = rate
        self._sink = sink
        self._clock = clock
        self._sleep = sleep
        self._backfill_days = backfill_days
        self._earlier = earlier
        self._on_live = on_live
        self._present = 0
        self.outcomes: Counter[str] = Counter()
        """What became of the events handed in so far, by status."""

    def run(self, stop: Stop) -> None:
        """Run until `stop` is set. Blocks.

        While the sink raises `TapeUnavailable` the same events are handed in again, with growing
        pauses; their ids make that safe. Anything else it raises ends the run.
        """
        began = self._clock()
        floor = self._floor(began)
        if self._earlier is None:
            history = floor.world.advance(micros(began))
            while not stop.is_set() and (lot := list(islice(history, HISTORY_LOT))):
                self._hand_in(lot, stop)
        self._present = micros(began)
        floor.world.stamp = lambda: self._present
        self._on_live()
        self._go_on(floor.world.advance(), stop)

    def _floor(self, began: datetime) -> Floor:
        start = began.astimezone(UTC).date() - timedelta(days=self._backfill_days)
        config = FloorConfig.model_validate(
            self._config.model_dump()
            | {
                "start": start,
                "days": self._backfill_days + 1,
                "turnover_per_year": 0,
                "finish_deals": False,
            }
        )
        return Floor(config, _run_name(began), self._earlier)

    def _go_on(self, events: Iterator[bytes], stop: Stop) -> None:
        since, given = self._clock(), 0
        while not stop.is_set():
            now = self._clock()
            passed = (now - since).total_seconds()
            due = int(passed * self._rate) - given
            if passed < 0 or due > max(self._rate * _BURST, 1):
                # The clock went back, or the sink held us up: begin to count anew, so that the
                # floor neither stands still nor races to make up for hours.
                since, given = now, 0
                due = 1
            lot = self._told(events, due, micros(now))
            if lot:
                self._hand_in(lot, stop)
                given += len(lot)
            next_due = (given + 1) / self._rate - (self._clock() - since).total_seconds()
            self._sleep(max(_TICK, next_due))

    def _told(self, events: Iterator[bytes], due: int, now: int) -> list[bytes]:
        """Let the floor tell some events, spread over the time since the last ones."""
        last = self._present
        lot: list[bytes] = []
        for place in range(1, due + 1):
            self._present = last + max(now - last, 0) * place // due
            lot += islice(events, 1)
        return lot

    def _hand_in(self, lot: list[bytes], stop: Stop) -> None:
        pause = _FIRST_RETRY
        while not stop.is_set():
            try:
                outcomes = self._sink.accept(lot)
            except TapeUnavailable as error:
                _LOG.warning("%d events wait %.1f s for the tape: %s", len(lot), pause, error)
                self._sleep(pause)
                pause = min(2 * pause, _LAST_RETRY)
                continue
            self.outcomes.update(outcome.status for outcome in outcomes)
            refused = [one for one in outcomes if one.status in ("rejected", "conflict")]
            if refused:
                _LOG.error(
                    "%d of %d events were refused; the first, %s, was a %s: %s",
                    len(refused), len(lot), refused[0].id, refused[0].status, refused[0].reason,
                )  # fmt: skip
            return


def _run_name(began: datetime) -> str:
    """Return a short name for a run: the milliseconds since 2020 in base 36."""
    rest, name = (began - _EPOCH) // timedelta(milliseconds=1), ""
    while rest > 0:
        rest, digit = divmod(rest, 36)
        name = _DIGITS[digit] + name
    return name or "0"
