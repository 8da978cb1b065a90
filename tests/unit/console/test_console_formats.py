"""How the console writes numbers, money, times and clocks."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.console import formats
from services.console.clocks import ClockError, Clocks, as_given, moment_given


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (950, "950"),
        (999.6, "1.0k"),
        (12_345, "12.3k"),
        (999_950, "1.0m"),
        (Decimal("10005534.25"), "10.0m"),
        (-2_500_000, "-2.5m"),
        (123_400_000, "123m"),
        (7 * 10**9, "7.0bn"),
        (None, formats.NONE),
    ],
)
def test_a_quantity_is_written_in_short(value: Decimal | int | None, written: str) -> None:
    assert formats.short(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1234.500000000", "1,234.50 EUR"),
        ("1234", "1,234 EUR"),
        ("-0.125", "-0.125 EUR"),
        (
            Decimal("99999999999999999999999999999.5"),
            "99,999,999,999,999,999,999,999,999,999.50 EUR",
        ),
        (None, formats.NONE),
    ],
)
def test_an_amount_is_written_without_loss(value: Decimal | str | None, written: str) -> None:
    assert formats.exact(value, "EUR") == written


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        (date(2017, 4, 1), date(2017, 6, 30), "Q2 2017"),
        (date(2024, 2, 1), date(2024, 2, 29), "Feb 2024"),
        (date(2025, 1, 1), date(2025, 12, 31), "2025"),
        (date(2025, 2, 1), date(2025, 4, 30), "1 Feb 2025 to 30 Apr 2025"),
    ],
)
def test_a_period_goes_by_its_name(start: date, end: date, name: str) -> None:
    assert formats.period(start, end) == name


@pytest.mark.parametrize("text", ["2017-06-30", "2017-06-30T18:00", ""])
def test_a_clock_is_written_as_it_was_given(text: str) -> None:
    assert as_given(moment_given(text)) == text


def test_a_day_and_a_minute_mean_their_end() -> None:
    assert moment_given("2017-06-30") == datetime(2017, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC)
    assert moment_given("2017-06-30T18:00") == datetime(2017, 6, 30, 18, 0, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "2017-02-30", "2017-06-30T25:00", "0001-01-01"])
def test_a_clock_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ClockError, match=text):
        moment_given(text)


def test_clocks_are_told_in_words() -> None:
    clocks = Clocks(moment_given("2017-06-30"), moment_given("2017-07-02T18:30"))
    assert clocks.describe() == (
        "as of the end of 30 Jun 2017, with what the tape knew at 2 Jul 2017 18:30 UTC"
    )
    assert Clocks().live
    assert not Clocks().describe()
