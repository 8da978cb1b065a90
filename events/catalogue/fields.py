"""The fields of all payloads as one dictionary: a field name has one type across the catalogue.

From this the warehouse makes its columns, one for each field. Fields of parts of a payload, such
as the stages of a pipeline, are not columns and stand under the field that holds the parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from events import values
from events.catalogue.glossary import GLOSSARY
from events.envelope import Payload

Value = Literal[
    "id", "text", "amount", "currency", "share", "count", "score", "instant", "day",
    "flag", "choice", "ids", "parts", "object",
]  # fmt: skip
"""The kinds of values there are: one of `events.values`, a bool, a Literal, several parts, JSON."""

_VALUES: Mapping[Any, Value] = {
    values.Id: "id",
    values.Text: "text",
    values.Amount: "amount",
    values.Currency: "currency",
    values.Share: "share",
    values.Count: "count",
    values.Score: "score",
    values.Instant: "instant",
    values.Day: "day",
    values.Ids: "ids",
    bool: "flag",
    dict[str, Any]: "object",
}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field name: what it holds, what it means and where it is used."""

    name: str
    annotation: Any
    """The annotation in Python, without ``| None``; equal in every type that has the field."""
    value: Value
    """The kind of value, for choosing a column type."""
    choices: tuple[str, ...]
    """The allowed values of a ``choice``; empty for all others."""
    description: str
    """What it means across the catalogue: one sentence."""
    types: Mapping[str, str]
    """Event type to what the field means there, for each type that has it."""


def collect_fields(catalogue: Mapping[str, type[Payload]]) -> Mapping[str, FieldSpec]:
    """Return every field of every payload by its name, in alphabetical order.

    Raises `TypeError` when one name has two types, or has no description.
    """
    annotations: dict[str, Any] = {}
    descriptions: dict[str, dict[str, str | None]] = {}
    for type_name, payload in catalogue.items():
        for name, annotation in annotations_of(payload).items():
            if annotations.setdefault(name, annotation) != annotation:
                others = ", ".join(descriptions[name])
                raise TypeError(
                    f"{type_name}.{name} is {annotation}; in {others} it is {annotations[name]}"
                )
            descriptions.setdefault(name, {})[type_name] = payload.model_fields[name].description
    return MappingProxyType(
        {name: _spec(name, annotations[name], descriptions[name]) for name in sorted(annotations)}
    )


def _spec(name: str, annotation: Any, descriptions: Mapping[str, str | None]) -> FieldSpec:
    told = set(descriptions.values())
    general = GLOSSARY.get(name) or (told.pop() if len(told) == 1 else None)
    if general is None:
        raise TypeError(f"{name} needs an entry in the glossary: its types describe it differently")
    is_choice = get_origin(annotation) is Literal
    return FieldSpec(
        name=name,
        annotation=annotation,
        value=_value_of(name, annotation),
        choices=get_args(annotation) if is_choice else (),
        description=general,
        types=MappingProxyType({type_: own or general for type_, own in descriptions.items()}),
    )


@cache
def annotations_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """Return each field of a model with its annotation, ``| None`` taken off."""
    hints = get_type_hints(model, include_extras=True)
    return MappingProxyType({name: _required(hints[name]) for name in model.model_fields})


def _required(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not NoneType]
        if len(members) == 1:
            return members[0]
    return annotation


def _value_of(name: str, annotation: Any) -> Value:
    if annotation in _VALUES:
        return _VALUES[annotation]
    if get_origin(annotation) is Literal:
        return "choice"
    bare = getattr(annotation, "__origin__", annotation)  # Annotated[tuple[Part, ...], …]
    if get_origin(bare) is tuple and issubclass(get_args(bare)[0], Payload):
        return "parts"
    raise TypeError(f"{name} is {annotation}, which is none of the types of events.values")
