"""A correction puts a payload of its target's type in place, and nothing else."""

import json
from typing import Any

import pytest

from events.catalogue import CATALOGUE
from events.catalogue.platform import Amendment
from events.corrections import corrected_payload_json
from events.envelope import Event, digest_of
from events.examples import example
from events.parsing import Rejection, parse_event

CORRECTED = "sales.event.corrected.v1"
RETRACTED = "sales.event.retracted.v1"
CORRECTABLE = [name for name, payload in CATALOGUE.items() if not issubclass(payload, Amendment)]


def _amendment(name: str, **data: Any) -> Event[Any] | Rejection:
    content = json.loads(example(name))
    changed = {key: value for key, value in {**content["data"], **data}.items() if value != "-"}
    return parse_event(json.dumps({**content, "data": changed}).encode())


@pytest.mark.parametrize("name", CORRECTABLE)
def test_a_payload_of_the_target_is_taken_as_its_model_writes_it(name: str) -> None:
    payload = json.loads(example(name))["data"]
    event = _amendment(CORRECTED, target_type=name, payload=payload)
    assert not isinstance(event, Rejection), event.reason
    target = parse_event(example(name))
    assert not isinstance(target, Rejection)
    assert corrected_payload_json(event) == target.data.model_dump_json(exclude_none=True)


@pytest.mark.parametrize("name", CORRECTABLE)
def test_a_payload_of_another_shape_is_refused(name: str) -> None:
    payload = {**json.loads(example(name))["data"], "unheard_of": 1}
    rejection = _amendment(CORRECTED, target_type=name, payload=payload)
    assert isinstance(rejection, Rejection)
    assert rejection.field == "data.payload.unheard_of"
    assert f"is not a field of {name}" in rejection.reason


def test_absent_fields_and_their_order_make_no_difference() -> None:
    one = {"amount": "20090.00", "currency": "EUR"}
    other = {"product": None, "currency": "EUR", "amount": "20090.00"}
    digests = set()
    for payload in (one, other):
        event = _amendment(CORRECTED, payload=payload)
        assert not isinstance(event, Rejection)
        assert json.loads(corrected_payload_json(event)) == one
        digests.add(digest_of(event))
    assert len(digests) == 1


def test_what_is_wrong_with_a_payload_is_said_with_its_place() -> None:
    rejection = _amendment(CORRECTED, payload={"amount": 1.5, "currency": "EUR"})
    assert isinstance(rejection, Rejection)
    assert rejection.field == "data.payload.amount"
    assert "expected a decimal number as a string" in rejection.reason
    assert "found 1.5" in rejection.reason


def test_a_rule_across_fields_of_the_payload_holds_too() -> None:
    rejection = _amendment(
        CORRECTED,
        target_type="sales.deal.opened.v1",
        payload={"pipeline": "new", "stage": "contact", "amount": "1"},
    )
    assert rejection == Rejection(
        "data.payload: amount and currency go together; currency is missing", "data.payload"
    )


@pytest.mark.parametrize("payload", [None, [], "x", "-"])
def test_a_payload_that_is_no_object_is_refused(payload: object) -> None:
    rejection = _amendment(CORRECTED, payload=payload)
    assert isinstance(rejection, Rejection)
    assert rejection.field == "data.payload"


@pytest.mark.parametrize("name", [CORRECTED, RETRACTED])
@pytest.mark.parametrize("target", [CORRECTED, RETRACTED])
def test_an_amendment_may_not_target_an_amendment(name: str, target: str) -> None:
    rejection = _amendment(name, target_type=target)
    assert isinstance(rejection, Rejection)
    assert rejection.field == "data.target_type"
    assert "an amendment may not target an amendment" in rejection.reason


@pytest.mark.parametrize("name", [CORRECTED, RETRACTED])
def test_an_amendment_of_an_unknown_type_is_refused(name: str) -> None:
    rejection = _amendment(name, target_type="sales.deal.wonn.v1")
    assert isinstance(rejection, Rejection)
    assert rejection.field == "data.target_type"
    assert "did you mean sales.deal.won.v1" in rejection.reason


def test_only_a_correction_has_a_corrected_payload() -> None:
    event = parse_event(example(RETRACTED))
    assert not isinstance(event, Rejection)
    with pytest.raises(TypeError, match=RETRACTED):
        corrected_payload_json(event)
