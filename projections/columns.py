"""The payload fields of the catalogue as ClickHouse columns.

Every field can be asked for by name: its column is an expression over `data`, NULL where an event
does not have it. The types follow from the catalogue, so a new field is never forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from events.catalogue import FIELDS

MOMENT = "DateTime64(6, 'UTC')"

_EXTRACTED = "JSONExtract(data, '{name}', '{type}')"
_TYPES = {
    "amount": ("Nullable(Decimal(38, 9))", _EXTRACTED),
    "share": ("Nullable(Decimal(38, 9))", _EXTRACTED),
    "count": ("Nullable(Int64)", _EXTRACTED),
    "score": ("Nullable(Int64)", _EXTRACTED),
    "flag": ("Nullable(Bool)", _EXTRACTED),
    "ids": ("Array(String)", _EXTRACTED),
    "day": ("Nullable(Date32)", "toDate32OrNull(JSONExtractString(data, '{name}'))"),
    "instant": (
        f"Nullable({MOMENT})",
        "parseDateTime64BestEffortOrNull(JSONExtractString(data, '{name}'), 6, 'UTC')",
    ),
    "parts": ("Nullable(String)", "nullIf(JSONExtractRaw(data, '{name}'), '')"),
    "object": ("Nullable(String)", "nullIf(JSONExtractRaw(data, '{name}'), '')"),
}
_TEXT = ("Nullable(String)", _EXTRACTED)


@dataclass(frozen=True, slots=True)
class Column:
    """One payload field as a column: its ClickHouse type and how it is read from `data`."""

    name: str
    type: str
    expression: str
    comment: str


def payload_columns() -> Mapping[str, Column]:
    """Return field name to column, for every field of every payload, in order of name."""
    columns = {}
    for name, field in sorted(FIELDS.items()):
        kind, expression = _TYPES.get(field.value, _TEXT)
        columns[name] = Column(
            name, kind, expression.format(name=name, type=kind), field.description
        )
    return columns
