"""Risks: found, judged, controlled and closed, whether of the market, a customer or the inside."""

from typing import Literal

from events.envelope import Payload, together
from events.values import Amount, Currency, Day, Id, Share, Text

RiskType = Literal["market", "customer", "internal"]
"""Where a risk comes from."""


class RiskIdentified(Payload, type="sales.risk.identified.v1"):
    """Something was found that may go wrong."""

    risk: Id
    risk_type: RiskType
    description: Text
    market: Id | None = None
    team: Id | None = None


class RiskAssessed(Payload, type="sales.risk.assessed.v1"):
    """It was judged how likely a risk is and what it would cost."""

    risk: Id
    probability: Share
    """How likely it comes about within a year."""
    amount: Amount | None = None
    """What it would cost."""
    currency: Currency | None = None
    assessor: Id | None = None
    note: Text | None = None

    _money = together("amount", "currency")


class RiskControlled(Payload, type="sales.risk.controlled.v1"):
    """Something was done to make a risk less likely or less costly."""

    risk: Id
    control: Id
    description: Text | None = None
    valid_from: Day | None = None


class RiskClosed(Payload, type="sales.risk.closed.v1"):
    """A risk is one no more: it came about, went away, or was accepted."""

    risk: Id
    outcome: Id
    """Such as occurred, gone, accepted."""
    amount: Amount | None = None
    """What it cost, where it came about."""
    currency: Currency | None = None
    note: Text | None = None

    _money = together("amount", "currency")
