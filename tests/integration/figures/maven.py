"""The Maven CRM data set read by plain Python, and what is reckoned of counts."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

LAST = date(2017, 12, 31)
"""The last dated row of the export: deals without a date are opened on it."""
Z = 1.959963984540054


@dataclass(frozen=True)
class Deal:
    """A row of the pipeline, with who manages its rep."""

    name: str
    rep: str
    manager: str
    product: str
    account: str
    status: str
    engaged: date | None
    """None where the export has no date."""
    closed: date | None
    value: Decimal

    @property
    def opened(self) -> date:
        return self.engaged or LAST

    @property
    def won(self) -> bool:
        return self.status == "Won"

    @property
    def quarter(self) -> date | None:
        return quarter_of(self.closed) if self.closed else None

    def is_open(self, day: date) -> bool:
        """Whether it is open at the end of a day."""
        return self.opened <= day and (self.closed is None or self.closed > day)


def quarter_of(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield the days from the first to the last, both in it."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def deals_of(folder: Path) -> list[Deal]:
    def day(text: str) -> date | None:
        return date.fromisoformat(text) if text else None

    managers = {row["sales_agent"]: row["manager"] for row in table(folder, "sales_teams")}
    return [
        Deal(
            name=row["opportunity_id"],
            rep=row["sales_agent"],
            manager=managers[row["sales_agent"]],
            product=row["product"].replace("GTXPro", "GTX Pro"),
            account=row["account"],
            status=row["deal_stage"],
            engaged=day(row["engage_date"]),
            closed=day(row["close_date"]),
            value=Decimal(row["close_value"] or 0),
        )
        for row in table(folder, "sales_pipeline")
    ]


@dataclass(frozen=True)
class Rate:
    """So many of so many, with its Wilson interval."""

    part: int
    whole: int

    @property
    def rate(self) -> float:
        return self.part / self.whole

    @property
    def low(self) -> float:
        return self._end(-1)

    @property
    def high(self) -> float:
        return self._end(1)

    def _end(self, sign: int) -> float:
        p, n = self.rate, self.whole
        half = Z * (p * (1 - p) / n + Z**2 / (4 * n**2)) ** 0.5
        return (p + Z**2 / (2 * n) + sign * half) / (1 + Z**2 / n)

    def less(self, other: "Rate") -> tuple[float, float]:
        """Return Newcombe's interval of this rate less the other."""
        between = self.rate - other.rate
        low = ((self.rate - self.low) ** 2 + (other.high - other.rate) ** 2) ** 0.5
        high = ((self.high - self.rate) ** 2 + (other.rate - other.low) ** 2) ** 0.5
        return between - low, between + high

    def without(self, part: "Rate") -> "Rate":
        return Rate(self.part - part.part, self.whole - part.whole)


def won_of(deals: Iterable[Deal]) -> Rate:
    closed = [one.won for one in deals if one.closed]
    return Rate(sum(closed), len(closed))


def byar(count: int) -> tuple[float, float]:
    """Return the interval of a number that comes at random at some rate."""
    low, more = (count, count + 1)
    return (
        low * (1 - 1 / (9 * low) - Z / (3 * low**0.5)) ** 3 if low else 0.0,
        more * (1 - 1 / (9 * more) + Z / (3 * more**0.5)) ** 3,
    )


def percentile(values: list[float] | list[int], part: float) -> float:
    """Return a percentile, with what lies between two values taken in proportion."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low, high = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return low + (place - int(place)) * (high - low)
