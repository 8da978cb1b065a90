"""The platform as a command finds it on a cluster: tape and server asked directly, no gateway.

The command appends and reads, beside any number of others. It derives nothing: it waits for the
projectors, and says so where none does the work.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from infra.clock import monotonic
from infra.urls import shown_url
from services.cli.direct import POLL_SECONDS, Direct
from services.cli.failures import Unreachable
from services.cli.following import NO_TABLES, records_behind, table_of
from services.cli.house import ClusterHouse
from services.cli.platform import WAREHOUSE, Progress, Rebuilt, silent
from services.projector import generations
from services.projector.projector import Health

log = logging.getLogger(__name__)

STUCK_SECONDS = 20.0
"""How long projectors may make no progress before the command stops waiting for them: longer than
a group of them takes to share the partitions anew after one was killed."""

LEDGER = ""
"""Stands for the ledger among the generations."""


class Cluster(Direct[ClusterHouse]):
    """A `Platform` over a tape and a server that others use as well."""

    live = True

    @classmethod
    def open(cls, folder: Path, command: str) -> Self:
        """Open tape and server; `folder` gets rejects only. Raises what `ClusterHouse` raises."""
        house = ClusterHouse(folder, command)
        place = f"{shown_url(house.settings.tape)} and {shown_url(house.settings.warehouse)}"
        return cls(house, place)

    def wait_until_derived(self, progress: Progress = silent) -> None:
        """Wait until the tables shown have come to where the tape ends now.

        One that stays behind while the others arrive lags alone: it is told, not waited for. Raises
        `Unreachable` where nothing moves.
        """
        end = self.house.tape.ends()
        total = sum(end.values())
        patience = _Patience()
        while True:
            health = self.house.health()
            behind = _behind(health, end)
            if health.tables and not behind:
                return
            progress(total - max(behind.values(), default=total), total)
            if patience.ends_with(sum(behind.values())):
                self._tell_stuck(health, behind)
                return
            self._stop.wait(POLL_SECONDS)

    def rebuild(
        self, tables: Sequence[str], *, wait: bool, progress: Progress = silent
    ) -> list[Rebuilt]:
        """Have the projectors build tables anew, and wait until they show them."""
        names = self.house.tables_named(tables)
        self.wait_until_derived()
        client = self.house.warehouse.client("read")
        before = generations.shown(client, names)
        self.house.rebuild(names)
        patience = _Patience()
        while True:
            health = self.house.health()
            after = {
                name: seen
                for name, seen in generations.shown(client, names).items()
                if seen != before.get(name)
            }
            progress(len(after), len(names))
            behind = _behind(health, health.end, shown=False)
            stuck = patience.ends_with(sum(behind.values()) + len(names) - len(after))
            if not wait or stuck or len(after) == len(names):
                break
            self._stop.wait(POLL_SECONDS)
        trouble = f"no projector has built it for {STUCK_SECONDS:g} seconds" if stuck else None
        return [
            Rebuilt(name, before.get(name, ""), after.get(name), None if name in after else trouble)
            for name in names
        ]

    def import_engine(self) -> AbstractContextManager[Any]:
        """Open an engine in memory: the warehouse's own has none of the user's files."""
        from services.cli.engine import memory_engine

        return memory_engine()

    def _tell_stuck(self, health: Health, behind: Mapping[str, int]) -> None:
        """Say why nothing moves. Raises `Unreachable` unless only some tables are behind."""
        if why := health.failures.get(WAREHOUSE):
            raise Unreachable(f"the warehouse at {self.place} cannot be asked: {why}")
        if not health.tables:
            raise Unreachable(NO_TABLES)
        most = max(behind.values())
        if LEDGER in behind or len(behind) == len(health.tables) - len(health.building):
            raise Unreachable(
                f"no projector follows the tape: {most:,} records wait and none was derived for "
                f"{STUCK_SECONDS:g} seconds; start `salestape projector`, or see `salestape doctor`"
            )
        for generation, records in behind.items():
            log.warning(
                "the table %s lags alone, by %s records; see `salestape doctor`",
                table_of(generation),
                f"{records:,}",
            )


class _Patience:
    """Ends when what is left has not become less for a while."""

    def __init__(self) -> None:
        self._least: int | None = None
        self._since = monotonic()

    def ends_with(self, left: int) -> bool:
        """Take notice of how much is left, and tell whether to wait no longer."""
        if self._least is None or left < self._least:
            self._least, self._since = left, monotonic()
        return monotonic() - self._since > STUCK_SECONDS


def _behind(health: Health, end: Mapping[int, int], *, shown: bool = True) -> dict[str, int]:
    """Return what is behind an end and by how many records: generations and the ledger.

    `shown` says which generations: those that people see, or those that are being built.
    """
    behind = {
        generation: records_behind(position, end)
        for generation, position in health.tables.items()
        if (generation not in health.building) is shown
    }
    behind[LEDGER] = records_behind(health.position, end)
    return {name: records for name, records in behind.items() if records}
