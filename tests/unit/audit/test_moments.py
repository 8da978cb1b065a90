"""Times that people give, as the clocks of questions and replays read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from projections.moments import as_parameter, moment_of

NOON = datetime(2017, 6, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2017-06-30", datetime(2017, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC)),
        (" 2017-06-30 ", datetime(2017, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2017-06-30T12:00", NOON),
        ("2017-06-30 12:00:00", NOON),
        ("2017-06-30t12:00:00z", NOON),
        ("2017-06-30T14:00:00+02:00", NOON),
        ("2017-06-30T12:00:00.000001Z", NOON + timedelta(microseconds=1)),
        (NOON.replace(tzinfo=None), NOON),
        (NOON.astimezone(timezone(timedelta(hours=-5))), NOON),
    ],
)
def test_a_time_is_read_in_utc_and_a_day_means_its_end(
    given: str | datetime, meant: datetime
) -> None:
    assert moment_of(given) == meant
    assert moment_of(given).tzinfo is UTC


@pytest.mark.parametrize(
    "given",
    ["", "soon", "2017", "2017-06", "20170630", "2017-02-30", "2017-06-30T25:00", "30.06.2017",
     "1498824000", "1899-12-31", "2200-01-01", "2017-06-30T12:00+99:00"],
)  # fmt: skip
def test_what_is_no_time_is_said_to_be_none(given: str) -> None:
    with pytest.raises(ValueError, match=r"no time|outside of"):
        moment_of(given)


@pytest.mark.parametrize(
    "given",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_a_moment_at_the_edge_of_what_can_be_counted_is_refused(given: datetime) -> None:
    with pytest.raises(ValueError, match="outside of"):
        moment_of(given)


def test_a_moment_is_handed_on_to_the_microsecond() -> None:
    assert as_parameter(moment_of("2017-06-30")) == "2017-06-30 23:59:59.999999"
