"""Every type and version has one example, which reads, writes and refuses as it should."""

import json
from typing import Any

import pytest

from events.catalogue import CATALOGUE, FIELDS
from events.envelope import Event
from events.examples import example, examples
from events.parsing import Rejection, parse_event, parse_events
from events.upcasts import UPCASTS

CURRENT = sorted(CATALOGUE)
ALL = sorted([*CATALOGUE, *UPCASTS])


def test_every_type_and_version_has_an_example_and_nothing_else_has() -> None:
    assert sorted(examples()) == ALL


def test_a_type_without_an_example_is_said_to_have_none() -> None:
    with pytest.raises(LookupError, match=r"sales\.deal\.owned\.v1"):
        example("sales.deal.owned.v1")


@pytest.mark.parametrize("name", CURRENT)
def test_an_example_comes_out_as_it_went_in(name: str) -> None:
    event = _good(example(name))
    assert json.loads(event.model_dump_json(exclude_none=True)) == json.loads(example(name))
    assert parse_event(event.model_dump_json().encode()) == event


@pytest.mark.parametrize("name", ALL)
def test_an_example_is_of_the_type_it_is_filed_under(name: str) -> None:
    assert json.loads(example(name))["type"] == name


@pytest.mark.parametrize("name", ALL)
def test_an_unknown_field_of_the_payload_is_refused(name: str) -> None:
    content = json.loads(example(name))
    content["data"]["unheard_of"] = 1
    rejection = _bad(content)
    assert rejection.field == "data.unheard_of"
    assert f"is not a field of {name}" in rejection.reason


@pytest.mark.parametrize("name", ALL)
def test_an_unknown_attribute_of_the_envelope_is_refused(name: str) -> None:
    rejection = _bad({**json.loads(example(name)), "unheard_of": 1})
    assert rejection.field == "unheard_of"


@pytest.mark.parametrize("name", ALL)
def test_every_required_field_is_missed(name: str) -> None:
    content = json.loads(example(name))
    model = UPCASTS[name].old if name in UPCASTS else CATALOGUE[name]
    for field, info in model.model_fields.items():
        if info.is_required():
            data = {key: value for key, value in content["data"].items() if key != field}
            rejection = _bad({**content, "data": data})
            assert rejection.field == f"data.{field}"
            assert f"data.{field}: is missing" in rejection.reason


def test_all_examples_can_be_read_together() -> None:
    raws = list(examples().values())
    assert parse_events(raws) == [parse_event(raw) for raw in raws]


def test_the_examples_show_every_field_of_the_catalogue() -> None:
    shown = {field for name in CURRENT for field in json.loads(example(name))["data"]}
    assert shown == set(FIELDS)


def test_the_examples_name_events_once() -> None:
    names = [(content["source"], content["id"]) for content in map(json.loads, examples().values())]
    assert len(names) == len(set(names))


def test_amendments_in_the_examples_have_the_targets_they_name() -> None:
    by_name = {
        (content["source"], content["id"]): content
        for content in map(json.loads, examples().values())
    }
    for name in ("sales.event.corrected.v1", "sales.event.retracted.v1"):
        data = json.loads(example(name))["data"]
        target = by_name[data["target_source"], data["target_id"]]
        assert (target["type"], target["time"]) == (data["target_type"], data["target_time"])


def _good(raw: bytes) -> Event[Any]:
    event = parse_event(raw)
    assert not isinstance(event, Rejection), event.reason
    return event


def _bad(content: Any) -> Rejection:
    rejection = parse_event(json.dumps(content).encode())
    assert isinstance(rejection, Rejection)
    return rejection
