"""The derive loop: keeps every derived table true to the ledger.

5. for the keys touched between a table's position and the watermark, read from `tape`: their
   effective events, once per round, into a slice that all tables at that position share; derive;
   write the positions.

Live, catch-up and rebuild are this same step. A row is a function of the set of records of its
scope, and its version is how many of them were read, so that repeating a step, or deriving late
what somebody else derived since, changes nothing. Several workers derive side by side, each what
its partitions touch: of two that derive one scope, the one that reads it last sees what both of
them appended, and its row wins.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from clickhouse_connect.driver.binding import format_str

from infra.warehouse import FAILURES
from projections import rendering
from projections.registry import DerivedTable
from services.projector import generations, store
from services.projector.deployment import Deployment, Followed, Position, as_far

log = logging.getLogger(__name__)

AMENDMENT = "sales.event."
"""How the types of corrections and retractions begin: they can change any row."""

TAPE_SCOPE = "day AS filed_day, actor AS filed_actor, if(actor = '', key, '') AS filed_home"
"""What names a slice of a day, over the tape."""

WORKING = ("touched", "slice", "crowded", "held")
"""What the working tables of a loop hold; their names begin so."""

ABANDONED = f"""
SELECT arrayJoin(groupArray(name))
FROM system.tables
WHERE database = 'sales_store' AND match(name, '^({"|".join(WORKING)})_')
GROUP BY replaceRegexpOne(name, '^[a-z]+_', '') AS worker
HAVING max(metadata_modification_time) < now() - INTERVAL 1 HOUR
"""
"""The working tables of workers that made none of theirs for an hour."""


class Touch(NamedTuple):
    """What a record touches: tables by its type, scopes by the rest."""

    type: str
    key: str
    day: date
    actor: str


class _TooMuchError(Exception):
    """A few records touch scopes with too many."""


@dataclass(slots=True)
class DeriveLoop(Deployment):
    """Derives in rounds; one round brings every generation to the watermark."""

    worker: str = "w0"
    """Names the working tables of this loop; no two loops at work share it."""
    slice_rows: int = 75_000
    """How many records of the ledger a slice is made of at most, roughly."""
    few: int = 2_000
    """Up to how many records name what they touch in the statements, rather than in a table."""
    between_steps: Callable[[str], None] = lambda _step: None
    partitions: frozenset[int] | None = None
    """The partitions whose records this loop follows; all where it is None."""
    leads: bool = True
    """Whether this loop is the one that shows what has caught up."""
    _listed: dict[str, str] = field(default_factory=dict)
    _asked: dict[str, list[Touch]] = field(default_factory=dict)
    """What was touched by the last range of the tape that was asked about."""

    def step(self) -> bool:
        """Bring every generation to the watermark; return whether there was anything to do.

        A table whose SQL fails lags alone: the reason is in `failures`, its position stays.
        """
        # 5. what was touched since each table's position, to the watermark
        end = self._end()
        worked = False
        for group, start in self._groups(end):
            worked = True
            self._derive_group(group, start, self._bounded(group, end))
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
        for what in WORKING:
            self.client.command(f"DROP TABLE IF EXISTS sales_store.{self._working_table(what)}")

    def drop_abandoned(self) -> None:
        """Drop the working tables of workers that died. For the leader.

        One that works makes its tables again and again; where one does so after all, its round
        fails and is repeated.
        """
        found = self.client.query(ABANDONED).result_rows
        for (name,) in found:
            self.client.command(f"DROP TABLE IF EXISTS sales_store.{name}")

    def _working_table(self, what: str) -> str:
        return f"{what}_{self.worker}"

    def _end(self) -> dict[int, int]:
        """Return the watermark, of the partitions that this loop follows."""
        end = store.watermark(self.client)
        if self.partitions is None:
            return end
        return {partition: stop for partition, stop in end.items() if partition in self.partitions}

    def _groups(self, end: Position) -> Iterator[tuple[list[Followed], Position]]:
        """Yield what can share a slice: the same reading from the same position, needs first."""
        order: dict[tuple[str, tuple[tuple[int, int], ...]], list[Followed]] = {}
        for followed in sorted(self.followed, key=lambda f: f.table.reading == "day"):
            reached = self.positions[followed.generation]
            start = {partition: reached.get(partition, 0) for partition in end}
            if any(start[partition] < stop for partition, stop in end.items()):
                order.setdefault((followed.table.reading, _frozen(start)), []).append(followed)
        for (_, frozen), group in order.items():
            yield group, dict(frozen)

    def _bounded(self, group: list[Followed], end: Position) -> Position:
        """Go no farther than the tables that the group needs have come."""
        needs = {name for followed in group for name in followed.table.needs}
        bound = dict(end)
        for followed in self.followed:
            if followed.table.name in needs:
                reached = self.positions[followed.generation]
                bound = {p: min(stop, reached.get(p, 0)) for p, stop in bound.items()}
        return bound

    def _derive_group(self, group: list[Followed], start: Position, end: Position) -> None:
        if not any(stop > start.get(partition, 0) for partition, stop in end.items()):
            return
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

    def _derive_touched(
        self, group: list[Followed], start: Position, end: Position
    ) -> dict[str, str]:
        """Derive what the records in between touch; return the generations that failed, and why."""
        few = self._few_touches(start, end)
        types = self._types_of(start, end) if few is None else {one.type for one in few}
        concerned = [f for f in group if any(kind.startswith(_prefixes([f])) for kind in types)]
        if not concerned:
            return {}
        if few is not None:
            try:
                return self._derive_slices(concerned, self._named(concerned, few), self.slice_rows)
            except _TooMuchError:
                log.debug("few records touch more than a slice holds")
        return self._derive_slices(concerned, self._parts(concerned, start, end))

    def _derive_slices(
        self, group: list[Followed], scopes: Iterable[str], most: int | None = None
    ) -> dict[str, str]:
        failed: dict[str, str] = {}
        for where in scopes:
            self._slice(where, group, most)
            self.between_steps("slice")
            failed |= self._derive(group, failed)
        return failed

    def _types_of(self, start: Position, end: Position) -> set[str]:
        rows = self.client.query(
            "SELECT DISTINCT type FROM sales_store.tape "
            f"WHERE valid AND {store.touched_range(start, end)}"
        ).result_rows
        return {kind for (kind,) in rows}

    def _few_touches(self, start: Position, end: Position) -> list[Touch] | None:
        """Return what the records in between touch, None where they are many."""
        if sum(max(0, stop - start.get(part, 0)) for part, stop in end.items()) > self.few:
            return None
        where = store.touched_range(start, end)
        if where not in self._asked:
            rows = self.client.query(
                f"SELECT DISTINCT type, key, day, actor FROM sales_store.tape "
                f"WHERE valid AND {where}"
            ).result_rows
            self._asked = {where: [Touch(*row) for row in rows]}
        return self._asked[where]

    def _named(self, group: list[Followed], few: list[Touch]) -> list[str]:
        """Return the condition on the ledger that names the scopes touched; none for no scopes."""
        prefixes = _prefixes(group)
        kept = [one for one in few if one.type.startswith(prefixes)]
        keys = ", ".join(sorted({format_str(one.key) for one in kept}))
        if not keys:
            return []
        if group[0].table.reading == "key":
            return [f"key IN ({keys})"]
        # A record that lost a conflict may have won before: its slice is touched with its key.
        lost = self.client.query(
            f"SELECT DISTINCT day, actor, key FROM sales.conflicts WHERE key IN ({keys})"
        ).result_rows
        places = [*((one.day, one.actor, one.key) for one in kept), *lost]
        slices = {(day, actor, "" if actor else key) for day, actor, key in places}
        named = ", ".join(
            sorted(
                f"('{day}', {format_str(actor)}, {format_str(home)})" for day, actor, home in slices
            )
        )
        columns = ", ".join(rendering.scope_of("day").values())
        return [f"({columns}) IN ({named})"]

    def _parts(self, group: list[Followed], start: Position, end: Position) -> Iterator[str]:
        """Write down the scopes touched; yield conditions on the ledger, each for some of them."""
        reading, touched = group[0].table.reading, self._working_table("touched")
        where = f"valid AND {store.touched_range(start, end)} AND ({_types(group)})"
        scope = rendering.scope_of(reading)
        names, columns = ", ".join(scope), ", ".join(scope.values())
        if reading == "key":
            found = f"SELECT DISTINCT key FROM sales_store.tape WHERE {where}"
        else:
            # As in `_named`.
            found = (
                f"SELECT DISTINCT {TAPE_SCOPE} FROM sales_store.tape WHERE {where} "
                f"UNION DISTINCT SELECT {TAPE_SCOPE} FROM sales.conflicts "
                f"WHERE key IN (SELECT key FROM sales_store.tape WHERE {where})"
            )
        # Numbered in the order of the ledger, so that a part of them lies together there.
        self._fill(
            touched, f"SELECT *, row_number() OVER (ORDER BY {names}) AS place FROM ({found})"
        )
        ((scopes, rows),) = self.client.query(
            f"SELECT (SELECT count() FROM sales_store.{touched}), count() "
            f"FROM {rendering.LEDGERS[reading]} "
            f"WHERE ({columns}) IN (SELECT {names} FROM sales_store.{touched})"
        ).result_rows
        parts = -(-int(rows) // self.slice_rows)
        for part in range(parts):
            share = f"place > {scopes * part // parts} AND place <= {scopes * (part + 1) // parts}"
            yield f"({columns}) IN (SELECT {names} FROM sales_store.{touched} WHERE {share})"

    def _slice(self, where: str, group: list[Followed], most: int | None) -> None:
        """Write the effective events of the scopes that meet a condition on the ledger.

        Raises `_TooMuchError` where they hold more than `most` records.
        """
        reading = group[0].table.reading
        fields = frozenset().union(*(rendering.fields_of(f.table) for f in group))
        held, crowded = self._working_table("held"), self._working_table("crowded")
        copy = f"sales_store.{held}"
        bound = "" if most is None else f" LIMIT {most + 1}"
        # Judged and read in two statements, so from a copy: what another appends in between, such
        # as a batch that is repeated, would be counted and not judged.
        self._fill(held, f"SELECT * FROM {rendering.LEDGERS[reading]} WHERE {where}{bound}")
        judging = rendering.crowded(reading, "1", copy)
        ((count, judged),) = self.client.query(
            f"SELECT (SELECT count() FROM {copy}), (SELECT count() FROM ({judging}))"
        ).result_rows
        if most is not None and count > most:
            raise _TooMuchError
        if judged:
            self._fill(crowded, judging)
        self.between_steps("judged")
        self._fill(
            self._working_table("slice"),
            rendering.effective_slice(
                reading, fields, "1", f"sales_store.{crowded}" if judged else None, copy
            ),
        )
        self.client.command(f"TRUNCATE TABLE {copy}")  # it would lie in memory until the next slice

    def _fill(self, name: str, select: str) -> None:
        self.client.command(
            f"CREATE OR REPLACE TABLE sales_store.{name} ENGINE = Memory AS {select}"
        )

    def _derive(self, group: list[Followed], failed: Mapping[str, str]) -> dict[str, str]:
        """Derive every table of the group from the slice; return those that failed, with why."""
        found: dict[str, str] = {}
        sliced = self._working_table("slice")
        for followed in group:
            if followed.generation in failed or not self._any(followed.table, sliced):
                continue
            select = rendering.derivation(followed.table, f"sales_store.{sliced}")
            try:
                columns = self._columns(followed, select)
                self.client.command(
                    f"INSERT INTO sales_store.{followed.generation} ({columns}) {select}"
                )
            except FAILURES as error:
                found[followed.generation] = str(error)
            self.between_steps("derived")
        return found

    def _any(self, table: DerivedTable, sliced: str) -> bool:
        """Return whether a slice holds anything that the table is made of."""
        if table.only_where is None:
            return True
        return self._rows(f"SELECT 1 FROM sales_store.{sliced} WHERE {table.only_where} LIMIT 1")

    def _rows(self, query: str) -> bool:
        return bool(self.client.query(query).result_rows)

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


def _prefixes(group: list[Followed]) -> tuple[str, ...]:
    """Return how the types begin of records that can change any of these tables."""
    return tuple(sorted({prefix for f in group for prefix in f.table.touched_by} | {AMENDMENT}))


def _types(group: list[Followed]) -> str:
    return " OR ".join(f"startsWith(type, '{prefix}')" for prefix in _prefixes(group))
