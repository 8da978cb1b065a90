"""Asking why: one row is named, its events are shown, and what cannot be is told so."""

import pytest

from services.query.answers import Slices, Unanswerable
from services.query.asking import row_told
from services.query.reader import Reader


def test_a_row_shows_the_events_behind_it(reader: Reader) -> None:
    found = reader.why("funnel", {"pipeline": "main", "stage": "contact"})
    row = dict(zip(found.row.columns, found.row.rows[0], strict=True))
    types = [event[found.events.columns.index("type")] for event in found.events.rows]
    assert (row["entered"], row["won"]) == (20, 10)
    assert types.count("sales.deal.opened.v1") == 20
    assert types.count("sales.deal.won.v1") == 10
    assert types.count("sales.pipeline.defined.v1") == 1


def test_a_row_as_of_a_day_shows_the_events_until_then(reader: Reader) -> None:
    found = reader.why("churn_signals", {"account": "Acme 1"}, as_of="2021-03-07")
    assert [row[0].day for row in found.events.rows] == [2, 6]


@pytest.mark.parametrize(
    ("question", "row", "said"),
    [
        ("funnel", {}, "Name pipeline and stage"),
        ("funnel", {"stag": "contact"}, "no column 'stag'.*stage"),
        ("funnel", {"stage": "none"}, "no row where stage=none"),
        ("funnel", {"pipeline": "main,stage=a b"}, "no row where pipeline='main,stage=a b'"),
        ("funnel", {"pipeline": "main"}, "several rows .* name stage as well: stage=contact"),
        ("dead_letters", {"offset": "1"}, "records that are no events"),
        ("deals", {"deal": "D-1"}, "a table"),
    ],
)
def test_a_row_that_cannot_be_explained_is_told_so(
    reader: Reader, question: str, row: dict[str, str], said: str
) -> None:
    with pytest.raises(Unanswerable, match=said):
        reader.why(question, row)


def test_a_row_of_a_slice_is_named_with_its_slice(reader: Reader) -> None:
    cut = Slices(by="rep", period="month")
    with pytest.raises(Unanswerable, match="Name slice, period, pipeline and stage"):
        reader.why("funnel", {}, slices=cut)
    with pytest.raises(Unanswerable, match=r"name slice as well: slice=ann, slice=bob"):
        reader.why("funnel", {"stage": "contact"}, slices=cut)
    found = reader.why("funnel", {"stage": "contact", "slice": "bob"}, slices=cut)
    row = dict(zip(found.row.columns, found.row.rows[0], strict=True))
    types = [event[found.events.columns.index("type")] for event in found.events.rows]
    assert (row["entered"], types.count("sales.deal.opened.v1")) == (10, 10)


def test_a_question_without_slices_says_so(reader: Reader) -> None:
    with pytest.raises(Unanswerable, match="rfm_segments can be cut neither"):
        reader.show("rfm_segments", slices=Slices(by="team"))


def test_a_row_is_named_as_on_a_command_line() -> None:
    assert row_told("stage=a account='Acme Ltd' slice=") == {
        "stage": "a",
        "account": "Acme Ltd",
        "slice": "",
    }
    with pytest.raises(Unanswerable, match=r"'Ltd' .* write column=value.* account='Acme Ltd'"):
        row_told("account=Acme Ltd")
