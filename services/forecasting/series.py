"""What was sold month by month, as the question `demand` tells it, as series without a gap."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Series:
    """What one slice sold of one measure in one currency, month by month."""

    slice: str
    measure: str
    """won or purchased"""
    currency: str
    """Empty where deals or purchases are counted."""
    sold: tuple[float, ...]
    """Of each whole month before `now`, the oldest first."""
    now: date
    """First day of the month that is not over, the first to forecast."""


def series_of(rows: Iterable[Mapping[str, Any]]) -> list[Series]:
    """Return the series of rows of `demand`: with ``slice``, ``measure``, ``currency``, ``month``,
    ``over`` and ``sold``, months as ISO dates, in any order; every month from the first sale on.

    The month of the first sale is left out: sales may have begun, or be recorded, from some day in
    it on only.
    """
    months: dict[tuple[str, str, str], dict[date, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        of = (str(row["slice"]), str(row["measure"]), str(row["currency"]))
        months[of][date.fromisoformat(str(row["month"]))] = row
    return [
        Series(
            *of,
            sold=tuple(float(told[month]["sold"]) for month in sorted(told) if told[month]["over"])[
                1:
            ],
            now=min(month for month, row in told.items() if not row["over"]),
        )
        for of, told in sorted(months.items())
    ]
