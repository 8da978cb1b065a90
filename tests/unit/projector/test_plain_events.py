"""What is read as plainly an event is one for the models too, and reads the same."""

import json
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.catalogue import CATALOGUE
from events.envelope import Envelope, payload_json
from events.examples import example, examples
from events.parsing import MAX_BYTES, Rejection, parse_event
from events.upcasts import UPCASTS
from services.projector.plain import moments, plain_payload, read_plain

CALLS_FOR_JUDGEMENT = {
    "sales.event.corrected.v1",
    "sales.event.retracted.v1",
    "sales.meeting.scheduled.v1",
    "sales.report.issued.v1",
}
"""Types with a moment in the payload, or a field that a function checks."""

TOLD = (
    "id", "source", "type", "sequence", "subject", "account", "deal", "actor",
    "correlationid", "causationid", "traceparent",
)  # fmt: skip

ODD_VALUES = (
    *("null", "true", "0", "-0", "1", "-1", "5", "11", "100", "-100", "101", "1.0", "1e2", "1e400"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "NaN", "1_000", "01"),
    *('""', '" "', '"x"', '"a\\u0041"', '"a\\n"', '"\\ud800"', '"\x7f"', '"\x00"', '"\ufeff"'),
    *('"\u00e9\u20ac\u2028\U0001f600"', '"true"', '"null"', '"1.0"', '"phone"', '"inbound"'),
    *('"0"', '"-0"', '"1"', '"1."', '".5"', '"0.5"', '"1.5"', '"1.000000000"', '"1.0000000001"'),
    *('"00.1"', '"+1"', '"1e5"', '"\u0661"', '"-12345678901234567890123456789.123456789"'),
    *('"123456789012345678901234567890"', '"EUR"', '"eur"', '"EURO"', '"\u00c4RA"', '"EUR "'),
    *('"2024-02-28"', '"2024-02-29"', '"2023-02-29"', '"2024-02-30"', '"2024-04-31"'),
    *('"1899-12-31"', '"1900-01-01"', '"2199-12-31"', '"2200-01-01"', '"2024-1-1"', '"20240101"'),
    *('"2024-13-01"', '"2024-00-10"', '"2024-01-00"', '"2024-W04-3"', '"1700000000"'),
    *('"2024-01-24T11:35:00Z"', '"2024-01-24T11:35:00+00:00"', '"2024-01-24t11:35:00z"'),
    *('"2024-01-24 11:35:00Z"', '"2024-01-24T11:35Z"', '"2024-01-24T11:35:60Z"'),
    *('"2024-01-24T24:00:00Z"', '"2024-02-30T11:35:00Z"', '"2024-01-24T11:35:00"'),
    *(
        '"2024-01-24T11:35:00.1Z"',
        '"2024-01-24T11:35:00.123456Z"',
        '"2024-01-24T11:35:00.1234567Z"',
    ),
    *('"2024-01-24T11:35:00.9999999Z"', '"2024-01-24T11:35:00,5Z"', '"2024-01-24T11:35:00.Z"'),
    *('"2024-01-24T11:35:00+05:30"', '"2024-01-24T11:35:00-23:59"', '"2024-01-24T11:35:00+24:00"'),
    *('"2024-01-24T11:35:00+0530"', '"2024-01-24T11:35:00+05"', '"2024-01-24T11:35:00-00:00"'),
    *('"1900-01-01T00:00:00+05:00"', '"1900-01-01T00:00:00Z"', '"1900-01-02T00:00:00+23:59"'),
    *('"2199-12-31T23:59:59.999999-01:00"', '"2199-12-30T23:59:59.999999-23:59"'),
    *("[]", "{}", '["a"]', '["a", 1]', "[null]", '[""]', '{"a": 1}'),
    *(f'"{"x" * size}"' for size in (256, 257, 20_000, 20_001)),
    '"' + "\u00e9" * 256 + '"',
    "[" + ", ".join(['"a"'] * 1_001) + "]",
)


def agrees(raw: bytes) -> bool:
    """Hold that both ways of reading agree; return whether it was plain."""
    (plain,) = read_plain([raw])
    if plain is None:
        return False
    event = parse_event(raw)
    assert not isinstance(event, Rejection), (raw, event)
    has = attrgetter(*TOLD)
    assert has(plain) == has(event), raw
    assert moments([plain.time]).to_pylist() == [event.time], raw
    assert plain_payload(plain).decode() == payload_json(event), raw
    return True


def altered(content: dict[str, Any]) -> Iterator[bytes]:
    """Yield an event with one of its members replaced, taken out, told twice or made up."""
    for part in (content, content["data"], *_parts(content["data"])):
        names = CATALOGUE[content["type"]].model_fields if part is content["data"] else ()
        for name in {**part, **dict.fromkeys(names)}:
            kept = part.get(name, _ABSENT)
            part[name] = "@@"
            whole = json.dumps(content, ensure_ascii=False)
            for odd in ODD_VALUES:
                yield whole.replace('"@@"', odd, 1).encode(errors="surrogatepass")
            before = json.dumps(None if kept is _ABSENT else kept)
            yield whole.replace('"@@"', f'"first", "{name}": {before}', 1).encode()
            yield whole.replace('"@@"', f'{before}, "{name}": 1', 1).encode()
            del part[name]
            yield json.dumps(content).encode()
            if kept is not _ABSENT:
                part[name] = kept
    yield json.dumps({**content, "unheard_of": 1}).encode()
    yield json.dumps(content, indent=2).encode()
    yield b" \r\n\t" + json.dumps(dict(reversed(content.items()))).encode() + b"\n"
    for about in (b"\xef\xbb\xbf%b", b"%b{}", b"[%b]", b"%b,", b"\x00%b"):
        yield about % json.dumps(content).encode()


def _parts(data: dict[str, Any]) -> list[dict[str, Any]]:
    found = [value for value in data.values() if isinstance(value, list)]
    return [part for several in found for part in several[:1] if isinstance(part, dict)]


_ABSENT = object()


@pytest.mark.parametrize("name", sorted([*CATALOGUE, *UPCASTS]))
def test_both_ways_of_reading_agree_whatever_stands_in_a_field(name: str) -> None:
    content = json.loads(example(name))
    if name in UPCASTS:
        assert not agrees(example(name))
        return
    plain = [agrees(raw) for raw in altered(content)]
    assert any(plain) == (name not in CALLS_FOR_JUDGEMENT)


def test_every_other_example_is_plain() -> None:
    plain = {name for name, raw in examples().items() if agrees(raw)}
    assert plain == set(CATALOGUE) - CALLS_FOR_JUDGEMENT


@given(st.text(min_size=1, max_size=300), st.booleans())
def test_both_agree_on_any_text(text: str, escaped: bool) -> None:
    content = json.loads(example("sales.note.written.v1"))
    content["account"] = content["data"]["note"] = text
    agrees(json.dumps(content, ensure_ascii=escaped).encode(errors="surrogatepass"))


@given(st.binary(max_size=40), st.integers(0, 400))
def test_both_agree_on_any_bytes(odd: bytes, place: int) -> None:
    raw = example("sales.deal.opened.v1")
    agrees(raw[:place] + odd + raw[place:])
    agrees(raw[:place] + odd + raw[place + len(odd) :])


def test_an_event_that_is_too_large_is_not_plain() -> None:
    raw = example("sales.deal.opened.v1")
    assert agrees(raw.ljust(MAX_BYTES))
    assert not agrees(raw.ljust(MAX_BYTES + 1))


def test_the_attributes_compared_are_those_of_the_envelope() -> None:
    of_transport = {"specversion", "datacontenttype", "partitionkey"}
    assert {*TOLD, "time"} == set(Envelope.model_fields) - of_transport


def test_each_is_judged_alone_whatever_lies_beside_it() -> None:
    raw = example("sales.deal.opened.v1")
    content = json.loads(raw)
    times = ["2024-02-30T10:00:00Z", "2024-02-28T10:00:00Z", "2024-02-28T25:00:00Z", "soon", None]
    raws = [json.dumps(content | {"time": time}).encode() for time in times]
    read = read_plain([b"{", *raws, raw])
    assert [event is not None for event in read] == [False, False, True, False, False, False, True]
