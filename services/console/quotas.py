"""The quota panel: from rows of `quota_attainment` to one period with its reps. Pure.

A period is shown for one measure and one currency, because nothing else can be added up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.console import formats
from services.console.ports import Row

Model = Mapping[str, Any]

MOST_REPS = 200
"""The most reps that are sent to a page: half of them the best, half the worst."""
LONGEST_BAR = 1.5
"""The share of a quota at which a bar is cut off, unless somebody has more."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """What quotas are compared within."""

    end: date
    start: date
    measure: str
    currency: str

    @property
    def key(self) -> str:
        """A text that names the period in addresses and selections."""
        return f"{self.start}/{self.end}/{self.measure}/{self.currency}"

    @property
    def label(self) -> str:
        """How people call it, such as ``Q2 2017 · won amount, USD``."""
        measure = self.measure.replace("_", " ")
        unit = f", {self.currency}" if self.currency else ""
        return f"{formats.period(self.start, self.end)} · {measure}{unit}"


class QuotaBook:
    """All quotas there are, opened at one period at a time."""

    def __init__(self, rows: Sequence[Row], today: date) -> None:
        """Sort rows of `quota_attainment` into periods; `today` is the day of the clock."""
        self._today = today
        self._rows: dict[Period, list[Row]] = {}
        for row in rows:
            period = Period(
                _day(row["period_end"]),
                _day(row["period_start"]),
                str(row["measure"]),
                str(row["currency"]),
            )
            self._rows.setdefault(period, []).append(row)
        self._models: dict[Period, Model] = {}

    @property
    def periods(self) -> list[Period]:
        """The periods there are, latest first."""
        return sorted(self._rows, reverse=True)

    def current(self) -> Period | None:
        """Return the period of today with most reps, else the last that began, else the first."""
        running = [p for p in self._rows if p.start <= self._today <= p.end]
        if running:
            return max(running, key=lambda p: (len(self._rows[p]), p))
        begun = [p for p in self._rows if p.start <= self._today]
        return max(begun, default=None) or min(self._rows, default=None)

    def model(self, key: str = "") -> Model:
        """Return what the page draws of the period with a key, or of the current one."""
        period = next((p for p in self._rows if p.key == key), None) or self.current()
        if period is None:
            return {"reps": [], "periods": {}}
        if period not in self._models:
            self._models[period] = self._draw(period)
        return self._models[period]

    def _draw(self, period: Period) -> Model:
        rows = sorted(
            self._rows[period],
            key=lambda row: (row["attainment"] is None, -(row["attainment"] or 0), row["rep"]),
        )
        quota, actual, expected = (
            sum(row[key] for row in rows) for key in ("quota", "actual", "expected_by_now")
        )
        company = {
            "rep": "All reps",
            "quota": quota,
            "actual": actual,
            "expected_by_now": expected,
            "attainment": float(actual) / float(quota) if quota else None,
        }
        shares = [float(row["attainment"]) for row in rows if row["attainment"] is not None]
        longest = max(1.0, min(LONGEST_BAR, max(shares, default=1.0)))
        over = self._today > period.end
        drawn = [_rep(row, longest, period.currency, over=over) for row in rows]
        on_pace = sum(1 for row in drawn if row["pace"] == "ahead")
        left_out = max(0, len(drawn) - MOST_REPS)
        if left_out:
            drawn = drawn[: MOST_REPS // 2] + drawn[-MOST_REPS // 2 :]
        return {
            "key": period.key,
            "label": period.label,
            "periods": {p.key: p.label for p in self.periods},
            "when": self._when(period),
            "full": 1 / longest,
            "company": _rep(company, longest, period.currency, over=over),
            "reps": drawn,
            "left_out": left_out,
            "on_pace": on_pace,
            "count": len(rows),
            "over": over,
        }

    def _when(self, period: Period) -> str:
        if self._today > period.end:
            return f"ended {formats.day(period.end)}"
        if self._today < period.start:
            return f"begins {formats.day(period.start)}"
        gone, length = ((until - period.start).days + 1 for until in (self._today, period.end))
        return f"day {gone}/{length}"


def _rep(row: Row, longest: float, currency: str, *, over: bool) -> dict[str, Any]:
    quota, actual, expected = row["quota"], row["actual"], row["expected_by_now"]
    attainment = None if row["attainment"] is None else float(row["attainment"])
    against = actual - expected
    return {
        "rep": str(row["rep"]),
        "bar": min(1.0, max(0.0, (attainment or 0.0) / longest)),
        "cut": (attainment or 0.0) > longest,
        "mark": min(1.0, float(expected) / float(quota) / longest) if quota else 0.0,
        "attainment": formats.percent(attainment, 1),
        "actual": formats.short(actual),
        "quota": formats.short(quota),
        "against": ("+" if against >= 0 else formats.MINUS) + formats.short(abs(against)),
        "pace": "ahead" if against >= 0 else "behind",
        "title": (
            f"{formats.exact(actual, currency)} of {formats.exact(quota, currency)}; "
            + ("due " if over else "expected by now ")
            + formats.exact(expected, currency)
        ),
    }


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
