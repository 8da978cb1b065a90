"""How numbers, money and times are written on the page: short, in English, in UTC.

Only writing happens here; what is worth showing is decided elsewhere.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

NONE = "\N{EN DASH}"
"""What stands where there is no value."""
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"

Number = int | float | Decimal

_STEPS = ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "m"), (Decimal(10) ** 3, "k"))


def count(value: int | None) -> str:
    """Return a whole number with separators, such as ``12,345``."""
    return NONE if value is None else f"{value:,}"


def percent(value: float | None, digits: int = 0) -> str:
    """Return a share of one as a percentage, such as ``63%``."""
    return NONE if value is None else f"{value * 100:,.{digits}f}%"


def days(value: float | None) -> str:
    """Return days, with a decimal below ten, such as ``4.5 d``."""
    if value is None:
        return NONE
    return f"{value:.1f} d" if 0 < abs(value) < 10 and value != round(value) else f"{value:,.0f} d"


def short(value: Number | None) -> str:
    """Return a quantity in three or four digits, such as ``10.0m`` or ``950``."""
    if value is None:
        return NONE
    amount = Decimal(str(value))
    for step, sign in _STEPS:
        if abs(amount) >= step * Decimal("0.9995"):  # or 999,950 would be written as 1,000k
            scaled = amount / step
            return f"{scaled:,.0f}{sign}" if abs(scaled) >= 100 else f"{scaled:,.1f}{sign}"
    return f"{amount:,.0f}"


def money(value: Number | None, currency: str = "") -> str:
    """Return an amount in short with its currency, such as ``10.0m EUR``."""
    return NONE if value is None else f"{short(value)} {currency}".rstrip()


def exact(value: Number | str | None, currency: str = "") -> str:
    """Return an amount with separators, and cents where it has any, such as ``1,234.50 EUR``."""
    if value is None or value == "":
        return NONE
    whole, _, part = f"{Decimal(str(value)):,f}".partition(".")
    part = part.rstrip("0")
    digits = f"{whole}.{part:0<2}" if part else whole
    return f"{digits} {currency}".rstrip()


def day(value: date) -> str:
    """Return a day, such as ``30 Jun 2017``."""
    return f"{value.day} {value:%b %Y}"


def clock(value: datetime) -> str:
    """Return the time of day in UTC, such as ``14:03:22``."""
    return f"{value.astimezone(UTC):%H:%M:%S}"


def moment(value: datetime) -> str:
    """Return a moment in UTC to the second, such as ``30 Jun 2017 14:03:22``."""
    aware = value.astimezone(UTC)
    return f"{day(aware)} {aware:%H:%M:%S}"


def period(start: date, end: date) -> str:
    """Return a stretch of days by its name where it has one, such as ``Q2 2017``."""
    next_day = date.fromordinal(end.toordinal() + 1)
    if start.day == 1 and next_day.day == 1:
        months = (next_day.year - start.year) * 12 + next_day.month - start.month
        if months == 1:
            return f"{start:%b %Y}"
        if months == 3 and start.month % 3 == 1:
            return f"Q{start.month // 3 + 1} {start.year}"
        if months == 12 and start.month == 1:
            return f"{start.year}"
    return f"{day(start)} to {day(end)}"
