"""Money told in one currency: each amount at the rate of the day of its event.

Rates are those of the question `exchange_rates`, as told or the other way round; nothing is chained
over a third currency. What has no rate on its day stays in the currency it was told in, so a sum
never leaves it out unseen: it is a row of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

CODE = re.compile(r"^[A-Z]{3}$")
RATES = "exchange_rates"
"""The question that rates are read from."""
RATE = "Decimal(38, 18)"
AMOUNT = "Decimal(38, 9)"
MOST = "1e28"
"""No amount from here on is converted: it would not fit."""
OF_ALL_TIME = re.compile(r"\b(?:purchase|return)_value(?:_by_currency)?\b")
"""Sums that `accounts` keeps: they have no day to take a rate of."""


@dataclass(frozen=True, slots=True)
class Money:
    """Where a table has its money."""

    amounts: tuple[str, ...]
    """The columns that are money in the currency of the row."""
    currency_type: str
    at: str
    """When it is told, a time or a day, over the columns of the table."""
    steps: str = ""
    """A column of tuples with `at`, `amount` and `currency` of their own."""
    step_type: str = ""
    step_names: tuple[str, ...] = ()


_STEPS = {
    "at": "DateTime64(6, 'UTC')",
    "status": "LowCardinality(String)",
    "pipeline": "LowCardinality(String)",
    "stage": "LowCardinality(String)",
    "amount": f"Nullable({AMOUNT})",
    "currency": "LowCardinality(String)",
    "expected_close": "Nullable(Date32)",
}
TABLES: Mapping[str, Money] = {
    "deals": Money(
        ("amount",),
        "LowCardinality(String)",
        "ifNull(closed_at, changes[-1].at)",
        steps="changes",
        step_type=f"Tuple({', '.join(f'{name} {kind}' for name, kind in _STEPS.items())})",
        step_names=tuple(_STEPS),
    ),
    "rep_days": Money(
        ("won_amount", "purchase_amount", "return_amount"), "LowCardinality(String)", "day"
    ),
    "quotas": Money(("amount",), "LowCardinality(String)", "period_start"),
    "facts": Money(
        ("amount", "annual_revenue", "base_amount", "previous_amount"),
        "Nullable(String)",
        "time",
    ),
}
"""Tables with money. Of `facts` only what a text names of it is a column."""


def told_in(
    code: str, table: str, source: str, amounts: tuple[str, ...], rates: str, zone: str
) -> str:
    """Return a source of rows of a table with its money in the currency `code`.

    `rates` is what stands behind FROM to read `exchange_rates`, `zone` where a day ends.
    """
    money = TABLES[table]
    at = money.at if money.at in ("day", "period_start") else _day(money.at, zone)
    currency = _currency("currency", "_rate", code)
    changed = [f"{_converted(name, '_rate')} AS {name}" for name in amounts]
    changed.append(f"CAST({currency}, '{money.currency_type}') AS currency")
    if money.steps:
        changed.append(f"{_steps(money, code, zone)} AS {money.steps}")
    sizes = ", ".join(f"abs(toFloat64(ifNull({name}, 0)))" for name in amounts)
    rate = _rate("toString(ifNull(currency, ''))", at, f"greatest({sizes}, 0)", code)
    return (
        f"(WITH ({_rates(code, rates)}) AS _rates "
        f"SELECT * EXCEPT (_rate) REPLACE ({', '.join(changed)}) "
        f"FROM (SELECT *, {rate} AS _rate FROM {source} AS _told) AS _told)"
    )


def _day(at: str, zone: str) -> str:
    return f"toDate32(toTimeZone({at}, '{zone}'))"


def _rates(code: str, rates: str) -> str:
    """Return the query for what `_rate` looks up: arrays, of which the engine makes hash tables.

    They are currencies with days, and the rate on each from the first day that one is known to the
    last that tells one, which holds from then on; and currencies, and the last day of each. Of a
    pair that is told both ways on a day, the way towards `code` holds.
    """
    inverse = f"CAST(divideDecimal(toDecimal128(1, 9), rate, 18), '{RATE}')"
    both = (
        f"SELECT from_currency AS other, valid_from, 1 AS straight, CAST(rate, '{RATE}') AS worth "
        f"FROM {rates} AS _towards WHERE to_currency = '{code}' UNION ALL "
        f"SELECT to_currency, valid_from, 0, {inverse} "
        f"FROM {rates} AS _back WHERE from_currency = '{code}' AND rate > 0"
    )
    spans = (
        "SELECT other, arraySort(groupArray((toInt32(valid_from), straight, toString(worth)))) "
        "AS told, told.1 AS days, arrayPushBack(arrayPopFront(days), days[-1] + 1) AS ends, "
        "arrayMap((one, end) -> arrayMap(day -> (concat(other, toString(day)), one.3), "
        f"range(one.1, end)), told, ends) AS daily FROM ({both}) GROUP BY other"
    )
    return (
        "SELECT (groupArrayArray(arrayFlatten(daily).1), groupArrayArray(arrayFlatten(daily).2), "
        f"groupArray(toString(other)), groupArray(days[-1])) FROM ({spans})"
    )


def _rate(currency: str, day: str, biggest: str, code: str) -> str:
    """Return the expression for the rate; 0 where there is none that can be used."""
    last = f"transform({currency}, _rates.3, _rates.4, toInt32(0))"
    key = f"concat({currency}, toString(least(toInt32({day}), {last})))"
    found = f"CAST(transform({key}, _rates.1, _rates.2, '0'), '{RATE}')"
    return (
        f"multiIf({currency} IN ('', '{code}'), CAST(1, '{RATE}'), "
        f"{biggest} * toFloat64({found}) > {MOST}, CAST(0, '{RATE}'), {found})"
    )


def _converted(amount: str, rate: str) -> str:
    # In wide decimals; `multiplyDecimal` does the same and takes fourteen times as long.
    product = f"CAST(toDecimal256(ifNull({amount}, 0), 9) * {rate}, '{AMOUNT}')"
    return f"if({amount} IS NULL OR {rate} IN (0, 1), {amount}, {product})"


def _currency(currency: str, rate: str, code: str) -> str:
    return f"if({rate} = 0 OR {currency} = '', {currency}, '{code}')"


def _steps(money: Money, code: str, zone: str) -> str:
    rate = _rate(
        "toString(step.currency)",
        _day("step.at", zone),
        "abs(toFloat64(ifNull(step.amount, 0)))",
        code,
    )
    values = {name: f"step.{name}" for name in money.step_names} | {
        "amount": _converted("step.amount", "rate"),
        "currency": _currency("step.currency", "rate", code),
    }
    kind = money.step_type.replace("'", "\\'")
    return (
        f"arrayMap((step, rate) -> CAST(({', '.join(values.values())}), '{kind}'), "
        f"{money.steps}, arrayMap(step -> {rate}, {money.steps}))"
    )
