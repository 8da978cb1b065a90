"""The page of the sales domain is what its file says now, and its file names only what exists."""

from pathlib import Path

import pytest

from projections import registry
from projections.domain import domain_page, load
from projections.registry import DefinitionError, Definitions

PAGE = Path(__file__).resolve().parents[3] / "docs" / "domain.md"


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return registry.load()


def test_the_page_of_the_domain_is_up_to_date(definitions: Definitions) -> None:
    written = domain_page(definitions)
    assert PAGE.read_text() == written, "write it anew: salestape docs domain > docs/domain.md"


def test_every_question_answers_an_item(definitions: Definitions) -> None:
    items = [item for section in load(definitions) for item in section.items]
    placed = {name for item in items for name in item.questions}
    missing = sorted(definitions.questions.keys() - placed)
    assert missing == [], "name each in an item of projections/domain.toml"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('events = ["sales.deal.one.v1"]', '"sales.deal.one.v1" is not an event type'),
        ('questions = ["wins"]', "'wins' is neither a question nor a derived table"),
        ('events = ["sales.deal.won.v1"]\nquestion = ["win_rate"]', "'question' is nothing"),
        ('note = "soon"', "neither events nor questions"),
    ],
)
def test_a_wrong_item_is_refused_by_its_name(
    definitions: Definitions, tmp_path: Path, line: str, told: str
) -> None:
    path = tmp_path / "domain.toml"
    path.write_text(f'[[section]]\ntitle = "Deals"\n[[section.item]]\nname = "Close"\n{line}\n')
    with pytest.raises(DefinitionError, match=f"Close: .*{told}"):
        load(definitions, path)
