"""The two clocks of a question as the page keeps them: in the address, in inputs, in words.

`as_of` bounds what has happened, `known_at` what the tape had learnt. None stands for now.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.console import formats

_GIVEN = re.compile(r"^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}))?$")
_END_OF_DAY = timedelta(days=1) - timedelta(microseconds=1)
_END_OF_MINUTE = timedelta(minutes=1) - timedelta(microseconds=1)


class ClockError(ValueError):
    """A time that cannot be read; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where the two clocks stand; aware moments in UTC, or None for now."""

    as_of: datetime | None = None
    known_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether both stand at now."""
        return self.as_of is None and self.known_at is None

    def describe(self) -> str:
        """Return in words what the panels show; empty where both clocks stand at now."""
        happened = f"as of {in_words(self.as_of)}" if self.as_of else ""
        known = f"with what the tape knew at {in_words(self.known_at)}" if self.known_at else ""
        return ", ".join(filter(None, (happened, known)))


def moment_given(text: str) -> datetime | None:
    """Return the moment meant by ``2017-06-30`` or ``2017-06-30T18:00``, in UTC.

    A day means its end and a minute means its end, so that what happened in it is included. An
    empty text is None. Raises `ClockError`.
    """
    if not text:
        return None
    found = _GIVEN.match(text)
    if found is None:
        raise ClockError(f"{text!r} is no time; write 2017-06-30 or 2017-06-30T18:00 (UTC)")
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}+00:00")
    except ValueError as error:
        raise ClockError(f"{text!r} is no time: {error}") from error
    if not 1900 <= moment.year < 2200:
        raise ClockError(f"{text!r} lies outside of the years 1900 to 2199")
    return moment + (_END_OF_MINUTE if found[2] else _END_OF_DAY)


def as_given(moment: datetime | None) -> str:
    """Return the text that `moment_given` reads as this moment; empty for None."""
    if moment is None:
        return ""
    if moment.time() == time.max:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%dT%H:%M}"


def in_words(moment: datetime) -> str:
    """Return a moment as people read it, such as ``the end of 30 Jun 2017``."""
    if moment.time() == time.max:
        return f"the end of {formats.day(moment)}"
    return f"{formats.day(moment)} {moment:%H:%M} UTC"
