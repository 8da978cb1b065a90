"""The questions a test is about: few, since the views of all take a second, or some kind."""

from dataclasses import replace

from emptied import SHIPPED

from projections.registry import Definitions, Question


def tables_with(*questions: str) -> Definitions:
    """Return all tables, and of the questions those that are named, with what they read."""
    named = [SHIPPED.questions[name] for name in questions]
    read = SHIPPED.read_by(named)
    left = {name: q for name, q in SHIPPED.questions.items() if q in named or name in read}
    return replace(SHIPPED, questions=left)


def hangs_on_the_time(question: Question) -> bool:
    """Tell whether a question answers otherwise as time goes by, with no event told."""
    return "as_of()" in question.sql or "until()" in question.sql
