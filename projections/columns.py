"""The payload fields of the catalogue as ClickHouse columns.

Every field can be asked for by name: its column is an expression over `data`, NULL where an event
does not have it. The types follow from the catalogue, so a new field is never forgotten.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from events.catalogue import FIELDS

MOMENT = "DateTime64(6, 'UTC')"

_TYPES = {
    "amount": ("Nullable(Decimal(38, 9))", "Nullable(Decimal(38, 9))", "{value}"),
    "share": ("Nullable(Decimal(38, 9))", "Nullable(Decimal(38, 9))", "{value}"),
    "count": ("Nullable(Int64)", "Nullable(Int64)", "{value}"),
    "score": ("Nullable(Int64)", "Nullable(Int64)", "{value}"),
    "flag": ("Nullable(Bool)", "Nullable(Bool)", "{value}"),
    "ids": ("Array(String)", "Array(String)", "{value}"),
    "day": ("Nullable(Date32)", "Nullable(String)", "toDate32OrNull({value})"),
    "instant": (
        f"Nullable({MOMENT})",
        "Nullable(String)",
        "parseDateTime64BestEffortOrNull({value}, 6, 'UTC')",
    ),
}
"""Kind of value to the type of its column, its type in the payload, and how the one becomes the
other. A part or an object stays JSON."""
_TEXT = ("Nullable(String)", "Nullable(String)", "{value}")


@dataclass(frozen=True, slots=True)
class Column:
    """One payload field as a column: its ClickHouse type and how it is read from `data`."""

    name: str
    type: str
    told: str
    """The type it is read as from the payload."""
    reading: str
    """How it becomes the column, over `{value}`."""
    comment: str

    @property
    def expression(self) -> str:
        """The column, read alone."""
        return self.reading.format(value=f"JSONExtract(data, '{self.name}', '{self.told}')")


def payload_columns() -> Mapping[str, Column]:
    """Return field name to column, for every field of every payload, in order of name."""
    return {
        name: Column(name, *_TYPES.get(field.value, _TEXT), comment=field.description)
        for name, field in sorted(FIELDS.items())
    }


def parsed_once(columns: Iterable[Column]) -> tuple[str, Mapping[str, str]]:
    """Return the expression that parses `data` once for several columns, and name to how each is
    read from the outcome, which the use calls `payload`."""
    told: list[str] = []
    picked: dict[str, str] = {}
    for column in columns:
        told.append(f"{column.name} {column.told}")
        picked[column.name] = column.reading.format(value=f"tupleElement(payload, '{column.name}')")
    return f"JSONExtract(data, 'Tuple({', '.join(told)})')", picked
