"""The page of the questions is what their files say now."""

from pathlib import Path

from projections import registry
from projections.describing import questions_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "questions.md"


def test_the_page_of_the_questions_is_up_to_date() -> None:
    written = questions_page(registry.load())
    assert PAGE.read_text() == written, "write it anew: salestape docs > docs/questions.md"
