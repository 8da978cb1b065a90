"""Plans: targets, quotas, forecasts, budgets, campaigns, cadences and changes."""

from typing import Literal

from events.envelope import Payload
from events.values import Amount, Currency, Day, Id

Measure = Literal["won_amount", "purchase_amount", "wins", "purchases", "activities"]


class QuotaSet(Payload, type="sales.quota.set.v1"):
    """A quota was set for a rep and a period. `actor` is the rep; the last one set for the same
    rep, measure and period start holds."""

    period_start: Day
    """The first day of the period."""
    period_end: Day
    """The last day of the period."""
    measure: Measure = "won_amount"
    """What is counted against the quota."""
    amount: Amount
    """The quota: money for amounts, a number for counts."""
    currency: Currency | None = None
    """The currency where the measure is an amount."""
    territory: Id | None = None
