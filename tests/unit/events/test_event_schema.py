"""The generated documents say what the models say, and hang together."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from events.catalogue import CATALOGUE, FAMILIES, event_models
from events.examples import example
from events.schema import asyncapi, json_schema
from events.upcasts import UPCASTS

Json = dict[str, Any]


@pytest.fixture(scope="module")
def catalogue() -> Json:
    return json_schema()


@pytest.fixture(scope="module")
def document() -> Json:
    return asyncapi()


def test_one_schema_covers_the_whole_catalogue(catalogue: Json) -> None:
    assert set(catalogue["discriminator"]["mapping"]) == set(CATALOGUE)
    assert len(catalogue["oneOf"]) == len(CATALOGUE)
    _all_references_lead_somewhere(catalogue)


@pytest.mark.parametrize("name", ["sales.deal.won.v1", "sales.pipeline.defined.v1", *UPCASTS])
def test_a_schema_of_one_type_is_of_the_whole_event(name: str) -> None:
    schema = json_schema(name)
    assert schema["title"] == name
    assert schema["properties"]["type"]["const"] == name
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"id", "source", "type", "time", "data"}
    assert schema["properties"]["time"]["format"] == "date-time"
    assert schema["examples"] == [json.loads(example(name))]
    _all_references_lead_somewhere(schema)


def test_an_unknown_type_is_answered_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(LookupError, match=r"did you mean sales\.deal\.won\.v1"):
        json_schema("sales.deal.wonn.v1")


def test_every_type_and_every_field_is_described(catalogue: Json) -> None:
    for name, definition in catalogue["$defs"].items():
        assert definition["description"], name
        for field, schema in definition["properties"].items():
            assert schema.get("description"), f"{name}.{field}"


def test_the_tape_is_described_as_one_channel_with_a_message_for_each_type(document: Json) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]["events"]["messages"]) == set(CATALOGUE)
    assert set(document["components"]["messages"]) == set(CATALOGUE)
    _all_references_lead_somewhere(document)


def test_a_message_names_its_family_its_example_and_its_schema(document: Json) -> None:
    messages = document["components"]["messages"]
    for family, modules in FAMILIES.items():
        for name, payload in CATALOGUE.items():
            if payload.__module__ in {module.__name__ for module in modules}:
                assert messages[name]["tags"] == [{"name": family}]
                assert messages[name]["examples"] == [{"payload": json.loads(example(name))}]
                assert messages[name]["payload"]["$ref"].endswith(event_models()[name].__name__)


def test_the_keys_of_the_document_are_ones_that_its_specification_allows(document: Json) -> None:
    for keys in (*document["components"].values(), document["channels"], document["operations"]):
        assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", key) for key in keys)


def test_the_documents_are_json(catalogue: Json, document: Json) -> None:
    for found in (catalogue, document):
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def _all_references_lead_somewhere(document: Any) -> None:
    references = set(_references(document))
    assert references
    for reference in references:
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)
