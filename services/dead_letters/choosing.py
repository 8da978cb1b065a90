"""Which letters are meant, and what they have in common. Pure; where they lie is not known here."""

import heapq
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra.tape.dead_letters import Notice, Place

SAMPLES = 3
"""How many places are told of each kind of reason."""

_PLACE = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")

_VARIABLE = (
    (re.compile(r"; found (\"(?:[^\"\\]|\\.)*\"( and more)?|[^;]*)"), ""),
    (re.compile(r" at line \d+ column \d+"), ""),
    (re.compile(r"\bhas [\d,]+ bytes"), "has too many bytes"),
)
"""What differs between reasons of one kind."""

Test = Callable[[Notice], bool]


class BadChoice(ValueError):
    """Text that names no place and no time."""


def place_of(text: str) -> Place:
    """Return the place that text such as ``3:117`` names. Raises `BadChoice`."""
    match = _PLACE.fullmatch(text.strip())
    if match is None:
        raise BadChoice(f"{text!r} is no place of a record; write PARTITION:OFFSET, such as 0:41")
    return Place(int(match[1]), int(match[2]))


def since(text: str) -> Test:
    """Return a test for letters after a position of the tape, or recorded at or after a time.

    A position is what the feed gives: ``0:41``, or one for each of several partitions, joined by
    commas. A time without an offset is in UTC, and a bare day is its beginning.
    """
    if _PLACE.match(text.strip()):
        seen: Mapping[int, int] = dict(place_of(part) for part in text.split(","))
        return lambda notice: notice.place.offset > seen.get(notice.place.partition, -1)
    try:
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError as error:
        raise BadChoice(
            f"{text!r} is neither a position such as 0:41 nor a time such as 2026-03-01T09:30:00Z"
        ) from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return lambda notice: notice.recorded_at >= aware


def because_of(text: str) -> Test:
    """Return a test for letters in whose reason a text stands, in capitals or not."""
    wanted = text.casefold()
    return lambda notice: wanted in notice.reason.casefold()


def kind_of(reason: str) -> str:
    """Return a reason without what differs from letter to letter: what was found, and where."""
    for pattern, instead in _VARIABLE:
        reason = pattern.sub(instead, reason)
    return reason


@dataclass(slots=True)
class Kind:
    """The letters that have one kind of reason."""

    reason: str
    last: datetime
    """When the latest was recorded."""
    count: int = 0
    samples: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overview:
    """What letters there are: kinds of reasons, most frequent first, and the latest letters."""

    count: int
    kinds: list[Kind]
    latest: list[Notice]
    """Latest first."""


def overview(notices: Iterable[Notice], limit: int) -> Overview:
    """Look over letters; hold at most `limit` of them at a time."""
    count = 0
    kinds: dict[str, Kind] = {}
    latest: list[tuple[datetime, Place, Notice]] = []
    for notice in notices:
        count += 1
        name = kind_of(notice.reason)
        kind = kinds.setdefault(name, Kind(name, notice.recorded_at))
        kind.count += 1
        kind.last = max(kind.last, notice.recorded_at)
        if len(kind.samples) < SAMPLES:
            kind.samples.append(notice.place)
        entry = (notice.recorded_at, notice.place, notice)
        if len(latest) < limit:
            heapq.heappush(latest, entry)
        elif limit:
            heapq.heappushpop(latest, entry)
    return Overview(
        count,
        sorted(kinds.values(), key=lambda kind: (-kind.count, kind.reason)),
        [notice for _, _, notice in sorted(latest, reverse=True)],
    )
