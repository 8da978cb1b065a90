"""The effective events that derivations of a round share, as tables in memory.

Most records stand alone in their group and are their event as they are: they are copied once,
payload parsed, into a *plain* slice. Scopes with groups that must be judged (repeats, conflicts,
amendments) are left out of it, and read into a slice of their own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from projections import rendering
from projections.registry import DerivedTable
from services.projector.working import WorkingTables


class TooMuch(Exception):
    """A few records touch scopes with too many."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Effective events of some scopes, whole."""

    source: str
    """The table, or the subquery in parentheses, that has them."""
    judged: bool
    """False where every record of the scopes stands alone."""


@dataclass(slots=True)
class Slices:
    """Makes them."""

    client: Client
    working: WorkingTables
    between_steps: Callable[[str], None]
    records: int = 0
    """How many records of the ledger were read, all in all."""

    def of(self, tables: Sequence[DerivedTable], where: str, most: int | None) -> Iterator[Slice]:
        """Yield what tables of one reading are derived from, for the scopes that meet a condition
        on the ledger. Each slice is gone when the next is asked for.

        Raises `TooMuch` before the first, where the scopes hold more than `most` records.
        """
        reading, plain = tables[0].reading, None
        if wanted := [one for one in tables if not one.judged_only]:
            named = frozenset().union(*map(rendering.named_by, wanted))
            bound = "" if most is None else f" LIMIT {most + 1}"
            # One copy, from which it is also seen what must be judged: what another appends in
            # between, such as a batch that is repeated, would be counted and not judged.
            plain = self.working.fill(
                "plain", f"{rendering.plain_slice(reading, named, where)}{bound}"
            )
        source = plain or rendering.grouped(reading, where)
        ((records, crowded),) = self.client.query(rendering.records_and_judged(source)).result_rows
        if most is not None and records > most:
            raise TooMuch
        self.records += records
        names = ", ".join(rendering.scope_of(reading))
        alone = ""
        if crowded:
            judged = self.working.fill("judged", rendering.judged_scopes(reading, source))
            alone = f" WHERE ({names}) NOT IN (SELECT {names} FROM {judged})"
        self.between_steps("judged")
        if plain is not None:
            yield Slice(f"(SELECT * FROM {plain}{alone})", judged=False)
        if crowded:
            columns = ", ".join(rendering.scope_of(reading).values())
            yield self._judged(tables, reading, f"({columns}) IN (SELECT {names} FROM {judged})")

    def _judged(self, tables: Sequence[DerivedTable], reading: str, where: str) -> Slice:
        fields = frozenset().union(*map(rendering.fields_of, tables))
        ledger = rendering.LEDGERS[reading]
        # Judged and read in two statements, so from a copy, for the same reason.
        held = self.working.fill("held", f"SELECT *, digest FROM {ledger} WHERE {where}")
        crowded = self.working.fill(
            "crowded", rendering.crowded(rendering.grouped(reading, "1", held))
        )
        source = self.working.fill(
            "slice", rendering.effective_slice(reading, fields, "1", crowded, held)
        )
        self.working.empty("held")
        return Slice(source, judged=True)
