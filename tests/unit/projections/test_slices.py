"""Periods of any calendar are those of a plain computation, and slices say what they need."""

from datetime import date, timedelta

import pytest

from infra.warehouse import Warehouse
from projections.calendar import Calendar
from projections.macros import MacroError
from projections.slices import PERIODS, Sliced, first_day, local_day, period_of, periods_after

CALENDARS = [
    Calendar(),
    Calendar(fiscal_year_month=4, week_day=7),
    Calendar(fiscal_year_month=11, week_day=3),
]
DAYS = [date(1969, 12, 30) + timedelta(days=97 * step) for step in range(240)]


def plainly(day: date, period: str, calendar: Calendar) -> date:
    if period == "week":
        return next(
            day - timedelta(days=back)
            for back in range(7)
            if (day - timedelta(days=back)).isoweekday() == calendar.week_day
        )
    months = {"month": 1, "quarter": 3, "year": 12}.get(period)
    if months is None:
        return day
    back = (day.month - calendar.fiscal_year_month) % 12 % months
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    return date(year, month + 1, 1)


@pytest.mark.parametrize("calendar", CALENDARS)
def test_periods_begin_where_the_calendar_says(warehouse: Warehouse, calendar: Calendar) -> None:
    told = ", ".join(first_day("day", period, calendar) for period in PERIODS)
    listed = ", ".join(f"toDate32('{day}')" for day in DAYS)
    rows = warehouse.client("admin").query(
        f"SELECT day, {told} FROM (SELECT arrayJoin([{listed}]) AS day)"
    )
    for day, *found in rows.result_rows:
        assert found == [plainly(day, period, calendar) for period in PERIODS], day


@pytest.mark.parametrize("calendar", CALENDARS)
def test_a_period_begins_where_the_one_before_ends(
    warehouse: Warehouse, calendar: Calendar
) -> None:
    first = period_of("day", "month", calendar, asked=True)
    after, before = (periods_after("first", n, "month", asked=True) for n in ("1", "-1"))
    listed = ", ".join(f"toDate32('{day}')" for day in DAYS)
    for asked in (*PERIODS, ""):
        rows = warehouse.client("admin").query(
            f"SELECT day, {first} AS first, {after}, {before} "
            f"FROM (SELECT arrayJoin([{listed}]) AS day)",
            parameters={"period": asked},
        )
        for day, begins, next_begins, last_began in rows.result_rows:
            period = asked or "month"
            assert begins == plainly(day, period, calendar)
            assert plainly(next_begins, period, calendar) == next_begins
            assert plainly(next_begins - timedelta(days=1), period, calendar) == begins
            assert plainly(begins - timedelta(days=1), period, calendar) == last_began


def test_where_no_period_can_be_asked_for_the_named_one_holds() -> None:
    calendar = Calendar()
    assert period_of("day", "week", calendar, asked=False) == first_day("day", "week", calendar)
    assert "NULL" in period_of("day", "NULL", calendar, asked=False)
    assert periods_after("day", "2", "day", asked=False) == "(day + (2))"
    with pytest.raises(MacroError, match="'decade' is no period"):
        periods_after("day", "1", "decade", asked=False)


def test_a_day_ends_at_the_midnight_of_the_zone(warehouse: Warehouse) -> None:
    day = local_day("at", Calendar(time_zone="America/New_York"))
    rows = warehouse.client("admin").query(
        f"SELECT {day} FROM (SELECT arrayJoin(["
        "toDateTime64('2024-03-01 04:59:59', 6, 'UTC'), "
        "toDateTime64('2024-03-01 05:00:00', 6, 'UTC')]) AS at)"
    )
    assert [row[0] for row in rows.result_rows] == [date(2024, 2, 29), date(2024, 3, 1)]


def test_a_question_can_be_sliced_by_what_it_names_and_what_can_be_looked_up() -> None:
    read = Sliced.read(["deals", "rep = owner", "account = account", "at = closed_at"])
    assert read.dimensions({"deals"}) == ("rep",)
    assert read.dimensions({"memberships", "deal_sources"}) == (
        "rep", "team", "manager", "territory", "role",
    )  # fmt: skip
    assert read.periods == PERIODS
    assert Sliced.read(["deals", "rep = owner"]).dimensions({"memberships"}) == ("rep",)
    assert Sliced.read(["deals", "entered = opened_at"]).periods[0] == "cohort-day"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "needs a table"),
        (["deals", "owner"], "'owner'"),
        (["deals", "colour = red"], "colour"),
        (["deals", "at = a", "day = b"], "not both"),
    ],
)
def test_slices_used_wrongly_say_how_they_are_used(arguments: list[str], said: str) -> None:
    with pytest.raises(MacroError, match=said):
        Sliced.read(arguments)
