"""Plans: targets, quotas, forecasts, budgets, campaigns, cadences and changes, and how they went.

`actor` of the envelope is the rep a target, a quota or a forecast is of; where it is of a team or
the whole department, `team` says so or nothing does.
"""

from typing import Literal, Self

from pydantic import model_validator

from events.catalogue.deal import ForecastCategory
from events.envelope import Payload, in_order, together
from events.values import Amount, Channel, Count, Currency, Day, Id, Ids, Purpose, Severity, Text

Measure = Literal["won_amount", "purchase_amount", "wins", "purchases", "activities"]
"""What is counted against a quota: money for the first two, a number for the others."""

_MONEY = ("won_amount", "purchase_amount")

IntervalUnit = Literal["day", "week", "month", "quarter", "year"]

ChangeType = Literal["process", "strategy", "tool", "plan", "product", "service", "skill"]
"""What kind of thing is done otherwise than before."""


class Quota(Payload):
    """What a quota says: so much of a measure in a period."""

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

    _period = in_order("period_start", "period_end")

    @model_validator(mode="after")
    def _amounts_have_a_currency(self) -> Self:
        if (self.measure in _MONEY) != (self.currency is not None):
            raise ValueError(
                f"currency must be given for {' and '.join(_MONEY)} and for no other measure"
            )
        return self


class QuotaSet(Quota, type="sales.quota.set.v1"):
    """A quota was set for a rep and a period. `actor` is the rep; the last one set for the same
    rep, measure, currency, period start and kind of period (month, quarter, year …) holds."""


class QuotaRevised(Quota, type="sales.quota.revised.v1"):
    """A quota that was set was changed. From now on it is this one."""

    reason: Text | None = None


class QuotaCommunicated(Payload, type="sales.quota.communicated.v1"):
    """A rep was told a quota."""

    period_start: Day
    """The first day of the period of the quota."""
    period_end: Day | None = None
    measure: Measure = "won_amount"
    channel: Channel | None = None
    manager: Id | None = None
    """Who told it."""
    recipients: Ids | None = None
    """Who else was told, where goals are open."""

    _period = in_order("period_start", "period_end")


class TargetSet(Payload, type="sales.target.set.v1"):
    """A goal was set that can be checked: so much of something, by a day."""

    target: Id
    metric: Id
    """What is measured, such as won_amount, win_rate, retention_rate, new_leads."""
    goal: Amount
    """The number to reach."""
    unit: Id | None = None
    """What the number counts: a currency, percent, deals, days."""
    baseline: Amount | None = None
    """The number it starts from."""
    period_start: Day | None = None
    due: Day
    """The day by which it is to be reached."""
    team: Id | None = None
    territory: Id | None = None
    parent_target: Id | None = None
    """The larger goal it is part of, such as the year's."""
    basis: Text | None = None
    """What makes it realistic, such as last year, the average pipeline, market research."""
    description: Text | None = None


class ForecastSubmitted(Payload, type="sales.forecast.submitted.v2"):
    """Somebody said what will be sold in a period. `actor` is whose forecast it is."""

    period_start: Day
    """The first day of the period."""
    period_end: Day
    """The last day of the period."""
    amount: Amount
    """What is expected to be sold."""
    currency: Currency
    forecast_category: ForecastCategory | None = None
    """How surely: the amount counts deals of this category and surer ones."""
    team: Id | None = None
    territory: Id | None = None
    product: Id | None = None
    method: Id | None = None
    """How it was made, such as judgement, weighted_pipeline, trend, model."""
    basis: Text | None = None
    """What it rests on, such as data, surveys, feedback."""

    _period = in_order("period_start", "period_end")


class PlanApproved(Payload, type="sales.plan.approved.v1"):
    """A plan for a period was approved, such as the annual operating plan."""

    plan: Id
    plan_type: Id | None = None
    period_start: Day
    period_end: Day
    amount: Amount | None = None
    """The sales that are planned."""
    currency: Currency | None = None
    team: Id | None = None
    approver: Id | None = None
    description: Text | None = None

    _money = together("amount", "currency")
    _period = in_order("period_start", "period_end")


class BudgetSet(Payload, type="sales.budget.set.v1"):
    """So much may be spent on something in a period."""

    budget_line: Id
    """Such as sales_expense, promotion, training."""
    amount: Amount
    currency: Currency
    period_start: Day
    period_end: Day
    team: Id | None = None

    _period = in_order("period_start", "period_end")


class SpendIncurred(Payload, type="sales.spend.incurred.v1"):
    """Money was spent. `account`, `deal` or `actor` of the envelope say for whom, where known."""

    amount: Amount
    currency: Currency
    budget_line: Id | None = None
    purpose: Purpose | None = None
    campaign: Id | None = None
    lead: Id | None = None
    team: Id | None = None
    description: Text | None = None


class RevenueBooked(Payload, type="sales.revenue.booked.v1"):
    """Revenue was recognised by the books."""

    amount: Amount
    currency: Currency
    period_start: Day | None = None
    period_end: Day | None = None
    product: Id | None = None
    order: Id | None = None
    territory: Id | None = None

    _period = in_order("period_start", "period_end")


class ProfitBooked(Payload, type="sales.profit.booked.v1"):
    """Profit, or with a minus a loss, was established by the books."""

    amount: Amount
    """The profit; negative where it is a loss."""
    currency: Currency
    period_start: Day
    period_end: Day
    product: Id | None = None
    segment: Id | None = None
    territory: Id | None = None

    _period = in_order("period_start", "period_end")


class CampaignStarted(Payload, type="sales.campaign.started.v1"):
    """A campaign began."""

    campaign: Id
    name: Text | None = None
    channel: Channel | None = None
    segment: Id | None = None
    product: Id | None = None
    amount: Amount | None = None
    """What it may cost."""
    currency: Currency | None = None
    budget_line: Id | None = None

    _money = together("amount", "currency")


class CampaignEnded(Payload, type="sales.campaign.ended.v1"):
    """A campaign ended."""

    campaign: Id
    outcome: Id | None = None
    note: Text | None = None


class CadenceSet(Payload, type="sales.cadence.set.v1"):
    """It was settled how often something is due, and for whom; the last one set holds."""

    cadence: Id
    fulfilled_by: Id
    """The event type that fulfils it, such as sales.coaching.held.v1."""
    interval_count: Count
    """Once every so many `interval_unit`; 0 puts an end to it."""
    interval_unit: IntervalUnit
    segment: Id | None = None
    """The segment of customers it is for."""
    team: Id | None = None
    role: Id | None = None
    """The role it is for."""
    valid_from: Day | None = None


class ChangeAdopted(Payload, type="sales.change.adopted.v1"):
    """Something is done otherwise from a day on, so that before can be compared with after."""

    change: Id
    change_type: ChangeType
    description: Text
    """What changed."""
    valid_from: Day
    """The first day after the change."""
    metric: Id | None = None
    """The number that is expected to move."""
    team: Id | None = None
    """The team it is for; absent where it is for all."""
    territory: Id | None = None
    segment: Id | None = None
    pipeline: Id | None = None
    product: Id | None = None
    reason: Text | None = None


class AdherenceChecked(Payload, type="sales.adherence.checked.v1"):
    """It was looked at whether a change or a plan is kept to. `actor` is whose work was seen."""

    change: Id | None = None
    plan: Id | None = None
    kept: bool
    """True where it is kept to."""
    assessor: Id | None = None
    note: Text | None = None


class DeviationRaised(Payload, type="sales.deviation.raised.v1"):
    """Things do not go as planned, and somebody said so outside the regular meetings."""

    deviation: Id
    description: Text
    plan: Id | None = None
    target: Id | None = None
    severity: Severity | None = None
    team: Id | None = None


class DeviationClosed(Payload, type="sales.deviation.closed.v1"):
    """A deviation from a plan was dealt with."""

    deviation: Id
    outcome: Id | None = None
    description: Text | None = None
