"""Working hours, and the calendar in whole microseconds since 1970.

People work from Monday to Friday, 08:00 to 17:00 UTC. Working time runs through those hours only:
a span of calendar days is laid onto it in proportion, so that it keeps its mean and never ends in
the night.
"""

from datetime import UTC, date, datetime, timedelta

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
YEAR_DAYS = 365.25

_WEEK = 7 * DAY
_MONDAY = 4 * DAY  # 1970-01-05, the first Monday
_OPENS = 8 * HOUR
_OPEN_FOR = 9 * HOUR
_WORKING_DAYS = 5
_PER_CALENDAR_DAY = _OPEN_FOR * _WORKING_DAYS / 7

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = date(1970, 1, 1)
_GREGORIAN_DAYS = 146_097  # the calendar repeats after 400 years


def working(days: float) -> int:
    """Return the working time in a span of calendar days, in microseconds."""
    return int(days * _PER_CALENDAR_DAY)


def worked(moment: int) -> int:
    """Return where a moment lies on working time; outside the hours it is the next opening."""
    weeks, rest = divmod(moment - _MONDAY, _WEEK)
    day, of_day = divmod(rest, DAY)
    if day >= _WORKING_DAYS:
        return (weeks + 1) * _WORKING_DAYS * _OPEN_FOR
    since_opening = min(max(of_day - _OPENS, 0), _OPEN_FOR)
    return (weeks * _WORKING_DAYS + day) * _OPEN_FOR + since_opening


def moment_of(worked_time: int) -> int:
    """Return the moment at which a working time is reached."""
    days, since_opening = divmod(worked_time, _OPEN_FOR)
    weeks, day = divmod(days, _WORKING_DAYS)
    return _MONDAY + weeks * _WEEK + day * DAY + _OPENS + since_opening


def midnight(day: date) -> int:
    """Return the moment a day begins."""
    return (day - _FIRST).days * DAY


def micros(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def datetime_of(moment: int) -> datetime:
    """Return a moment as a datetime in UTC."""
    return _EPOCH + timedelta(microseconds=moment)


def day_of(moment: int) -> date:
    """Return the day of a moment; a moment after 2369 gets its day of 400 years before.

    A floor that runs live for long comes that far, and only its seasons are asked for.
    """
    return _FIRST + timedelta(days=moment // DAY % _GREGORIAN_DAYS)
