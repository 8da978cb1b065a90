"""The page of the sales domain: what records each item, and what answers it.

The items and where they lead stand in `domain.toml`; nothing here knows one by name.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from events.catalogue import CATALOGUE
from events.explanation import unknown_type
from projections.registry import HERE, DefinitionError, Definitions

FILE = HERE / "domain.toml"

_BEGIN = """\
# The sales domain

What a sales department wants recorded and answered, item by item. This page is written by
`salestape docs domain` from `projections/domain.toml`.

- **Recorded by**: the [event types](events.md) that hold the facts. `salestape replay` shows those
  of a deal; in SQL they are in `events`, and most in [`facts`](tables-and-questions.md#facts).
- **Answered by**: the [questions](questions.md), and the [tables](tables-and-questions.md), that
  answer the item, in whole or in part.
- **Note**: which part of an answer is meant, how it is cut, and what no question answers yet."""

_UNANSWERED = "recorded; no question of its own yet"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a department wants recorded and answered."""

    name: str
    events: tuple[str, ...] = ()
    """The event types that record it."""
    questions: tuple[str, ...] = ()
    """The questions and derived tables that answer it, in whole or in part."""
    note: str = ""
    """How the answer is found, and what has none."""


@dataclass(frozen=True, slots=True)
class Section:
    """Items that belong together."""

    title: str
    items: tuple[Item, ...]


def load(definitions: Definitions, path: Path = FILE) -> tuple[Section, ...]:
    """Read the sections of the domain, in order.

    Raises `DefinitionError` naming the item that is wrong.
    """
    try:
        told = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{path}: {error}") from error
    try:
        return tuple(
            Section(
                section["title"],
                tuple(_item(item, path, definitions) for item in section["item"]),
            )
            for section in told["section"]
        )
    except KeyError as error:
        raise DefinitionError(f"{path}: {error.args[0]} is missing") from error


def _item(told: Mapping[str, Any], path: Path, definitions: Definitions) -> Item:
    item = Item(
        name=told["name"],
        events=tuple(told.get("events", ())),
        questions=tuple(told.get("questions", ())),
        note=told.get("note", ""),
    )
    if wrong := next(_mistakes(item, told, definitions), None):
        raise DefinitionError(f"{path}: {item.name}: {wrong}")
    return item


def _mistakes(item: Item, told: Mapping[str, Any], definitions: Definitions) -> Iterator[str]:
    for key in told.keys() - {field.name for field in fields(Item)}:
        yield f"{key!r} is nothing that an item has"
    for event_type in item.events:
        if event_type not in CATALOGUE:
            yield unknown_type(event_type)
    for name in item.questions:
        if name not in definitions.questions and name not in definitions.tables:
            yield f"{name!r} is neither a question nor a derived table"
    if not item.events and not item.questions:
        yield "has neither events nor questions"


def domain_page(definitions: Definitions) -> str:
    """Return the page, in Markdown."""
    sections = load(definitions)
    parts = [_BEGIN, _counts([item for section in sections for item in section.items])]
    for section in sections:
        parts += [f"## {section.title}", "\n".join(_table(section, definitions))]
    return "\n\n".join(parts) + "\n"


def _counts(items: Sequence[Item]) -> str:
    answered = sum(bool(item.questions) for item in items)
    return (
        f"Of {len(items)} items, {answered} are answered, in whole or in part, "
        f"and {len(items) - answered} are recorded only."
    )


def _table(section: Section, definitions: Definitions) -> Iterator[str]:
    yield "| item | recorded by | answered by | note |"
    yield "|---|---|---|---|"
    for item in section.items:
        events = ", ".join(f"`{event_type}`" for event_type in item.events)
        answers = ", ".join(_link(name, definitions) for name in item.questions)
        yield f"| {item.name} | {events or '-'} | {answers or _UNANSWERED} | {item.note} |"


def _link(name: str, definitions: Definitions) -> str:
    if name in definitions.questions:
        return f"[{name}](questions.md#{name})"
    return f"[{name}](tables-and-questions.md)"
