"""The definitions with few questions, for tests of tables: the views of all take a second."""

from dataclasses import replace

from projections import registry
from projections.registry import Definitions


def tables_with(*questions: str) -> Definitions:
    """Return all tables, and of the questions those that are named."""
    shipped = registry.load()
    return replace(shipped, questions={name: shipped.questions[name] for name in questions})
