"""What the people of the team earn beside their salary: plans, commission, rewards.

`actor` of the envelope is the rep the event is about.
"""

from events.envelope import Payload, in_order, together
from events.values import Amount, Count, Currency, Day, Id, Ids, Share, Text


class IncentivePlanPublished(Payload, type="sales.incentive_plan.published.v1"):
    """A plan of what is earned for what was published, or published anew."""

    incentive_plan: Id
    description: Text | None = None
    """What is earned for what, in words."""
    roles: Ids | None = None
    """The roles it is for; absent where it is for all."""
    components: Count | None = None
    """How many things are earned for, a measure of how simple it is."""
    valid_from: Day
    valid_until: Day | None = None

    _validity = in_order("valid_from", "valid_until")


class IncentivePreferenceStated(Payload, type="sales.incentive_preference.stated.v1"):
    """A rep said what kind of reward counts for them."""

    reward_type: Id
    """Such as bonus, travel, time_off, training, praise."""
    rank: Count | None = None
    """1 is the most wanted."""
    note: Text | None = None


class CommissionEarned(Payload, type="sales.commission.earned.v1"):
    """A rep earned a part of a sale: `deal` or `account` of the envelope say of which."""

    amount: Amount
    currency: Currency
    incentive_plan: Id | None = None
    rule: Id | None = None
    """The clause of the plan it follows from."""
    commission_share: Share | None = None
    """The part of `base_amount`."""
    base_amount: Amount | None = None
    """What the commission was reckoned from, in the same currency."""
    order: Id | None = None


class CommissionPaid(Payload, type="sales.commission.paid.v1"):
    """A rep was paid commission."""

    amount: Amount
    currency: Currency
    incentive_plan: Id | None = None
    period_start: Day | None = None
    period_end: Day | None = None

    _period = in_order("period_start", "period_end")


class RewardGiven(Payload, type="sales.reward.given.v1"):
    """A rep got something of worth: a bonus, a gift, a journey, days off."""

    reward_type: Id
    amount: Amount | None = None
    """What it is worth."""
    currency: Currency | None = None
    criterion: Id | None = None
    """What it was given for, such as quarter_target_met."""
    incentive_plan: Id | None = None
    period_start: Day | None = None
    period_end: Day | None = None
    reason: Text | None = None

    _money = together("amount", "currency")
    _period = in_order("period_start", "period_end")
