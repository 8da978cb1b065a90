"""How a worker stands: how far it is behind, in records and in seconds, and what stops it.

Consumer lag is how many records of a partition are not in the ledger (or not derived) yet; time lag
is how long ago the oldest of them was recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.clock import monotonic, now
from services.projector import store
from services.projector.appending import Turn
from services.projector.derive import DeriveLoop
from services.projector.reasons import reason_of

STALLED_SECONDS = 60.0
"""How long nothing may be appended of a partition that has more, before the worker says so."""
SILENT_SECONDS = 30.0
"""How long the worker's event loop may leave its figures as they are."""


@dataclass(frozen=True, slots=True)
class Derived:
    """How far a generation has followed a partition, as it was at a round's beginning."""

    table: str
    generation: str
    shown: bool
    partition: int
    position: int
    oldest: datetime | None
    """When the oldest record was recorded that is in the ledger and not derived."""


@dataclass(slots=True)
class Standing:
    """The figures of one worker. Written by its loops, read by who asks how it is."""

    worker: str
    group: str
    leader: bool = False
    ends: Mapping[int, int] = field(default_factory=dict)
    """Per partition of the tape, the offset of the next record."""
    derived: list[Derived] = field(default_factory=list)
    failing_views: Mapping[str, str] = field(default_factory=dict)
    """Table or question to why it does not work; all else goes on."""
    failing_timers: dict[str, str] = field(default_factory=dict)
    """The same of the leader's timers."""
    trouble: dict[str, str] = field(default_factory=dict)
    """Loop to why it waits."""
    rejected: int = 0
    last_derived_at: datetime | None = None
    _turn: Turn | None = None
    _seen: float = field(default_factory=monotonic)
    _moved: dict[int, tuple[int, float]] = field(default_factory=dict)

    def look_at_appending(self, turn: Turn, ends: Mapping[int, int]) -> None:
        """Note where appending is, and whether it moves."""
        moment = monotonic()
        self.ends, self._turn, self._seen = dict(ends), turn, moment
        moved = {}
        for part, position in turn.position.items():
            before, since = self._moved.get(part, (-1, moment))
            stands = position == before and position < ends.get(part, 0)
            moved[part] = (position, since if stands else moment)
        self._moved = moved

    def look_at_deriving(self, derive: DeriveLoop) -> None:
        """Note where deriving is. Only in the thread that derives."""
        partitions = sorted(derive.partitions or ())
        marks = store.watermark(derive.client)
        places = {
            (part, position)
            for followed in derive.followed
            for part in partitions
            if (position := derive.positions[followed.generation].get(part, 0)) < marks.get(part, 0)
        }
        recorded = store.recorded_at(derive.client, places)
        self.derived = [
            Derived(
                followed.table.name,
                followed.generation,
                derive.shown.get(followed.table.name) == followed.generation,
                part,
                position := derive.positions[followed.generation].get(part, 0),
                recorded.get((part, position)),
            )
            for followed in derive.followed
            for part in partitions
        ]
        self.failing_views = {name: reason_of(why) for name, why in derive.failures.items()}

    def told(self) -> dict[str, Any]:
        """Return everything as JSON has it.

        `status` is `ok`, `degraded` (a table, question or timer fails alone, all else goes on) or
        `trouble` (what comes is not taken in, or not derived).
        """
        moment, turn = now(), self._turn
        position = {} if turn is None else turn.position
        waiting = self._waiting(turn, moment)
        trouble = dict(self.trouble) | self._stalled()
        failing = dict(self.failing_views) | dict(self.failing_timers)
        return {
            "status": "trouble" if trouble else "degraded" if failing else "ok",
            "worker": self.worker,
            "group": self.group,
            "leader": self.leader,
            "partitions": [
                {
                    "partition": part,
                    "position": at,
                    "end": self.ends.get(part, at),
                    "lag": max(0, self.ends.get(part, at) - at),
                    "lag_seconds": waiting.get(part, 0.0),
                }
                for part, at in sorted(position.items())
            ],
            "tables": [
                {
                    "table": one.table,
                    "generation": one.generation,
                    "shown": one.shown,
                    "partition": one.partition,
                    "position": one.position,
                    "lag": max(0, self.ends.get(one.partition, 0) - one.position),
                    "lag_seconds": waiting.get(one.partition, 0.0)
                    if one.oldest is None
                    else _seconds(moment, one.oldest),
                    "trouble": failing.get(one.table),
                }
                for one in self.derived
                if one.partition in position
            ],
            "trouble": trouble,
            "failing": failing,
            "rejected": self.rejected,
            "last_derived_at": None
            if self.last_derived_at is None
            else self.last_derived_at.isoformat(),
        }

    def _waiting(self, turn: Turn | None, moment: datetime) -> dict[int, float]:
        """Return, per partition that has more, how long its oldest record waits to be appended.

        Of what was not even read yet only that it is there is known, and since when.
        """
        if turn is None:
            return {}
        found = {
            part: monotonic() - since
            for part, (position, since) in self._moved.items()
            if position < self.ends.get(part, 0)
        }
        for batch in reversed(list(turn.in_hand)):
            for part, recorded in batch.oldest().items():
                found[part] = _seconds(moment, recorded)
        return found

    def _stalled(self) -> dict[str, str]:
        moment = monotonic()
        if moment - self._seen > SILENT_SECONDS:
            return {"worker": f"it told nothing of itself for {moment - self._seen:.0f} s"}
        parts = sorted(
            p for p, (_, since) in self._moved.items() if moment - since > STALLED_SECONDS
        )
        if not parts:
            return {}
        listed = ", ".join(map(str, parts))
        return {"stalled": f"nothing was appended for {STALLED_SECONDS:g} s of partitions {listed}"}


def _seconds(moment: datetime, before: datetime) -> float:
    return max(0.0, round((moment - before).total_seconds(), 3))
