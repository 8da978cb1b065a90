"""The payload fields of the catalogue as ClickHouse columns.

Every field can be asked for by name: its column is an expression over `data`, NULL where an event
does not have it. The types follow from the models, so a new field is never forgotten.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Union, get_args, get_origin

from events.catalogue import CATALOGUE
from events.values import Amount, Share

MOMENT = "DateTime64(6, 'UTC')"


@dataclass(frozen=True, slots=True)
class Column:
    """One payload field as a column: its ClickHouse type and how it is read from `data`."""

    name: str
    type: str
    expression: str
    comment: str
    used_by: tuple[str, ...]
    """The event types that have the field."""


def _unwrapped(annotation: Any) -> Any:
    """Strip `| None` from an annotation."""
    if get_origin(annotation) in (Union, types.UnionType):
        kept = [part for part in get_args(annotation) if part is not type(None)]
        if len(kept) == 1:
            return _unwrapped(kept[0])
    return annotation


def _type_of(annotation: Any) -> tuple[str, str]:
    """Return the ClickHouse type of a field and the expression that reads it, with `$` for the name."""
    plain = _unwrapped(annotation)
    if plain in (Amount, Share):
        return "Nullable(Decimal(38, 9))", "JSONExtract(data, $, 'Nullable(Decimal(38, 9))')"
    while hasattr(plain, "__metadata__"):
        plain = get_args(plain)[0]
    plain = _unwrapped(plain)
    if get_origin(plain) is Literal or plain is str:
        return "Nullable(String)", "JSONExtract(data, $, 'Nullable(String)')"
    if plain is bool:
        return "Nullable(Bool)", "JSONExtract(data, $, 'Nullable(Bool)')"
    if plain is int:
        return "Nullable(Int64)", "JSONExtract(data, $, 'Nullable(Int64)')"
    if plain is datetime:
        return (
            f"Nullable({MOMENT})",
            "parseDateTime64BestEffortOrNull(JSONExtractString(data, $), 6, 'UTC')",
        )
    if plain is date:
        return "Nullable(Date32)", "toDate32OrNull(JSONExtractString(data, $))"
    if get_origin(plain) is tuple and _is_text(get_args(plain)[0]):
        return "Array(String)", "JSONExtract(data, $, 'Array(String)')"
    return "Nullable(String)", "nullIf(JSONExtractRaw(data, $), '')"


def _is_text(annotation: Any) -> bool:
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    return annotation is str or get_origin(annotation) is Literal


def payload_columns() -> Mapping[str, Column]:
    """Return field name to column, for every field of every payload, in order of name."""
    annotations: dict[str, Any] = {}
    comments: dict[str, str] = {}
    users: dict[str, list[str]] = {}
    for event_type, payload in CATALOGUE.items():
        for name, field in payload.model_fields.items():
            annotation: Any = field.annotation
            if field.metadata:
                annotation = _with_metadata(payload, name)
            annotations.setdefault(name, annotation)
            users.setdefault(name, []).append(event_type)
            if field.description and name not in comments:
                comments[name] = " ".join(field.description.split())
    columns = {}
    for name in sorted(annotations):
        kind, expression = _type_of(annotations[name])
        columns[name] = Column(
            name=name,
            type=kind,
            expression=expression.replace("$", f"'{name}'"),
            comment=comments.get(name, name.replace("_", " ")),
            used_by=tuple(users[name]),
        )
    return columns


def _with_metadata(payload: type[Any], name: str) -> Any:
    """Return the annotation as written: pydantic takes `Annotated` of a field apart."""
    for owner in payload.__mro__:
        if name in owner.__dict__.get("__annotations__", {}):
            return owner.__annotations__[name]
    raise TypeError(f"{payload.__name__}.{name} has no annotation")
