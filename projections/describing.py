"""The reference page of the questions, written from the headers of their files.

What the page says stands in the SQL files; nothing here knows a question by name.
"""

from collections.abc import Iterator
from itertools import groupby

from projections import forms
from projections.registry import Definitions, Question

_BEGIN = """\
# Questions

Every question that Salestape answers, by theme. This page is written by `salestape docs` from the
comments in the SQL files; a question of your own appears on it like any other. How to ask, and how
to add one: [tables and questions](tables-and-questions.md).

`salestape show QUESTION` answers one. `--as-of` and `--known-at` move its clocks, `--by` and
`--period` cut it where it says so, `--why 'column=value'` shows the events behind the row that the
named columns single out."""


def questions_page(definitions: Definitions) -> str:
    """Return the page, in Markdown."""
    ordered = sorted(definitions.questions.values(), key=lambda one: (one.theme, one.name))
    parts = [_BEGIN]
    for theme, questions in groupby(ordered, key=lambda one: one.theme):
        parts.append(f"## {theme.replace('_', ' ').capitalize()}")
        parts += ["\n\n".join(_question(one, definitions)) for one in questions]
    return "\n\n".join(parts) + "\n"


def _question(question: Question, definitions: Definitions) -> Iterator[str]:
    yield f"### {question.name}"
    yield question.summary
    yield "\n".join(
        [
            "| column | what it is |",
            "|---|---|",
            *(f"| `{name}` | {_cell(told)} |" for name, told in question.comments.items()),
        ]
    )
    yield "\n".join(f"- {what}: {told}" for what, told in _facts(question, definitions))


def _facts(question: Question, definitions: Definitions) -> Iterator[tuple[str, str]]:
    yield "A row is named by", _names(question.key)
    if dimensions := forms.dimensions_of(question, definitions):
        yield "Sliced by", _names(dimensions)
    if periods := forms.periods_of(question):
        yield "Cut by", _names(periods)
    if "currency" in question.comments:
        reason = forms.why_not_converted(question, definitions)
        yield "Told in one currency", f"no: {reason}" if reason else "with `--currency`"
    if formula := question.header.tags.get("formula"):
        yield "Formula", formula
    if question.why is None:
        yield "Events behind a row", f"none, because {question.header.why_not or 'it says none'}"
        return
    yield "Events behind a row", f"`{question.why}`"
    yield "They give again", _names(question.explains) if question.explains else "all its numbers"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
