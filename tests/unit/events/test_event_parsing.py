"""What is wrong with an event is said in words: which field, what was expected, what was found."""

import json
from typing import Any

import pytest

from events.catalogue import CATALOGUE
from events.envelope import Event
from events.examples import example
from events.parsing import MAX_BYTES, Rejection, parse_event

WON: dict[str, Any] = {
    "id": "won-1",
    "source": "https://crm.example",
    "type": "sales.deal.won.v1",
    "time": "2026-04-28T11:45:00Z",
    "deal": "deal-0107",
    "data": {"amount": "20900.00", "currency": "EUR"},
}


def _parsed(**changes: Any) -> Event[Any]:
    event = parse_event(json.dumps({**WON, **changes}).encode())
    assert not isinstance(event, Rejection), event.reason
    return event


def _reason(content: Any = None, **changes: Any) -> str:
    return _rejection(content, **changes).reason


def _rejection(content: Any = None, **changes: Any) -> Rejection:
    raw = content if isinstance(content, bytes) else json.dumps({**WON, **changes}).encode()
    rejection = parse_event(raw)
    assert isinstance(rejection, Rejection)
    return rejection


def test_a_good_event_is_read() -> None:
    event = _parsed()
    assert (event.type, event.deal, event.data.amount) == (WON["type"], "deal-0107", "20900.00")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "it ends too early"),
        (b"   ", "it ends too early"),
        (b'{"id": "won-1"', "it ends too early, in an object at line 1 column 14"),
        (b"{'id': 'won-1'}", "line 1 column 2"),
        (b'{"id": "won-1",}', "line 1 column 16"),
        (b'{"id": "won-1"} {}', "trailing characters"),
        (b'{"id": "\xff"}', "invalid unicode code point"),
        ('{"id": "1"}'.encode("utf-16"), "expected value at line 1 column 1"),
        (b'\xef\xbb\xbf{"id": "1"}', "expected value at line 1 column 1"),
        (rb'{"id": "\ud800"}', "half a surrogate pair"),
        (b'{"sequence": 1_000}', "line 1 column 15"),
        (b'{"sequence": 01}', "invalid number"),
        (b'{"sequence": ' + b"9" * 5_000 + b"}", "number out of range"),
        (b"[" * 1_000, "recursion limit"),
        (b"\x1f\x8b\x08\x00 compressed", "expected value at line 1 column 1"),
    ],
)
def test_what_is_not_json_is_said_to_be_unreadable_and_where(raw: bytes, said: str) -> None:
    rejection = _rejection(raw)
    assert rejection.reason.startswith("not readable as JSON: ")
    assert said in rejection.reason
    assert rejection.field is None


@pytest.mark.parametrize(
    ("raw", "found"),
    [(b"[]", "a list of 0"), (b"1", "1"), (b"null", "null"), (b'"won"', '"won"')],
)
def test_json_that_is_no_object_is_refused(raw: bytes, found: str) -> None:
    assert _reason(raw) == f"the event: expected an object; found {found}"


def test_a_type_that_is_missing_is_asked_for() -> None:
    content = {key: value for key, value in WON.items() if key != "type"}
    rejection = _rejection(json.dumps(content).encode())
    assert rejection == Rejection("type: is missing; every event names its type", "type")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("sales.deal.wonn.v1", "sales.deal.won.v1"),
        ("sales.deals.won.v1", "sales.deal.won.v1"),
        ("sales.deal.won.v2", "sales.deal.won.v1"),
        ("deal.won", "sales.deal.won.v1"),
        ("sales.Deal.Won.v1", "sales.deal.won.v1"),
        ("sales.signal.acknowledge.v1", "sales.signal.acknowledged.v1"),
    ],
)
def test_an_unknown_type_is_answered_with_the_one_that_may_be_meant(wrong: str, meant: str) -> None:
    rejection = _rejection(type=wrong)
    assert rejection.field == "type"
    assert f'"{wrong}" is not an event type of the catalogue' in rejection.reason
    assert f"did you mean {meant}" in rejection.reason


def test_a_type_like_no_other_gets_no_suggestion() -> None:
    assert _reason(type="x" * 1_000).endswith("is not an event type of the catalogue")


@pytest.mark.parametrize(("wrong", "found"), [(1, "1"), (None, "null"), (["a"], "a list of 1")])
def test_a_type_that_is_no_string_is_refused(wrong: object, found: str) -> None:
    assert _reason(type=wrong) == f"type: expected the name of an event type; found {found}"


def test_a_python_path_is_no_type() -> None:
    assert _rejection(type="events.catalogue.deal.DealWon").field == "type"


def test_a_time_without_an_offset_is_refused() -> None:
    assert _rejection(time="2026-04-28T11:45:00") == Rejection(
        'time: needs an offset such as Z or +02:00; found "2026-04-28T11:45:00"', "time"
    )


@pytest.mark.parametrize("amount", [20900.0, 20900, None, True, ["1"], {"amount": "1"}])
def test_money_that_is_no_string_is_refused(amount: object) -> None:
    rejection = _rejection(data={"amount": amount, "currency": "EUR"})
    assert rejection.field == "data.amount"
    assert rejection.reason.startswith(
        'data.amount: expected a decimal number as a string such as "12.50"'
    )


def test_a_float_for_money_is_shown() -> None:
    assert _reason(data={"amount": 12.5, "currency": "EUR"}).endswith("; found 12.5")


def test_numbers_that_json_cannot_say_are_refused() -> None:
    for word in (b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1e2", b"1.0", b'"1"', b"true"):
        raw = json.dumps(WON).encode()[:-1] + b', "sequence": ' + word + b"}"
        rejection = _rejection(raw)
        assert rejection.field == "sequence", word
        assert "expected a whole number from 0 to 9223372036854775807" in rejection.reason


def test_integers_fit_64_bits() -> None:
    assert _parsed(sequence=2**63 - 1).sequence == 2**63 - 1
    for wrong in (2**63, -1, 10**4_000):
        assert _rejection(sequence=wrong).field == "sequence"


def test_an_unknown_field_is_answered_with_the_one_that_may_be_meant() -> None:
    reason = _reason(data={"ammount": "1", "amount": "1", "currency": "EUR"})
    assert reason == "data.ammount: is not a field of sales.deal.won.v1; did you mean amount?"
    assert _reason(acount="a") == "acount: is not a field of the event; did you mean account?"


def test_the_tape_alone_says_when_it_recorded() -> None:
    assert _rejection(recordedtime="2026-04-28T11:45:00Z") == Rejection(
        "recordedtime: is set by the tape, never by a client; leave it out", "recordedtime"
    )


def test_another_version_of_cloudevents_is_refused() -> None:
    assert _reason(specversion="0.3") == 'specversion: expected "1.0"; found "0.3"'


def test_a_trace_that_is_none_is_refused() -> None:
    assert _rejection(traceparent="00-1-2-3").field == "traceparent"
    _parsed(traceparent=f"00-{'a' * 32}-{'b' * 16}-01")


def test_a_choice_is_answered_with_what_there_is_to_choose() -> None:
    reason = _reason(type="sales.call.made.v1", data={"direction": "sideways"})
    assert reason == 'data.direction: expected one of "inbound", "outbound"; found "sideways"'


def test_parts_are_named_by_their_place() -> None:
    stages = [{"name": "a", "position": 1}, {"name": "b", "position": "2", "sort": "open"}]
    reason = _reason(type="sales.pipeline.defined.v1", data={"pipeline": "new", "stages": stages})
    assert reason == (
        "data.stages.1.position: expected a whole number from 0 to 9223372036854775807; "
        'found "2"; data.stages.1.sort: is not a field of a stage'
    )


def test_an_amount_without_its_currency_is_refused() -> None:
    data = {"pipeline": "new", "stage": "contact", "amount": "1"}
    assert _rejection(type="sales.deal.opened.v1", data=data) == Rejection(
        "data: amount and currency go together; currency is missing", "data"
    )


def test_all_that_is_wrong_is_said_at_once_up_to_a_limit() -> None:
    reason = _reason(
        time="yesterday", data={"currency": "euro", **{f"field_{n}": n for n in range(20)}}
    )
    assert reason.startswith("time: ")
    assert "data.amount: is missing" in reason
    assert "data.currency: expected an ISO 4217 code" in reason
    assert reason.endswith("and 13 more")


def test_what_was_found_is_cut_short() -> None:
    assert len(_reason(data={"amount": "9" * 100_000, "currency": "EUR"})) < 400
    assert len(_reason(**{"x" * 100_000: 1})) < 400


def test_a_field_name_cannot_forge_a_line() -> None:
    assert "\n" not in _reason(**{"x\ny": 1})


def test_an_event_over_the_limit_is_refused_and_one_at_it_is_not() -> None:
    raw = json.dumps(WON).encode()
    assert not isinstance(parse_event(raw.ljust(MAX_BYTES)), Rejection)
    assert "at most 262,144 are allowed" in _reason(raw.ljust(MAX_BYTES + 1))


def test_of_a_key_that_stands_twice_the_last_one_counts() -> None:
    raw = json.dumps(WON).encode()[:-1] + b', "deal": "deal-0108", "id": "won-2"}'
    event = parse_event(raw)
    assert not isinstance(event, Rejection)
    assert (event.deal, event.id) == ("deal-0108", "won-2")


def test_of_a_type_that_stands_twice_the_last_one_counts() -> None:
    lost = example("sales.deal.lost.v1").rstrip()[:-1] + b', "type": "sales.deal.won.v1"}'
    event = parse_event(lost)
    assert isinstance(event, Rejection)
    assert "is not a field of sales.deal.won.v1" in event.reason


@pytest.mark.parametrize(
    ("score", "survey", "good"),
    [(0, "nps", True), (10, "nps", True), (11, "nps", False), (0, "csat", False), (7, "ces", True)],
)
def test_an_answer_lies_on_the_scale_of_its_survey(score: int, survey: str, good: bool) -> None:
    raw = json.dumps(
        {**WON, "type": "sales.survey.answered.v1", "data": {"survey": survey, "score": score}}
    ).encode()
    assert isinstance(parse_event(raw), Rejection) is not good


def test_the_shares_of_a_split_add_up_to_one() -> None:
    parts = [{"rep": "rep-17", "share": "0.1"}, {"rep": "rep-19", "share": "0.2"}]
    data = {"credits": parts}
    assert "add up to 1" in _reason(type="sales.deal.credit_split.v1", data=data)
    parts.append({"rep": "rep-21", "share": "0.7"})
    _parsed(type="sales.deal.credit_split.v1", data=data)


@pytest.mark.parametrize(
    ("measure", "currency", "good"),
    [
        ("won_amount", "EUR", True),
        ("won_amount", None, False),
        ("wins", None, True),
        ("wins", "EUR", False),
    ],
)
def test_a_quota_of_money_has_a_currency(measure: str, currency: str | None, good: bool) -> None:
    data = {
        "period_start": "2026-01-01",
        "period_end": "2026-03-31",
        "measure": measure,
        "amount": "40",
        "currency": currency,
    }
    raw = json.dumps({**WON, "type": "sales.quota.set.v1", "data": data}).encode()
    assert isinstance(parse_event(raw), Rejection) is not good


def test_a_rejection_of_any_type_names_the_field() -> None:
    for name in CATALOGUE:
        content = json.loads(example(name))
        for field in content["data"]:
            wrong = {**content, "data": {**content["data"], field: {"no": ["such", "value"]}}}
            rejection = parse_event(json.dumps(wrong).encode())
            assert isinstance(rejection, Rejection), f"{name} {field}"
            assert str(rejection.field).startswith(f"data.{field}"), f"{name} {field}"
            assert rejection.reason
            assert "Input should" not in rejection.reason
