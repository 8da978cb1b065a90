"""Working time runs from Monday to Friday, 08:00 to 17:00 UTC."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.simulator.hours import datetime_of, day_of, micros, moment_of, worked, working

moments = st.integers(4 * 86_400_000_000, 229 * 365 * 86_400_000_000).map(datetime_of)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2025-01-03T17:00:00Z", "2025-01-06T08:00:00Z"),  # Friday evening
        ("2025-01-04T12:00:00Z", "2025-01-06T08:00:00Z"),  # Saturday
        ("2025-01-06T07:59:59Z", "2025-01-06T08:00:00Z"),
        ("2025-01-06T22:00:00Z", "2025-01-07T08:00:00Z"),
        ("2025-01-07T13:14:15Z", "2025-01-07T13:14:15Z"),
    ],
)
def test_work_outside_the_hours_begins_at_the_next_opening(moment: str, opening: str) -> None:
    begins = moment_of(worked(micros(datetime.fromisoformat(moment))))
    assert datetime_of(begins) == datetime.fromisoformat(opening)


@given(moments, moments)
def test_working_time_never_runs_backwards(one: datetime, other: datetime) -> None:
    sooner, later = sorted((micros(one), micros(other)))
    assert worked(sooner) <= worked(later)
    assert moment_of(worked(sooner)) >= sooner


@given(moments, st.floats(0, 400))
def test_a_span_of_days_takes_about_that_many_days(moment: datetime, days: float) -> None:
    begins = moment_of(worked(micros(moment)))
    ends = moment_of(worked(begins) + working(days))
    assert abs(timedelta(microseconds=ends - begins) - timedelta(days=days)) < timedelta(days=3)


def test_days_of_far_centuries_fall_back_by_the_cycle_of_the_calendar() -> None:
    day = micros(datetime(2025, 3, 4, 5, tzinfo=UTC))
    assert day_of(day) == date(2025, 3, 4)
    assert day_of(day + 146_097 * 86_400_000_000 * 30) == date(2025, 3, 4)
