"""Which scopes of the ledger a round derives: those that records of the tape touch.

A record touches the scope it lies in. In a reading narrower than a key it may also decide who wins
a conflict that lies in another scope of its key, so those that lost one are touched with their key.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from clickhouse_connect.driver.binding import format_str
from clickhouse_connect.driver.client import Client

from projections import rendering
from projections.registry import DerivedTable
from services.projector import store
from services.projector.deployment import Position
from services.projector.working import WorkingTables

AMENDMENT = "sales.event."
"""How the types of corrections and retractions begin: they can change any row."""

SCOPES = {
    "key": "key",
    "deal": "key, deal AS filed_deal",
    "day": "day AS filed_day, actor AS filed_actor, if(actor = '', key, '') AS filed_home",
}
"""Reading to the columns of a scope, over `tape` and over `conflicts`."""

HAS_SCOPE = {"deal": "deal != ''"}
"""Reading to the condition on what lies in one of its scopes at all."""


class Touch(NamedTuple):
    """What a record touches: tables by its type, scopes by the rest."""

    type: str
    key: str
    deal: str
    day: date
    actor: str

    def scope(self, reading: str) -> str | None:
        """Return the scope it lies in, as a literal of SQL; None where it lies in none."""
        key = str(format_str(self.key))
        match reading:
            case "deal":
                return f"({key}, {format_str(self.deal)})" if self.deal else None
            case "day":
                home = "''" if self.actor else key
                return f"('{self.day}', {format_str(self.actor)}, {home})"
        return key


def prefixes(tables: Iterable[DerivedTable]) -> tuple[str, ...]:
    """Return how the types begin of records that can change any of these tables."""
    return tuple(sorted({prefix for one in tables for prefix in one.touched_by} | {AMENDMENT}))


@dataclass(slots=True)
class Touched:
    """Asks `tape` and `conflicts` what records touch."""

    client: Client
    working: WorkingTables
    few: int
    """Up to how many records name what they touch in the statements, rather than in a table."""
    _asked: dict[str, list[Touch]] = field(default_factory=dict)
    """What was touched by the last range of the tape that was asked about."""
    scopes: int = 0
    """How many scopes were written down, where the last ones asked for were."""

    def types(self, start: Position, end: Position) -> set[str]:
        """Return the types of the records in between."""
        rows = self.client.query(
            "SELECT DISTINCT type FROM sales_store.tape "
            f"WHERE valid AND {store.touched_range(start, end)}"
        ).result_rows
        return {kind for (kind,) in rows}

    def one_by_one(self, start: Position, end: Position) -> list[Touch] | None:
        """Return what the records in between touch, None where they are not few."""
        if sum(max(0, stop - start.get(part, 0)) for part, stop in end.items()) > self.few:
            return None
        where = store.touched_range(start, end)
        if where not in self._asked:
            rows = self.client.query(
                f"SELECT DISTINCT type, key, deal, day, actor FROM sales_store.tape "
                f"WHERE valid AND {where}"
            ).result_rows
            self._asked = {where: [Touch(*row) for row in rows]}
        return self._asked[where]

    def named(self, tables: list[DerivedTable], touches: list[Touch]) -> Iterator[str]:
        """Yield the condition on the ledger that names the scopes touched; none for no scopes."""
        reading, kinds, self.scopes = tables[0].reading, prefixes(tables), 0
        kept = [one for one in touches if one.type.startswith(kinds)]
        if reading != "key" and kept:
            keys = ", ".join(sorted({format_str(one.key) for one in kept}))
            rows = self.client.query(
                "SELECT DISTINCT type, key, deal, day, actor FROM sales.conflicts "
                f"WHERE key IN ({keys})"
            ).result_rows
            kept += [Touch(*row) for row in rows]
        scopes = sorted(filter(None, {one.scope(reading) for one in kept}))
        if scopes:
            columns = ", ".join(rendering.scope_of(reading).values())
            yield f"({columns}) IN ({', '.join(scopes)})"

    def parts(
        self,
        tables: list[DerivedTable],
        start: Position,
        end: Position,
        most: int,
        held: float | None,
    ) -> Iterator[str]:
        """Write down the scopes touched; yield conditions on the ledger, each for some of them
        that have some `most` records together.

        `held` is how many records a scope has, as far as that is known; they are counted otherwise.
        """
        reading = tables[0].reading
        scope = rendering.scope_of(reading)
        names, columns = ", ".join(scope), ", ".join(scope.values())
        # Numbered in the order of the ledger, so that a part of them lies together there.
        touched = self.working.fill(
            "touched",
            f"SELECT *, row_number() OVER (ORDER BY {names}) AS place "
            f"FROM ({self._found(tables, start, end)})",
        )
        ((scopes,),) = self.client.query(f"SELECT count() FROM {touched}").result_rows
        self.scopes = int(scopes)
        if held is None:
            ((rows,),) = self.client.query(
                f"SELECT count() FROM {rendering.LEDGERS[reading]} "
                f"WHERE ({columns}) IN (SELECT {names} FROM {touched})"
            ).result_rows
        else:
            rows = int(scopes * held) + 1
        parts = -(-int(rows) // most) if scopes else 0
        for part in range(parts):
            share = f"place > {scopes * part // parts} AND place <= {scopes * (part + 1) // parts}"
            yield f"({columns}) IN (SELECT {names} FROM {touched} WHERE {share})"

    def _found(self, tables: list[DerivedTable], start: Position, end: Position) -> str:
        """Return the statement that finds the scopes touched by the records in between."""
        reading = tables[0].reading
        scope, has_scope = SCOPES[reading], HAS_SCOPE.get(reading, "1")
        kinds = " OR ".join(f"startsWith(type, '{prefix}')" for prefix in prefixes(tables))
        where = f"valid AND {store.touched_range(start, end)} AND ({kinds})"
        found = f"SELECT DISTINCT {scope} FROM sales_store.tape WHERE {where} AND {has_scope}"
        # Keys are many and conflicts hardly ever there: looked up only where they are.
        if reading == "key" or not self._rows("SELECT 1 FROM sales.conflicts LIMIT 1"):
            return found
        return (
            f"{found} UNION DISTINCT SELECT {scope} FROM sales.conflicts WHERE {has_scope} "
            f"AND key IN (SELECT key FROM sales_store.tape WHERE {where})"
        )

    def _rows(self, query: str) -> bool:
        return bool(self.client.query(query).result_rows)
