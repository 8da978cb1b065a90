"""What is wrong with the records: deals with something missing, sources with wrong clocks."""

from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from golden import Floor, ask, at, told

ALWAYS = "known_at = '2100-01-01'"
PRICED = {"amount": "10", "currency": "EUR"}


def opened(deal: str, time: str, **data: Any) -> dict[str, Any]:
    return told("deal.opened", time, deal=deal, pipeline="main", stage="contact", **data)


def closed(kind: str, deal: str, time: str, **data: Any) -> dict[str, Any]:
    return told(f"deal.{kind}", time, deal=deal, account="a", actor="ann", **data)


WHOLE = {"account": "a", "actor": "ann", "expected_close": "2024-02-01", **PRICED}
STORY = [
    opened("whole", "01-02", **WHOLE),
    closed("won", "whole", "01-20", **PRICED),
    # Its date is that of the import, and it was won for nothing.
    opened("gift", "01-03", **WHOLE),
    closed("won", "gift", "01-21", amount="0", currency="EUR"),
    told("import_gap.detected", "01-03", deal="gift", account="a", actor="ann",
         gap_start="2024-01-01", gap_end="2024-01-03", reason="no date"),
    closed("won", "sudden", "01-22", **PRICED),
    opened("bare", "01-04", actor="bob"),
    closed("lost", "mixed", "01-05", reason="price"),
    opened("mixed", "01-10", **WHOLE),
    opened("lost", "01-06", **WHOLE),
    closed("lost", "lost", "01-23"),
    # Nobody opened it; it was shown.
    told("demo.held", "01-07", deal="ghost", account="a", actor="bob"),
    told("demo.held", "01-08", deal="ghost", account="a", actor="bob"),
    # Opened at home in itself, then told of at home in its account.
    opened("torn", "01-09", actor="ann", expected_close="2024-09-01", **PRICED),
    closed("stage_changed", "torn", "01-11", stage="closing"),
]  # fmt: skip


def far(source: str, year: int) -> dict[str, Any]:
    """Return an event of a source, dated to a year."""
    event = told("check_in.held", "05-01 12:00", actor="ann", source=source)
    return {**event, "id": f"{source} {year}", "time": f"{year}-05-01T12:00:00Z"}


CLOCKS = [far("fast", 2080), far("fast", 2090), *(far("slow", 2000 + n) for n in range(5))]


@pytest.fixture(scope="module")
def records(floor: Floor) -> Floor:
    floor.tell(*STORY, *CLOCKS)
    return floor


def test_each_deal_says_what_its_records_lack(records: Floor) -> None:
    columns = "home, deal, status, owner, opened_at, gaps"
    rows = ask(records, columns, f"incomplete_deals_at(as_of = '2024-03-01', {ALWAYS})")
    assert rows == [
        ("a", "gift", "won", "ann", at("01-03"), ["undated", "won for nothing"]),
        ("bare", "bare", "open", "bob", at("01-04"),
         ["no account", "no amount", "no expected close"]),
        ("a", "lost", "lost", "ann", at("01-06"), ["no loss reason"]),
        ("", "ghost", "unknown", "bob", at("01-07"), ["unknown"]),
        ("torn", "torn", "open", "ann", at("01-09"), ["at home twice", "no account"]),
        ("a", "mixed", "open", "ann", at("01-10"),
         ["closed before opened", "expected close gone by"]),
        ("a", "torn", "open", "ann", at("01-11"),
         ["at home twice", "never opened", "no amount", "no expected close"]),
        ("a", "sudden", "won", "ann", at("01-22"), ["never opened"]),
    ]  # fmt: skip


def test_gaps_are_counted_by_kind(records: Floor) -> None:
    columns = "gap, deals, open_deals, latest, idle_days, example"
    rows = ask(records, columns, f"data_gaps_at(as_of = '2024-03-01', {ALWAYS})", "deals > 1")
    assert rows == [
        ("at home twice", 2, 2, at("01-11"), 50, "torn"),
        ("never opened", 2, 1, at("01-22"), 39, "sudden"),
        ("no account", 2, 2, at("01-09"), 52, "bare"),
        ("no amount", 2, 2, at("01-11"), 50, "bare"),
        ("no expected close", 2, 2, at("01-11"), 50, "bare"),
    ]
    by = "by = 'rep', period = 'month', since = '', until = '2024-01-07'"
    assert ask(records, "slice, toMonth(period), gap, deals", f"data_gaps_by({by})") == [
        ("ann", 1, "no loss reason", 1),
        ("ann", 1, "undated", 1),
        ("ann", 1, "won for nothing", 1),
        ("bob", 1, "no account", 1),
        ("bob", 1, "no amount", 1),
        ("bob", 1, "no expected close", 1),
        ("bob", 1, "unknown", 1),
    ]


def test_a_source_whose_clock_runs_ahead_is_seen(records: Floor) -> None:
    columns = "events, ahead, late, year(last_time), median_lag_hours, p90_lag_hours"
    assert ask(records, columns, "source_clocks", "source = 'fast'") == [
        (2, 2, 0, 2090, None, None)
    ]
    ((most, recorded),) = records.ask(
        "SELECT most_ahead_seconds, last_recorded FROM sales.source_clocks WHERE source = 'fast'"
    )
    ahead = timedelta(seconds=most)  # the last that was recorded is the one of 2090
    assert recorded + ahead == at("05-01 12:00").replace(year=2090)


def test_lags_are_what_the_times_say(records: Floor) -> None:
    columns = "events, ahead, late, median_lag_hours, p90_lag_hours"
    ((*counts, middle, most),) = ask(records, columns, "source_clocks", "source = 'slow'")
    lags = [
        (recorded - time).total_seconds() / 3600
        for time, recorded in records.ask(
            "SELECT time, recorded_at FROM sales.facts WHERE source = 'slow' ORDER BY time DESC"
        )
    ]
    assert counts == [5, 0, 5]
    # Of five the 90th percentile lies 0.6 of the way from the fourth to the fifth.
    assert (middle, most) == (
        pytest.approx(median(lags), abs=0.001),
        pytest.approx(lags[3] + 0.6 * (lags[4] - lags[3]), abs=0.001),
    )
