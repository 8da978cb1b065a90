"""The questions a test is about: few, since the views of all take a second, or some kind."""

from dataclasses import replace

from emptied import SHIPPED

from projections.registry import Definitions, Question


def tables_with(*questions: str) -> Definitions:
    """Return all tables, and of the questions those that are named."""
    return replace(SHIPPED, questions={name: SHIPPED.questions[name] for name in questions})


def hangs_on_the_time(question: Question) -> bool:
    """Tell whether a question answers otherwise as time goes by, with no event told."""
    return "as_of()" in question.sql or "until()" in question.sql
