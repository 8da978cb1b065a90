"""Thousands of events are read as one array, and the answers are those of reading one by one."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import parsing
from events.examples import example, examples
from events.parsing import MAX_BYTES, Rejection, parse_event, parse_events

EXAMPLES = list(examples().values())
WON = example("sales.deal.won.v1")

# Two broken events that would read as one or two good ones if the comma between them were taken
# for one of JSON. Each is broken alone.
CRAFTED = [
    (b'{"a":[{}', b'{}]}'),
    (b'{"a":[{}', b'{}]},{"b":1}'),
    (b'1},{"s":2', b"3"),
    (b"[[1", b"2]]"),
    (b'{"a":"', b'"}'),
    (b'{"a":[["x",1', b"1]]}"),
    (b"1],[2", b"3"),
    (b"", b""),
    (EXAMPLES[0] + b'],["', b'",' + EXAMPLES[1]),
    (EXAMPLES[0][:-3], EXAMPLES[0][-3:]),
    (EXAMPLES[0] + b"," + EXAMPLES[1], b""),
]  # fmt: skip

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


broken = st.binary(max_size=30) | st.sampled_from([half for pair in CRAFTED for half in pair])
inputs = st.sampled_from(EXAMPLES) | altered_examples() | broken


@settings(max_examples=300, deadline=None)
@given(st.lists(inputs, max_size=12))
def test_a_batch_is_answered_as_its_events_are_one_by_one(raws: list[bytes]) -> None:
    assert parse_events(raws) == [parse_event(raw) for raw in raws]


@settings(max_examples=500, deadline=None)
@given(inputs)
def test_whatever_comes_in_there_is_an_event_or_a_reason(raw: bytes) -> None:
    answer = parse_event(raw)
    if isinstance(answer, Rejection):
        assert answer.reason
    else:
        assert parse_event(answer.model_dump_json().encode()) == answer


@pytest.mark.parametrize("pair", CRAFTED)
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("after", [0, 1])
def test_two_broken_events_do_not_make_good_ones(
    pair: tuple[bytes, bytes], before: int, after: int
) -> None:
    raws = [*EXAMPLES[:before], *pair, *EXAMPLES[:after]]
    answers = parse_events(raws)
    assert [isinstance(answer, Rejection) for answer in answers] == (
        [False] * before + [isinstance(parse_event(raw), Rejection) for raw in pair]
        + [False] * after
    )  # fmt: skip
    assert answers == [parse_event(raw) for raw in raws]


@pytest.mark.parametrize("guess", ["", "word", "0", "\\u0030"])
def test_an_event_that_closes_its_slot_and_forges_the_next_is_refused(guess: str) -> None:
    """Two inputs stay two slots here: only the word in each slot tells that these are forged."""
    forged = [WON.strip() + f'],["{guess}",[[0'.encode(), b"0]]"]
    json.loads(b'[["",' + forged[0] + b'],["",' + forged[1] + b"]]")
    assert [isinstance(answer, Rejection) for answer in parse_events(forged)] == [True, True]


def test_no_events_give_no_answers() -> None:
    assert parse_events([]) == []


def test_an_event_too_large_does_not_harm_its_neighbours() -> None:
    raws = [EXAMPLES[0], EXAMPLES[1].rstrip().ljust(MAX_BYTES + 1), EXAMPLES[2]]
    first, large, last = parse_events(raws)
    assert isinstance(large, Rejection)
    assert "at most 262,144 are allowed" in large.reason
    assert [first, last] == [parse_event(EXAMPLES[0]), parse_event(EXAMPLES[2])]


def test_an_event_nested_to_the_limit_is_answered_the_same_in_a_batch() -> None:
    for depth in range(190, 205):
        deep = b'{"data":' + b"[" * depth + b"]" * depth + b"}"
        assert parse_events([EXAMPLES[0], deep]) == [parse_event(EXAMPLES[0]), parse_event(deep)]


@pytest.mark.parametrize(
    "bad",
    [b'{"type":', b'{"type":"sales.deal.won.v1"}', b"[]", WON.replace(b"2026", b"1026")],
)
@pytest.mark.parametrize("share", [1.0, 0.5, 0.001])
def test_only_bad_events_are_read_one_by_one(
    bad: bytes, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are bad, each is looked at alone once: the work grows with the input only."""
    total, every = 2_000, round(1 / share)
    raws = [bad if index % every == 0 else WON for index in range(total)]
    alone: list[bytes] = []
    together: list[int] = []
    parse_one, parse_array = parsing.parse_event, parsing._parse_together

    def count_one(raw: bytes) -> Any:
        alone.append(raw)
        return parse_one(raw)

    def count_array(batch: Any) -> Any:
        together.append(len(batch))
        return parse_array(batch)

    monkeypatch.setattr(parsing, "parse_event", count_one)
    monkeypatch.setattr(parsing, "_parse_together", count_array)
    answers = parse_events(raws)
    bad_ones = sum(isinstance(answer, Rejection) for answer in answers)
    assert bad_ones == raws.count(bad)
    assert alone == [bad] * bad_ones
    assert sum(together) <= 2 * total
