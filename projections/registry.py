"""The registry of what is kept and asked: derived tables and questions, read from their files.

Reading and judging the files happens here; turning them into statements is the matter of
`projections.rendering`, running those the projector's.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal, get_args

from projections.calendar import Calendar
from projections.header import Header, header_of
from projections.macros import MacroError, expand
from projections.slices import LOOKUPS, Sliced

HERE = Path(__file__).parent
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
SOURCE = re.compile(r"\b(?P<verb>FROM|JOIN)\s+(?P<name>[a-z_][a-z0-9_]*)\b(?P<alias>\s+AS\b)?")
SLICING = re.compile(r"\b(?:sliced|by|period|period_of|periods_after|since|until)\(")
CALENDAR = Calendar()
RESERVED = frozenset({"events", "effective", "rows", "tape"})


Reading = Literal["key", "deal", "day"]
READINGS: tuple[Reading, ...] = get_args(Reading)


class DefinitionError(Exception):
    """A file of a derived table or a question is wrong; the message names the file."""


@dataclass(frozen=True, slots=True)
class DerivedTable:
    """A table that the projector keeps true to the tape."""

    name: str
    purpose: str
    reading: Reading
    """Which reading of the ledger it is derived from: whole keys, the deals of a key, or slices of
    a day and a rep."""
    key: tuple[str, ...]
    """The columns that name a row."""
    touched_by: tuple[str, ...]
    """Prefixes of the event types that can change a row; amendments always can."""
    needs: tuple[str, ...]
    """Derived tables that must have come as far before this one is derived."""
    judged_only: bool
    """True where records that stand alone, with no other of their source and id, make no row."""
    table_sql: str
    derive_sql: str
    read_sql: str
    read_stored_sql: str | None
    """The same over the stored rows, where another text is faster there."""
    folder: Path

    @property
    def generation(self) -> str:
        """The name of the stored table: the table's name and a hash of its definition."""
        definition = "\0".join(
            (
                EFFECTIVE,
                ALONE,
                self.table_sql,
                self.derive_sql,
                self.reading,
                *self.key,
                *self.touched_by,
            )
        )
        return f"{self.name}__{hashlib.sha256(definition.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Question:
    """A view that answers a question, as of now and as of any two clocks."""

    name: str
    theme: str
    sql: str
    header: Header
    path: Path

    @property
    def summary(self) -> str:
        """What it says, its definitions and its limits."""
        return self.header.prose

    @property
    def comments(self) -> Mapping[str, str]:
        """Column to comment."""
        return self.header.columns

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return self.header.names("key")

    @property
    def why(self) -> str | None:
        """The condition on `events` that finds those behind a row, where there are such.

        `row.<column>` in it stands for a value of the row.
        """
        return self.header.why

    @property
    def explains(self) -> tuple[str, ...]:
        """The columns that follow from those events alone; empty where all numbers do."""
        return self.header.names("explains")

    @property
    def sliced(self) -> tuple[Sliced, ...]:
        """What it says of how it can be sliced, in order."""
        found: list[Sliced] = []

        def note(arguments: Sequence[str]) -> str:
            found.append(Sliced.read(arguments))
            return found[-1].plain()

        expand(without_comments(self.sql), {"sliced": note})
        return tuple(found)

    @property
    def is_sliced(self) -> bool:
        """Whether it takes slices or periods."""
        return SLICING.search(without_comments(self.sql)) is not None

    @property
    def sources(self) -> frozenset[str]:
        """The names it reads from, its `why` too, whatever it is sliced by."""
        text = without_comments(f"{self.sql}\n{self.why or ''}")
        plain = expand(text, {"sliced": lambda given: Sliced.read(given).plain()})
        return frozenset(match["name"] for match in SOURCE.finditer(plain))


@dataclass(frozen=True, slots=True)
class Definitions:
    """All derived tables and questions, each in an order in which they can be made."""

    tables: Mapping[str, DerivedTable]
    questions: Mapping[str, Question]
    calendar: Calendar = CALENDAR

    @property
    def readable(self) -> frozenset[str]:
        """The names that people can read from in a question."""
        return frozenset(self.tables) | frozenset(self.questions) | {"events"}

    def read_by(self, questions: Iterable[Question]) -> frozenset[str]:
        """Return the names that questions read, those that others read for them included."""
        read: frozenset[str] = frozenset().union(*map(_needs, questions))
        for question in reversed(list(self.questions.values())):  # each stands behind what it needs
            if question.name in read:
                read |= _needs(question)
        return read


EFFECTIVE = (HERE / "effective.sql").read_text()
ALONE = (HERE / "alone.sql").read_text()


def without_comments(sql: str) -> str:
    """Return the statement without its line comments."""
    return re.sub(r"--[^\n]*", "", sql)


def load(*folders: Path, calendar: Calendar = CALENDAR) -> Definitions:
    """Read all definitions: the project's own, then those of `folders`, which only add to them.

    `calendar` is what questions cut time by.

    Raises `DefinitionError` naming the file that is wrong.
    """
    tables: dict[str, DerivedTable] = {}
    questions: dict[str, Question] = {}
    for root in (HERE, *folders):
        for folder in sorted(path.parent for path in root.glob("*/about.toml")):
            _add(tables, _table(folder), folder)
        for path in sorted(root.glob("views/*/*.sql")):
            _add(questions, _question(path), path)
    _refuse_shared_names(tables, questions)
    return Definitions(
        tables=dict(_ordered(tables, {n: t.needs for n, t in tables.items()})),
        questions=dict(
            _ordered(questions, {n: _needs(q) & questions.keys() for n, q in questions.items()})
        ),
        calendar=calendar,
    )


def _needs(question: Question) -> frozenset[str]:
    """Return what a question reads, also where it looks up what it is sliced by."""
    looked_up = {one.view for read in question.sliced for one in LOOKUPS if one.key in read.given}
    return (question.sources | looked_up) - {question.name}


def _add(into: dict[str, Any], found: DerivedTable | Question, path: Path) -> None:
    if found.name in into:
        raise DefinitionError(f"{path}: the name {found.name} is already taken")
    if found.name in RESERVED or not NAME.match(found.name):
        raise DefinitionError(f"{path}: {found.name!r} cannot be the name of a table or question")
    into[found.name] = found


def _refuse_shared_names(
    tables: Mapping[str, DerivedTable], questions: Mapping[str, Question]
) -> None:
    for name in tables.keys() & questions.keys():
        raise DefinitionError(f"{questions[name].path}: {name} is also a derived table")


def _ordered(things: Mapping[str, Any], needs: Mapping[str, Iterable[str]]) -> Iterator[Any]:
    for name, needed in needs.items():
        for missing in set(needed) - things.keys():
            raise DefinitionError(f"{name} needs {missing}, which does not exist")
    try:
        order = list(
            TopologicalSorter({n: sorted(needs[n]) for n in sorted(things)}).static_order()
        )
    except CycleError as error:
        raise DefinitionError(f"these need each other: {' -> '.join(error.args[1])}") from error
    return ((name, things[name]) for name in order)


def _table(folder: Path) -> DerivedTable:
    try:
        about = tomllib.loads((folder / "about.toml").read_text())
        return DerivedTable(
            name=folder.name,
            purpose=about["purpose"],
            reading=_reading(folder, about),
            key=tuple(about["key"]),
            touched_by=tuple(about["touched_by"]),
            needs=tuple(about.get("needs", ())),
            judged_only=bool(about.get("judged_only", False)),
            table_sql=(folder / "table.sql").read_text(),
            derive_sql=(folder / "derive.sql").read_text(),
            read_sql=(folder / "read.sql").read_text(),
            read_stored_sql=_text_or_none(folder / "read_stored.sql"),
            folder=folder,
        )
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{folder / 'about.toml'}: {error}") from error
    except KeyError as error:
        raise DefinitionError(f"{folder / 'about.toml'}: {error.args[0]} is missing") from error
    except FileNotFoundError as error:
        raise DefinitionError(f"{error.filename}: is missing") from error


def _text_or_none(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _reading(folder: Path, about: Mapping[str, Any]) -> Reading:
    for known in READINGS:
        if about["reading"] == known:
            return known
    raise DefinitionError(
        f"{folder / 'about.toml'}: reading is {about['reading']!r}; "
        f"it is one of {', '.join(map(repr, READINGS))}"
    )


def _question(path: Path) -> Question:
    sql = path.read_text()
    header = header_of(sql)
    if not header.prose:
        raise DefinitionError(f"{path}: begins without a comment that says what it answers")
    question = Question(path.stem, path.parent.name, sql, header, path)
    try:
        _ = question.sources
    except MacroError as error:
        raise DefinitionError(f"{path}: {error}") from error
    return question
