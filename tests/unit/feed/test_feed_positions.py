import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feed.positions import BadPosition, position_of, text_of

ENDS = {0: 10, 1: 20}


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("start", {}),
        ("now", {0: 10, 1: 20}),
        ("0:0", {0: 1}),
        ("0:9,1:3", {0: 10, 1: 4}),
        ("1:19", {1: 20}),
        ("0:2, 1:3", {0: 3, 1: 4}),
    ],
)
def test_a_text_says_what_was_seen_last(text: str, position: dict[int, int]) -> None:
    assert position_of(text, ENDS) == position


@pytest.mark.parametrize(
    "text",
    ["", "0", "12", "0:", ":1", "0:-1", "0:1,", "0:1;1:2", "NOW", "0:٣", "0:1.5", "x"],
)
def test_text_that_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(BadPosition, match="is no position; give start, now, or the id"):
        position_of(text, ENDS)


@pytest.mark.parametrize("text", ["0:10", "1:20", "0:1,2:0"])
def test_a_position_that_this_tape_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(BadPosition, match="a position on another tape"):
        position_of(text, ENDS)


@given(st.dictionaries(st.integers(0, 99), st.integers(0, 2**53), max_size=5))
def test_the_text_of_a_position_leads_back_to_it(position: dict[int, int]) -> None:
    seen = {partition: offset for partition, offset in position.items() if offset}
    assert position_of(text_of(position), position) == seen
