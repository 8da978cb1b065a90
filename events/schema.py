"""The vocabulary as documents that other programs read: JSON Schema and AsyncAPI.

Both are generated from the models. They describe what the models take; a few rules that span
fields, such as that shares add up to one, stand in descriptions only.
"""

from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema
from pydantic_core import from_json

from events.catalogue import (
    CATALOGUE,
    FAMILIES,
    FIELDS,
    event_model,
    event_models,
    event_union,
)
from events.envelope import AnyEvent
from events.examples import example
from events.explanation import unknown_type
from events.upcasts import UPCASTS

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TOPIC = "sales.events.v1"
"""The topic that carries the tape on Kafka."""

CONTENT_TYPE = "application/cloudevents+json"

_PAYLOAD_TYPES = {payload.__name__: name for name, payload in CATALOGUE.items()}


def json_schema(name: str | None = None) -> Json:
    """Return the JSON Schema of an event type, old versions included, or of all current types.

    The schema is of the whole event: envelope and payload. Raises `LookupError` when there is no
    such type.
    """
    if name is None:
        schema: Json = TypeAdapter(event_union()).json_schema()
        schema["title"] = "An event of Salestape"
    else:
        schema = _model_of(name).model_json_schema()
        schema["title"] = name
        schema["examples"] = [from_json(example(name))]
    _describe(schema.get("$defs", {}))
    return {"$schema": DIALECT, **schema}


def asyncapi() -> Json:
    """Return the AsyncAPI 3.0 document of the tape: one channel, a message for each current type.

    https://www.asyncapi.com/docs/reference/specification/v3.0.0
    """
    _, definitions = models_json_schema(
        [(model, "validation") for model in event_models().values()],
        ref_template="#/components/schemas/{model}",
    )
    schemas: Json = definitions["$defs"]
    _describe(schemas)
    channel = {"$ref": "#/channels/events"}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Salestape",
            "version": version("salestape"),
            "description": "Every call, email, stage change and purchase of a sales floor is an "
            "immutable CloudEvents 1.0 event.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            "events": {
                "address": TOPIC,
                "description": "The tape: all events, keyed by their partitionkey.",
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"} for name in event_models()
                },
            }
        },
        "operations": {
            "append": {"action": "send", "channel": channel, "summary": "Record an event."},
            "follow": {"action": "receive", "channel": channel, "summary": "Read the tape."},
        },
        "components": {
            "messages": {name: _message(name) for name in event_models()},
            "schemas": schemas,
        },
    }


def _model_of(name: str) -> type[AnyEvent]:
    if name in event_models():
        return event_models()[name]
    if name in UPCASTS:
        return event_model(name, UPCASTS[name].old)
    raise LookupError(unknown_type(name))


def _message(name: str) -> Json:
    payload = CATALOGUE[name]
    return {
        "name": name,
        "title": payload.__name__,
        "summary": _documentation(payload),
        "contentType": CONTENT_TYPE,
        "tags": [{"name": _family_of(payload.__module__)}],
        "payload": {"$ref": f"#/components/schemas/{event_models()[name].__name__}"},
        "examples": [{"payload": from_json(example(name))}],
    }


def _documentation(payload: type) -> str:
    return " ".join((payload.__doc__ or "").split())


def _family_of(module: str) -> str:
    for family, modules in FAMILIES.items():
        if module in {found.__name__ for found in modules}:
            return family
    raise LookupError(f"{module} belongs to no family of the catalogue")


def _describe(definitions: Json) -> None:
    """Give fields that say nothing of themselves in a payload their general meaning."""
    for title, definition in definitions.items():
        name = _PAYLOAD_TYPES.get(title)
        if name is None:
            continue
        for field, schema in definition["properties"].items():
            schema.setdefault("description", FIELDS[field].types[name])
