"""Whatever comes in is answered, event by event."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.examples import examples
from events.parsing import MAX_BYTES, Rejection, parse_event, parse_events

EXAMPLES = list(examples().values())

BROKEN = [
    b'{"a":[{}',
    b"{}]}",
    b"1},{2",
    b"[[1",
    b"",
    EXAMPLES[0] + b"," + EXAMPLES[1],
    EXAMPLES[0][:-3],
]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-01-01", "2026-01-01T00:00:00Z", "1.5", "EUR", "sales.deal.won.v1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def altered_examples(draw: st.DrawFn) -> bytes:
    """An example with something about it changed, so that it may be good or bad."""
    content = json.loads(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.sampled_from([content, content["data"]]))
        field = draw(st.sampled_from(sorted(place)) | st.text(max_size=8))
        change = draw(st.sampled_from(["replace", "drop"]))
        if change == "drop":
            place.pop(field, None)
        else:
            place[field] = draw(json_values)
        if not isinstance(content.get("data"), dict):
            break
    return json.dumps(content).encode("utf-8", "surrogatepass")


broken = st.binary(max_size=30) | st.sampled_from(BROKEN)
inputs = st.sampled_from(EXAMPLES) | altered_examples() | broken


@settings(max_examples=500, deadline=None)
@given(inputs)
def test_whatever_comes_in_there_is_an_event_or_a_reason(raw: bytes) -> None:
    answer = parse_event(raw)
    if isinstance(answer, Rejection):
        assert answer.reason
    else:
        assert parse_event(answer.model_dump_json().encode()) == answer


@pytest.mark.parametrize("raw", BROKEN)
def test_broken_json_is_answered_where_it_stands(raw: bytes) -> None:
    first, bad, last = parse_events([EXAMPLES[0], raw, EXAMPLES[1]])
    assert isinstance(bad, Rejection)
    assert [first, last] == [parse_event(EXAMPLES[0]), parse_event(EXAMPLES[1])]


def test_no_events_give_no_answers() -> None:
    assert parse_events([]) == []


def test_an_event_too_large_does_not_harm_its_neighbours() -> None:
    raws = [EXAMPLES[0], EXAMPLES[1].rstrip().ljust(MAX_BYTES + 1), EXAMPLES[2]]
    first, large, last = parse_events(raws)
    assert isinstance(large, Rejection)
    assert "at most 262,144 are allowed" in large.reason
    assert [first, last] == [parse_event(EXAMPLES[0]), parse_event(EXAMPLES[2])]
