"""Reading a time that a person gives as one of the two clocks.

The counterpart in SQL is `projections.rendering.moment`; both take a bare day as its end.
"""

import re
from datetime import UTC, date, datetime, time

from events.values import EARLIEST, LATEST

_DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_MOMENT = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")
_END_OF_DAY = time(23, 59, 59, 999_999, tzinfo=UTC)


def moment_of(given: str | datetime) -> datetime:
    """Return the moment meant, in UTC.

    ``2017-06-30`` means the end of that day. A time without an offset is in UTC. Raises
    `ValueError` where the text is no time, or one that no event can have.
    """
    if isinstance(given, datetime):
        return _in_bounds(given, given if given.tzinfo else given.replace(tzinfo=UTC))
    text = given.strip()
    try:
        if _DAY.match(text):
            return _in_bounds(given, datetime.combine(date.fromisoformat(text), _END_OF_DAY))
        if _MOMENT.match(text):
            read = datetime.fromisoformat(text.upper().replace("T", " "))
            return _in_bounds(given, read if read.tzinfo else read.replace(tzinfo=UTC))
    except ValueError as error:
        raise ValueError(f"{given!r} is no time: {error}") from error
    raise ValueError(
        f"{given!r} is no time; write 2017-06-30 (its end is meant), 2017-06-30T18:00 (UTC) or "
        "2017-06-30T18:00+02:00"
    )


def as_parameter(moment: datetime) -> str:
    """Return a moment as the questions' `as_of` and `known_at` read it, to the microsecond."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def _in_bounds(given: str | datetime, moment: datetime) -> datetime:
    try:
        found = moment.astimezone(UTC)
    except OverflowError:
        found = None
    if found is None or not EARLIEST <= found < LATEST:
        raise ValueError(f"{given} lies outside of {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}")
    return found
