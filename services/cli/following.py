"""How far projectors elsewhere have brought the warehouse, as its store and the tape say.

For processes that derive nothing themselves. Why a table lags alone is known to the projectors
only; here it shows as a position that stays.
"""

import threading
from collections.abc import Hashable, Mapping
from dataclasses import replace

from clickhouse_connect.driver.client import Client

from infra.clock import monotonic
from infra.tape import Tape
from infra.warehouse import FAILURES, brief, code_of
from projections.registry import Definitions
from services.cli.platform import PROJECTOR, WAREHOUSE
from services.projector import generations, store
from services.projector.projector import Health

LOOK_SECONDS = 0.5
"""How old an answer may be: many ask, and each look costs the server a few small queries."""
STALLED_SECONDS = 30.0
"""How long nothing may move, while records wait, before it is said that nobody derives."""

NO_TABLES = (
    "there are no tables in the warehouse yet: start `salestape projector`, which makes them"
)
_NOT_THERE = frozenset({60, 81})  # no such table, no such database


class Following:
    """What the store says about the derived tables. Safe to use from several threads."""

    def __init__(self, tape: Tape, client: Client, definitions: Definitions) -> None:
        """`client` is for this alone; who composes it closes it."""
        self._tape = tape
        self._client = client
        self._definitions = definitions
        self._lock = threading.Lock()
        self._looked_at = -LOOK_SECONDS
        self._health = Health({}, {}, {}, [], {}, 0)
        self._done: Hashable = None
        self._waiting_since: float | None = None

    def health(self) -> Health:
        """Return how far everything is, at most half a second old.

        That the server cannot be asked, or nobody derives, is among the failures. Raises what the
        tape raises.
        """
        with self._lock:
            if monotonic() - self._looked_at >= LOOK_SECONDS:
                self._health = self._look()
                self._looked_at = monotonic()
            return self._health

    def version(self) -> Hashable:
        """Return something that changes whenever a table has followed the tape further."""
        return _frozen(self.health().tables)

    def _look(self) -> Health:
        end = self._tape.ends()
        try:
            health = self._asked(end)
        except FAILURES as error:
            missing = code_of(error) in _NOT_THERE
            failure = (PROJECTOR, NO_TABLES) if missing else (WAREHOUSE, brief(error))
            return Health({}, end, {}, [], dict([failure]), 0)
        idle = self._idle(health)
        if idle > STALLED_SECONDS:
            told = (
                f"nothing has been derived for {idle:.0f} seconds while records wait: start "
                "`salestape projector`, or read what the one that runs says"
            )
            return replace(health, failures={PROJECTOR: told})
        return health

    def _idle(self, health: Health) -> float:
        """Return for how many seconds nothing has moved while records waited, as far as seen."""
        before = self._done
        self._done = (_frozen(health.tables), tuple(sorted(health.position.items())))
        if not health.tables or is_derived(health, health.end):
            self._waiting_since = None
            return 0.0
        if self._waiting_since is None or self._done != before:
            self._waiting_since = monotonic()
        return monotonic() - self._waiting_since

    def _asked(self, end: Mapping[int, int]) -> Health:
        position = store.watermark(self._client)
        positions = store.positions(self._client)
        shown = generations.shown(self._client, self._definitions.tables)
        tables: dict[str, dict[int, int]] = {}
        building: list[str] = []
        for name, table in self._definitions.tables.items():
            seen = shown.get(name, table.generation)
            tables[seen] = positions.get(seen, {})
        for generation in sorted(generations.stored(self._client)):
            if generation not in tables and table_of(generation) in self._definitions.tables:
                tables[generation] = positions.get(generation, {})
                building.append(generation)
        return Health(position, end, tables, building, {}, 0)


def table_of(generation: str) -> str:
    """Return the table that a generation is one of."""
    return generation.partition("__")[0]


def records_behind(position: Mapping[int, int], end: Mapping[int, int]) -> int:
    """Return how many records lie between a position and the end."""
    return sum(max(0, stop - position.get(partition, 0)) for partition, stop in end.items())


def is_derived(health: Health, end: Mapping[int, int]) -> bool:
    """Tell whether every table that people see, and that does not fail, has come to an end."""
    return bool(health.tables) and not any(
        records_behind(position, end)
        for generation, position in health.tables.items()
        if generation not in health.building  # it may be given up
        and table_of(generation) not in health.failures
    )


def _frozen(tables: Mapping[str, Mapping[int, int]]) -> Hashable:
    return tuple(sorted((name, tuple(sorted(at.items()))) for name, at in tables.items()))
