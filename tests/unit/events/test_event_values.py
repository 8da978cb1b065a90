"""Odd values are either brought to one form or refused; what is taken can be stored."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from events import values
from events.envelope import Event
from events.parsing import Rejection, parse_event


def _event(time: str = "2026-01-01T00:00:00Z", **data: Any) -> Event[Any] | Rejection:
    content = {
        "id": "1",
        "source": "s",
        "type": "sales.forecast.submitted.v2",
        "time": time,
        "data": {
            "period_start": "2026-01-01",
            "period_end": "2026-03-31",
            "amount": "1",
            "currency": "EUR",
            **data,
        },
    }
    return parse_event(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-31T09:30:00Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31t09:30:00z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31 09:30:00Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T09:30Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00+02:00", datetime(2026, 1, 31, 7, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00+0200", datetime(2026, 1, 31, 7, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00-00:00", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T23:59:59-23:59", datetime(2026, 2, 1, 23, 58, 59, tzinfo=UTC)),
        ("2026-01-31T09:30:00.5Z", datetime(2026, 1, 31, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T09:30:00.1234569Z", datetime(2026, 1, 31, 9, 30, 0, 123_456, tzinfo=UTC)),
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59.999999Z", datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_a_time_is_brought_to_utc(written: str, meant: datetime) -> None:
    event = _event(written)
    assert not isinstance(event, Rejection), event.reason
    assert event.time == meant
    assert event.time.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        "1900-01-01T00:00:00+00:01",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_a_time_out_of_bounds_is_refused(written: str) -> None:
    event = _event(written)
    assert event == Rejection(
        f'time: must lie between 1900-01-01 and 2200-01-01; found "{written}"', "time"
    )


@pytest.mark.parametrize(
    "written",
    [
        "1577836800",
        "1577836800000",
        "1577836800.5",
        "2026-01-31",
        "2026-01-31T24:00:00Z",
        "2026-01-31T09:30:60Z",
        "2016-12-31T23:59:60Z",
        "2026-02-30T00:00:00Z",
        "2026-W05-6T09:30:00Z",
        "2026-01-31_09:30:00Z",
        "+2026-01-31T09:30:00Z",
        " 2026-01-31T09:30:00Z",
        "2026-01-31T09:30:00+02",
        "31.01.2026 09:30",
        "",
    ],
)
def test_a_time_in_another_form_is_refused(written: str) -> None:
    event = _event(written)
    assert isinstance(event, Rejection)
    assert event.field == "time"
    assert "expected a time with an offset such as" in event.reason


@pytest.mark.parametrize(
    "written",
    ["1577836800", "2026-01-31T00:00:00", "2026-02-30", "31.01.2026", "2026-1-1", "", 20260131],
)
def test_a_day_in_another_form_is_refused(written: object) -> None:
    event = _event(period_start=written)
    assert isinstance(event, Rejection)
    assert event.field == "data.period_start"
    assert "expected a day such as" in event.reason


def test_a_day_out_of_bounds_is_refused() -> None:
    assert not isinstance(_event(period_start="1900-01-01"), Rejection)
    assert isinstance(_event(period_start="1899-12-31"), Rejection)
    assert isinstance(_event(period_end="2200-01-01"), Rejection)


@pytest.mark.parametrize("written", ["0", "-0.5", "00012", "9" * 29 + "." + "9" * 9, "-0"])
def test_an_amount_is_kept_as_it_was_written(written: str) -> None:
    event = _event(amount=written)
    assert not isinstance(event, Rejection), event.reason
    assert event.data.amount == written


@pytest.mark.parametrize(
    "written",
    [
        "9" * 30,
        "1." + "0" * 10,
        "1_000",
        "1,000",
        "1e3",
        "+1",
        ".5",
        "1.",
        "-",
        "",
        " 1",
        "1\n",
        "NaN",
        "Infinity",
        "٣",
        "0x10",
    ],
)
def test_an_amount_in_another_form_is_refused(written: str) -> None:
    event = _event(amount=written)
    assert isinstance(event, Rejection)
    assert event.field == "data.amount"


@pytest.mark.parametrize("written", ["eur", "EURO", "€", "EUR ", "EUR\n", ""])
def test_a_currency_in_another_form_is_refused(written: str) -> None:
    assert isinstance(_event(currency=written), Rejection)


@pytest.mark.parametrize("written", ["\x00", "a\nb", "a\tb", "\x7f", "", "a" * 257])
def test_a_name_with_control_characters_is_refused(written: str) -> None:
    event = _event(team=written)
    assert isinstance(event, Rejection)
    assert "data.team: expected a name of 1 to 256 characters" in event.reason


@pytest.mark.parametrize("written", ["a", "a" * 256, "Łódź/北京 №7", "a b", "🧾" * 256])
def test_a_name_may_hold_any_other_character(written: str) -> None:
    event = _event(team=written)
    assert not isinstance(event, Rejection), event.reason
    assert event.data.team == written


def test_text_may_have_lines_but_no_nul() -> None:
    event = _event(basis="one\n\ttwo\r\n")
    assert not isinstance(event, Rejection), event.reason
    assert event.data.basis == "one\n\ttwo\r\n"
    assert isinstance(_event(basis="a\x00b"), Rejection)
    assert isinstance(_event(basis=""), Rejection)
    assert isinstance(_event(basis="a" * 20_001), Rejection)


@pytest.mark.parametrize(
    ("written", "good"),
    [
        ("0", True),
        ("1", True),
        ("0.123456789", True),
        ("1.000", True),
        ("1.1", False),
        ("-0.1", False),
        ("01", False),
        ("0.1234567890", False),
    ],
)
def test_a_share_lies_between_none_and_all(written: str, good: bool) -> None:
    share: TypeAdapter[str] = TypeAdapter(values.Share)
    if good:
        assert share.validate_python(written) == written
    else:
        with pytest.raises(ValidationError):
            share.validate_python(written)


def test_python_code_gives_times_and_days_as_such() -> None:
    instant: TypeAdapter[datetime] = TypeAdapter(values.Instant)
    day: TypeAdapter[date] = TypeAdapter(values.Day)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert instant.validate_python(moment, strict=True) == moment
    assert day.validate_python(date(2026, 1, 1), strict=True) == date(2026, 1, 1)
    for adapter, written in ((instant, "2026-01-01T00:00:00Z"), (day, "2026-01-01")):
        with pytest.raises(ValidationError):
            adapter.validate_python(written, strict=True)
