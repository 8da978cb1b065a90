"""Which generations of the derived tables there are, are followed, and are seen by people.

All of it is read off the store, so that any number of workers agree about it: a generation is
followed when its stored table exists, is of this definition, and is shown or newer than the shown
one. One of the workers leads: it makes tables and views, shows a generation that has caught up, and
drops what nobody sees any more. Bringing generations up to date is the derive loop's.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from clickhouse_connect.driver.client import Client

from infra.warehouse import FAILURES, may_pass_later
from projections.registry import Definitions, DerivedTable
from services.projector import generations, store

log = logging.getLogger(__name__)

Position = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Followed:
    """A generation that is kept up to date."""

    table: DerivedTable
    generation: str


@dataclass(slots=True)
class Deployment:
    """The generations as the store had them at the last `start` or `resume`, kept up since."""

    client: Client
    definitions: Definitions
    followed: list[Followed] = field(default_factory=list)
    positions: dict[str, dict[int, int]] = field(default_factory=dict)
    """Per generation and partition, how far it has followed the tape."""
    shown: dict[str, str] = field(default_factory=dict)
    """Table to the generation that people see."""
    failures: dict[str, str] = field(default_factory=dict)
    """Table or question to why it cannot be kept or shown."""
    _unmade: set[str] = field(default_factory=set)
    """Tables that cannot be made."""
    _goals: dict[str, Position] = field(default_factory=dict)
    """Per generation that is not shown yet, what it must reach before it is."""

    def start(self) -> None:
        """Find the generations shown, create those that are new, make the views.

        For who leads. It may break off anywhere and be done again, by another, too.
        """
        existing = generations.stored(self.client)
        self.shown = generations.shown(self.client, self.definitions.tables)
        before = store.deployed(self.client)
        changed = before != generations.fingerprint(self.definitions, self.shown)
        self._unmade.clear()
        for table in self.definitions.tables.values():
            self._try_to_make(Followed(table, self._wanted(table)), existing, changed=changed)
        if changed:
            generations.show_events(self.client)
            self._show_questions()
        self.resume()
        self._forget(existing)

    def resume(self) -> None:
        """Find what is followed, and how far it is, in a warehouse that `start` has prepared."""
        self.shown = generations.shown(self.client, self.definitions.tables)
        self.positions = store.positions(self.client)
        existing = generations.stored(self.client)
        self.followed = [
            Followed(table, generation)
            for table in self.definitions.tables.values()
            if table.name not in self._unmade
            for generation in self._current(table, existing)
        ]
        for followed in self.followed:
            self.positions.setdefault(followed.generation, {})

    def rebuild(self, names: list[str] | None = None) -> None:
        """Begin a new generation of tables, all where none is named; a later round shows it.

        Raises `KeyError` for a name that is no derived table.
        """
        known = generations.stored(self.client) | store.positions(self.client).keys()
        for name in names or list(self.definitions.tables):
            table = self.definitions.tables[name]
            generation = generations.next_generation(table, known)
            self._create(table, generation)
            self.followed.append(Followed(table, generation))
            self.positions[generation] = {}

    @property
    def building(self) -> list[str]:
        """The generations that are not shown yet."""
        return [f.generation for f in self.followed if self.shown.get(f.table.name) != f.generation]

    def take_over(self) -> bool:
        """Show each new generation that has caught up; return whether there was one.

        For who leads. A generation has caught up when it is as far as the one it replaces, and as
        far as the ledger was when this was first asked: to wait for the very end would take for
        ever where records never stop coming.
        """
        changed = redefined = False
        for followed in list(self.followed):
            old, generation = self.shown.get(followed.table.name), followed.generation
            if old == generation or not self._caught_up(generation, old):
                continue
            self._show(followed.table, generation)
            changed = True
            redefined |= old is None or not old.startswith(followed.table.generation)
            if old is not None:
                self._leave(old)
        if redefined or (changed and self.failures):
            self._show_questions()
        elif changed:  # questions read the tables' views, which are as they were
            self._note_deployed()
        return changed

    def _caught_up(self, generation: str, old: str | None) -> bool:
        if generation not in self._goals:
            self._goals[generation] = store.watermark(self.client)
        reached = self.positions[generation]
        before = self.positions.get(old, {}) if old is not None else {}
        return as_far(reached, before) and as_far(reached, self._goals[generation])

    def _leave(self, old: str) -> None:
        self.followed = [f for f in self.followed if f.generation != old]
        self.positions.pop(old, None)
        generations.drop(self.client, old)

    def _try_to_make(self, followed: Followed, existing: set[str], *, changed: bool) -> None:
        """Make a table; one that cannot be made is left alone, and the others serve.

        A generation is shown at once unless one of another definition is to serve until it has
        caught up.
        """
        table, generation = followed.table, followed.generation
        try:
            if generation not in existing:
                self._create(table, generation)
            if changed and self.shown.get(table.name) in (None, generation):
                self._show(table, generation)
        except FAILURES as error:
            if may_pass_later(error):
                raise
            log.error("table %s cannot be made: %s", table.name, error)
            self.failures[table.name] = str(error)
            self._unmade.add(table.name)

    def _create(self, table: DerivedTable, generation: str) -> None:
        # Who derived one of this name late may have left its positions behind.
        store.forget_positions(self.client, generation)
        generations.create(self.client, table, generation)

    def _forget(self, existing: set[str]) -> None:
        kept = {followed.generation for followed in self.followed} | set(self.shown.values())
        for generation in existing - kept:
            generations.drop(self.client, generation)
        generations.hide_unknown(self.client, self.definitions)

    def _wanted(self, table: DerivedTable) -> str:
        """Return the generation that must exist: the one shown where it is of this definition."""
        old = self.shown.get(table.name)
        return old if old is not None and old.startswith(table.generation) else table.generation

    def _current(self, table: DerivedTable, existing: set[str]) -> list[str]:
        """Return the generations of this definition that are shown, or newer than that."""
        least = generations.number_of(self._wanted(table))
        own = [name for name in existing if name.startswith(table.generation)]
        return sorted(
            (name for name in own if generations.number_of(name) >= least),
            key=generations.number_of,
        )

    def _show(self, table: DerivedTable, generation: str) -> None:
        generations.show(self.client, table, generation)
        self.shown[table.name] = generation
        self._goals.pop(generation, None)

    def _show_questions(self) -> None:
        for name in self.definitions.questions:
            self.failures.pop(name, None)
        failed = generations.show_questions(self.client, self.definitions)
        self.failures |= failed
        self._note_deployed()

    def _note_deployed(self) -> None:
        if not self.failures:
            store.write_deployed(self.client, generations.fingerprint(self.definitions, self.shown))


def as_far(position: Position, other: Position) -> bool:
    """Tell whether a position is nowhere before another."""
    return all(position.get(partition, 0) >= offset for partition, offset in other.items())
