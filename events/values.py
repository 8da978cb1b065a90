"""The value types that payload fields are made of.

Every field of every payload is one of these, so that the warehouse can name a column type for
each of them. Money is a decimal string here and in JSON; nothing in the vocabulary is a float.
"""

from datetime import UTC, date, datetime
from operator import methodcaller
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema, core_schema

MAX_INTEGER = 2**63 - 1
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class _Written:
    """In JSON, takes a time or a day only as it is written out in RFC 3339.

    Pydantic alone also reads a string of digits as seconds, or milliseconds, since 1970.
    """

    def __init__(self, pattern: str, schema_format: str) -> None:
        self.pattern = pattern
        self.schema_format = schema_format

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        parsed = handler(source)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema(
                [core_schema.str_schema(pattern=self.pattern), {**parsed, "strict": False}]
            ),
            python_schema=parsed,
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, str]:
        return {"type": "string", "format": self.schema_format}


CONTROL_FREE = r"^[^\x00-\x1f\x7f]+$"
NUL_FREE = r"^[^\x00]+$"
"""What strings of the vocabulary are made of."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=CONTROL_FREE)]
"""The name of a thing (account, deal, rep, product): 1 to 256 characters, no control characters."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=NUL_FREE)]
"""Words written by a person: 1 to 20,000 characters, none of them NUL."""

Amount = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,29}(\.[0-9]{1,9})?$")]
"""A decimal number as a string: up to 29 digits before the point and 9 after it."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code, such as ``EUR``."""

Share = Annotated[str, StringConstraints(pattern=r"^(0(\.[0-9]{1,9})?|1(\.0{1,9})?)$")]
"""A part of one as a decimal string, from 0 to 1."""

Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
"""A whole number from 0 that fits 64 signed bits."""

Score = Annotated[int, Field(ge=-100, le=100)]
"""A whole number on a scale that the field's description names."""

Ids = Annotated[tuple[Id, ...], Field(max_length=1_000)]
"""The names of several things: at most 1,000."""

Instant = Annotated[
    AwareDatetime,
    Field(ge=EARLIEST, lt=LATEST),
    _Written(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:", "date-time"),
    AfterValidator(methodcaller("astimezone", UTC)),  # a frame of Python would cost as much again
]
"""A moment with an offset, kept in UTC, to the microsecond; further digits are cut off."""

Day = Annotated[
    date,
    Field(ge=EARLIEST.date(), lt=LATEST.date()),
    _Written(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "date"),
]
"""A calendar day."""

Channel = Literal[
    "phone", "email", "in_person", "video", "chat", "post", "web", "social", "event", "other"
]
"""The way by which people reached each other."""

Direction = Literal["inbound", "outbound"]
"""Inbound: the other side began. Outbound: the sales department began."""

Performer = Literal["person", "machine"]
"""Whether a person did it or a machine, such as a mail sequence or a bot."""

Sentiment = Literal["positive", "neutral", "negative"]
"""What the words of a customer or a rep amount to."""

Severity = Literal["low", "medium", "high", "critical"]
"""How much something holds up or hurts."""

Purpose = Literal["acquisition", "retention", "expansion", "other"]
"""What money or time goes to: winning new customers, keeping them, selling them more."""
