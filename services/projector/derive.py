"""The derive loop: keeps every derived table true to the ledger.

5. for the scopes touched between a table's position and the watermark, read from `tape`: their
   effective events, once per round, into slices that all tables of a reading at that position
   share; derive; write the positions.

Live, catch-up and rebuild are this same step. A row is a function of the set of records of its
scope, and its version is how many of them were read, so that repeating a step, or deriving late
what somebody else derived since, changes nothing. Several workers derive side by side, each what
its partitions touch: of two that derive one scope, the one that reads it last sees what both of
them appended, and its row wins.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from infra.warehouse import FAILURES
from projections import rendering
from projections.registry import DerivedTable
from services.projector import generations, store
from services.projector.deployment import Deployment, Followed, Position, as_far
from services.projector.slices import Slice, Slices, TooMuch
from services.projector.touched import Touched, prefixes
from services.projector.working import WorkingTables

log = logging.getLogger(__name__)

TIMES_AS_MANY = 4
"""How many times as large as was reckoned a slice may be before its records are counted."""
ONE_LEVEL = "SETTINGS group_by_two_level_threshold = 0, group_by_two_level_threshold_bytes = 0"
"""Groups stay together: told apart into 256 blocks, what is worked out of each costs twice."""


@dataclass(slots=True)
class DeriveLoop(Deployment):
    """Derives in rounds; one round brings every generation to the watermark."""

    worker: str = "w0"
    """Names the working tables of this loop; no two loops at work share it."""
    slice_rows: int = 50_000
    """How many records of the ledger a slice is made of at most, roughly."""
    few: int = 2_000
    """Up to how many records name what they touch in the statements, rather than in a table."""
    between_steps: Callable[[str], None] = lambda _step: None
    partitions: frozenset[int] | None = None
    """The partitions whose records this loop follows; all where it is None."""
    leads: bool = True
    """Whether this loop is the one that shows what has caught up."""
    _held: dict[str, float] = field(default_factory=dict)
    """Per reading, how many records of the ledger a scope of the last round had."""
    _listed: dict[str, str] = field(default_factory=dict)
    _working: WorkingTables = field(init=False)
    _touched: Touched = field(init=False)

    def __post_init__(self) -> None:
        self._working = WorkingTables(self.client, self.worker)
        self._touched = Touched(self.client, self._working, self.few)

    def step(self) -> bool:
        """Bring every generation to the watermark; return whether there was anything to do.

        A table whose SQL fails lags alone: the reason is in `failures`, its position stays.
        """
        # 5. what was touched since each table's position, to the watermark
        end = self._end()
        worked = False
        for group, start in self._groups(end):
            worked |= self._derive_group(group, start, self._bounded(group, end))
        if self.leads and (worked or self.building) and self.take_over():
            self.between_steps("taken over")
        return worked

    def caught_up(self) -> bool:
        """Return whether every generation that can be derived is at the watermark."""
        end = self._end()
        return all(
            as_far(self.positions[f.generation], end)
            for f in self.followed
            if f.table.name not in self.failures
        )

    def drop_working_tables(self) -> None:
        """Leave nothing behind that only this loop needs."""
        self._working.drop()

    def drop_abandoned(self) -> None:
        """Drop the working tables of workers that died. For the leader."""
        self._working.drop_abandoned()

    def _end(self) -> dict[int, int]:
        """Return the watermark, of the partitions that this loop follows."""
        end = store.watermark(self.client)
        if self.partitions is None:
            return end
        return {partition: stop for partition, stop in end.items() if partition in self.partitions}

    def _groups(self, end: Position) -> Iterator[tuple[list[Followed], Position]]:
        """Yield what can share a slice: the same reading from the same position, needs first."""
        order: dict[tuple[str, tuple[tuple[int, int], ...]], list[Followed]] = {}
        for followed in sorted(self.followed, key=lambda f: f.table.reading != "key"):
            reached = self.positions[followed.generation]
            start = {partition: reached.get(partition, 0) for partition in end}
            if any(start[partition] < stop for partition, stop in end.items()):
                order.setdefault((followed.table.reading, _frozen(start)), []).append(followed)
        for (_, frozen), group in order.items():
            yield group, dict(frozen)

    def _bounded(self, group: list[Followed], end: Position) -> Position:
        """Go no farther than the tables that the group needs have come, and nowhere while one that
        is no longer kept up to date is seen in place of one of them.
        """
        needs = {name for followed in group for name in followed.table.needs}
        kept = {followed.generation for followed in self.followed}
        seen = {self.shown[name] for name in needs if name in self.shown}
        if not seen <= kept:
            return {}
        bound = dict(end)
        for followed in self.followed:
            if followed.table.name in needs:
                reached = self.positions[followed.generation]
                bound = {p: min(stop, reached.get(p, 0)) for p, stop in bound.items()}
        return bound

    def _derive_group(self, group: list[Followed], start: Position, end: Position) -> bool:
        """Bring a group from one position to another; return whether that lies ahead."""
        if not any(stop > start.get(partition, 0) for partition, stop in end.items()):
            return False
        try:
            failed = self._derive_touched(group, start, end)
        except FAILURES as error:
            failed = {followed.generation: str(error) for followed in group}
        done = [f.generation for f in group if f.generation not in failed]
        if done:
            store.write_positions(self.client, done, end)
            for generation in done:
                reached = self.positions[generation]
                further = {p: max(stop, reached.get(p, 0)) for p, stop in end.items()}
                self.positions[generation] = reached | further
        self._note(group, failed)
        self.between_steps("positions")
        return True

    def _derive_touched(
        self, group: list[Followed], start: Position, end: Position
    ) -> dict[str, str]:
        """Derive what the records in between touch; return the generations that failed, and why."""
        few = self._touched.one_by_one(start, end)
        types = self._touched.types(start, end) if few is None else {one.type for one in few}
        concerned = [
            f for f in group if any(kind.startswith(prefixes([f.table])) for kind in types)
        ]
        if not concerned:
            return {}
        tables = [followed.table for followed in concerned]
        if few is not None:
            try:
                named = self._touched.named(tables, few)
                return self._derive_slices(concerned, named, self.slice_rows)
            except TooMuch:
                log.debug("few records touch more than a slice holds")
        reading, most = tables[0].reading, self.slice_rows
        if all(table.judged_only for table in tables):
            most *= TIMES_AS_MANY  # nothing of them is copied
        if held := self._held.get(reading):
            try:
                parts = self._touched.parts(tables, start, end, most, held)
                return self._derive_slices(concerned, parts, TIMES_AS_MANY * most)
            except TooMuch:
                log.debug("scopes hold more than those of the round before did")
        parts = self._touched.parts(tables, start, end, most, None)
        return self._derive_slices(concerned, parts)

    def _derive_slices(
        self, group: list[Followed], scopes: Iterable[str], most: int | None = None
    ) -> dict[str, str]:
        tables = [followed.table for followed in group]
        failed: dict[str, str] = {}
        slices = Slices(self.client, self._working, self.between_steps)
        for where in scopes:
            for found in self._made(slices, tables, where, most):
                self.between_steps("slice")
                failed |= self._derive(group, found, failed)
        if self._touched.scopes:
            self._held[tables[0].reading] = slices.records / self._touched.scopes
        return failed

    def _made(
        self, slices: Slices, tables: list[DerivedTable], where: str, most: int | None
    ) -> Iterator[Slice]:
        return slices.of(tables, where, most)

    def _derive(
        self, group: list[Followed], found: Slice, before: Mapping[str, str]
    ) -> dict[str, str]:
        """Derive every table of the group from a slice; return those that failed, with why."""
        failed: dict[str, str] = {}
        for followed in group:
            if followed.generation in before or (followed.table.judged_only and not found.judged):
                continue
            select = rendering.derivation(followed.table, found.source)
            try:
                columns = self._columns(followed, select)
                self.client.command(
                    f"INSERT INTO sales_store.{followed.generation} ({columns}) "
                    f"{ONE_LEVEL} {select}"
                )
            except FAILURES as error:
                failed[followed.generation] = str(error)
            self.between_steps("derived")
        return failed

    def _columns(self, followed: Followed, select: str) -> str:
        """Return the columns a derivation yields, in its order: rows are matched by name."""
        if followed.generation not in self._listed:
            found = generations.describe(self.client, select)
            self._listed[followed.generation] = ", ".join(f"`{name}`" for name, _ in found)
        return self._listed[followed.generation]

    def _note(self, group: list[Followed], failed: Mapping[str, str]) -> None:
        if failed:  # another worker leads, and may have dropped what it replaced
            existing = generations.stored(self.client)
            self.followed = [f for f in self.followed if f.generation in existing]
            group = [followed for followed in group if followed.generation in existing]
        for followed in group:
            if reason := failed.get(followed.generation):
                if self.failures.get(followed.table.name) != reason:
                    log.error("table %s cannot be derived: %s", followed.table.name, reason)
                self.failures[followed.table.name] = reason
            else:
                self.failures.pop(followed.table.name, None)


def _frozen(position: Position) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(position.items()))
