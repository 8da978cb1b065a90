"""Dead letters: records of the tape that are no events, each with its exact bytes and the reason.

A record that cannot be used is never dropped: it becomes a letter here and the tape goes on. Where
letters lie is a source's matter: a topic beside the tape, or the warehouse. Records that were
refused at the gateway never were on the tape, and are no letters.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

REFUSED_BY_WAREHOUSE = "the warehouse refuses it"
"""How the reason begins of a record that is an event, but has a value the engine does not take."""

READING = "VALUE_CONVERTER"
"""The stage that finds that bytes are no event, in Kafka Connect's words."""
STORING = "TASK_PUT"
"""The stage that puts events into the warehouse."""


def stage_of(reason: str) -> str:
    """Return the stage that rejected a record for a reason."""
    return STORING if reason.startswith(REFUSED_BY_WAREHOUSE) else READING


class Place(NamedTuple):
    """Where the record lies on the tape; it names the letter."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class Notice:
    """A letter from outside: all but its bytes, of which `size` is the number."""

    place: Place
    recorded_at: datetime
    key: str
    reason: str
    size: int
    topic: str = ""
    """The topic of the tape; empty where the tape is a file."""

    @property
    def stage(self) -> str:
        """Who rejected it."""
        return stage_of(self.reason)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter, opened."""

    notice: Notice
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """What stands beside the bytes, where something does."""


class DeadLetters(Protocol):
    """A source of letters. Each is told once, whatever was written twice."""

    def notices(self) -> Iterator[Notice]:
        """Yield what letters there are, in no particular order."""

    def letters(self, notices: Sequence[Notice]) -> Iterator[Letter]:
        """Yield the letters of notices of this source, in their order."""
