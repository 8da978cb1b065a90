"""Old versions are brought up to date when they are read, alone, in batches and in amendments."""

import json
from typing import Any

import pytest

from events.catalogue import CATALOGUE
from events.corrections import corrected_payload_json
from events.envelope import Event
from events.examples import example, examples
from events.parsing import Rejection, parse_event, parse_events
from events.upcasts import UPCASTS, upcast

OLD = "sales.forecast.submitted.v1"
NEW = "sales.forecast.submitted.v2"


def _amendment(name: str, **data: Any) -> bytes:
    content = json.loads(example(name))
    return json.dumps({**content, "data": {**content["data"], **data}}).encode()


def _good(raw: bytes) -> Event[Any]:
    event = parse_event(raw)
    assert not isinstance(event, Rejection), event.reason
    return event


@pytest.mark.parametrize("name", UPCASTS)
def test_every_old_type_leads_to_a_current_one(name: str) -> None:
    event = _good(example(name))
    assert event.type in CATALOGUE
    assert event.type.rpartition(".v")[0] == name.rpartition(".v")[0]
    assert UPCASTS[name].old.event_type == name
    assert name not in CATALOGUE


def test_a_forecast_of_version_1_says_the_same_in_version_2() -> None:
    old, event = json.loads(example(OLD)), _good(example(OLD))
    assert event.type == NEW
    assert json.loads(event.data.model_dump_json(exclude_none=True)) == {
        "period_start": "2024-04-01",
        "period_end": "2024-06-30",
        "amount": "185000.00",
        "currency": "EUR",
        "forecast_category": "best_case",
        "team": "team-north",
        "basis": "Open deals and two renewals",
    }
    assert (event.id, event.source, event.actor) == (old["id"], old["source"], old["actor"])


def test_an_event_that_is_current_is_left_as_it_is() -> None:
    for raw in examples().values():
        content = json.loads(raw)
        if content["type"] in CATALOGUE:
            assert upcast(content) is content
    for other in (None, [], 1, {}, {"type": ["a"]}, {"type": OLD + "1"}):
        assert upcast(other) is other


def test_an_upcast_changes_nothing_in_its_input() -> None:
    content = json.loads(example(OLD))
    assert upcast(content) == upcast(content)
    assert content == json.loads(example(OLD))


def test_a_batch_with_old_events_is_answered_as_its_events_are_one_by_one() -> None:
    raws = [*examples().values(), example(OLD), example(OLD).replace(b"likely", b"unlikely")]
    assert parse_events(raws) == [parse_event(raw) for raw in raws]


def test_an_old_type_written_with_escapes_is_found_too() -> None:
    raw = example(OLD).replace(b"submitted.v1", rb"submitted.v\u0031")
    assert parse_event(raw) == parse_event(example(OLD))
    assert parse_events([raw]) == [parse_event(example(OLD))]


def test_a_current_event_that_mentions_an_old_type_is_left_as_it_is() -> None:
    raw = _amendment("sales.note.written.v1", note=f"See {OLD}")
    assert _good(raw).data.note == f"See {OLD}"
    assert parse_events([raw]) == [_good(raw)]


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"value": "1200"}, "data.value", 'an amount and a currency such as "1200 EUR"'),
        ({"value": 1200}, "data.value", "found 1200"),
        ({"category": "unlikely"}, "data.category", '"sure", "likely", "possible"'),
        ({"amount": "1"}, "data.amount", f"is not a field of {OLD}"),
        ({"period_end": "2024-03-31"}, "data", "period_end lies before period_start"),
    ],
)
def test_a_wrong_event_of_an_old_type_is_judged_by_the_old_type(
    wrong: dict[str, Any], field: str, said: str
) -> None:
    rejection = parse_event(_amendment(OLD, **wrong))
    assert isinstance(rejection, Rejection)
    assert rejection.field == field
    assert said in rejection.reason


@pytest.mark.parametrize("data", [None, [], "x", 1])
def test_an_old_type_without_an_object_for_its_payload_is_refused(data: object) -> None:
    raw = json.dumps({**json.loads(example(OLD)), "data": data}).encode()
    rejection = parse_event(raw)
    assert isinstance(rejection, Rejection)
    assert rejection.reason.startswith("data: expected an object; found ")


def test_the_envelope_of_an_old_event_is_judged_too() -> None:
    raw = json.dumps({**json.loads(example(OLD)), "time": "2024-03-04T09:00:00"}).encode()
    rejection = parse_event(raw)
    assert isinstance(rejection, Rejection)
    assert rejection.field == "time"


def test_a_correction_of_an_old_event_becomes_one_of_the_current_type() -> None:
    payload = {**json.loads(example(OLD))["data"], "value": "90000 USD"}
    raw = _amendment("sales.event.corrected.v1", target_type=OLD, payload=payload)
    event = _good(raw)
    assert event.data.target_type == NEW
    assert json.loads(corrected_payload_json(event)) == {
        **json.loads(_good(example(OLD)).data.model_dump_json(exclude_none=True)),
        "amount": "90000",
        "currency": "USD",
    }
    assert parse_events([raw]) == [event]


def test_a_wrong_correction_of_an_old_event_is_judged_by_the_old_type() -> None:
    raw = _amendment("sales.event.corrected.v1", target_type=OLD, payload={"value": "1"})
    rejection = parse_event(raw)
    assert isinstance(rejection, Rejection)
    assert rejection.field == "data.payload.period_start"
    assert "data.payload.value: expected an amount and a currency" in rejection.reason


def test_a_retraction_of_an_old_event_names_the_current_type() -> None:
    event = _good(_amendment("sales.event.retracted.v1", target_type=OLD))
    assert event.data.target_type == NEW
