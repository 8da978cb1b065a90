"""Deals: from opening over the stages of a pipeline to won or lost.

`deal` of the envelope names the deal, `actor` is the rep who acts and, where a deal is opened or
passed on, the one who owns it from now on.
"""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from events.envelope import Payload, together
from events.values import Amount, Currency, Day, Id, Share, Text

DealType = Literal["new", "renewal", "upsell", "cross_sell"]
"""What a deal would add: a new customer, a longer stay, more of the same, another product."""

ForecastCategory = Literal["omitted", "pipeline", "best_case", "commit", "closed"]
"""How far a deal is counted on, from not at all to closed."""


class DealOpened(Payload, type="sales.deal.opened.v1"):
    """A deal was opened. `deal` names it, `actor` owns it."""

    pipeline: Id
    """The pipeline whose stages the deal runs through."""
    stage: Id
    """The stage it starts in."""
    name: Text | None = None
    amount: Amount | None = None
    """The value expected at opening."""
    currency: Currency | None = None
    product: Id | None = None
    lead: Id | None = None
    """The lead it came from."""
    expected_close: Day | None = None
    """The day on which it is expected to close."""
    deal_type: DealType | None = None
    campaign: Id | None = None
    lead_source: Id | None = None
    territory: Id | None = None

    _money = together("amount", "currency")


class DealStageChanged(Payload, type="sales.deal.stage_changed.v1"):
    """A deal moved to another stage of its pipeline."""

    stage: Id
    """The stage it is in from now on."""
    previous_stage: Id | None = None
    pipeline: Id | None = None
    """The pipeline the stage belongs to, where it changed."""
    reason: Text | None = None


class DealAmountChanged(Payload, type="sales.deal.amount_changed.v1"):
    """The value expected of a deal changed."""

    amount: Amount
    """The value expected from now on."""
    currency: Currency
    reason: Text | None = None


class DealCloseDateChanged(Payload, type="sales.deal.close_date_changed.v1"):
    """The day on which a deal is expected to close changed."""

    expected_close: Day
    """The day expected from now on."""
    previous_expected_close: Day | None = None
    reason: Text | None = None


class DealOwnerChanged(Payload, type="sales.deal.owner_changed.v1"):
    """A deal passed to another rep. `actor` is who owns it from now on."""

    previous_owner: Id | None = None
    reason: Text | None = None


class Credit(Payload):
    """The part of a deal that is credited to one rep."""

    rep: Id
    """Who is credited."""
    share: Share
    """The part of the deal, from 0 to 1."""


class DealCreditSplit(Payload, type="sales.deal.credit_split.v1"):
    """The credit for a deal was divided among reps; the last division holds."""

    credits: Annotated[tuple[Credit, ...], Field(min_length=1, max_length=100)]
    """The reps and their shares, which add up to 1."""
    reason: Text | None = None

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        if sum(Decimal(credit.share) for credit in self.credits) != 1:
            raise ValueError("the shares of credits must add up to 1")
        return self


class DealForecastCategoryChanged(Payload, type="sales.deal.forecast_category_changed.v1"):
    """A deal is counted on more, or less, than before."""

    forecast_category: ForecastCategory
    previous_forecast_category: ForecastCategory | None = None
    probability: Share | None = None
    """How likely the deal is thought to be won."""
    reason: Text | None = None


class DealEscalated(Payload, type="sales.deal.escalated.v1"):
    """A deal needs somebody with deeper knowledge or more authority."""

    escalation: Id
    specialist: Id | None = None
    """Who is asked."""
    topic: Id | None = None
    reason: Text | None = None


class DealEscalationResolved(Payload, type="sales.deal.escalation_resolved.v1"):
    """What a deal was escalated for is answered. `actor` is who answered."""

    escalation: Id
    outcome: Id | None = None
    note: Text | None = None


class DealWon(Payload, type="sales.deal.won.v1"):
    """A deal was closed with a sale."""

    amount: Amount
    """What it was won for."""
    currency: Currency
    product: Id | None = None
    reason: Text | None = None
    """Why the customer bought."""


class DealLost(Payload, type="sales.deal.lost.v1"):
    """A deal was closed without a sale."""

    reason: Text | None = None
    """Why, such as price, timing, no_decision, competitor, missing_proof."""
    competitor: Id | None = None
    """Who won it instead."""
    amount: Amount | None = None
    """The value that was lost."""
    currency: Currency | None = None
    product: Id | None = None

    _money = together("amount", "currency")


class DealReopened(Payload, type="sales.deal.reopened.v1"):
    """A closed deal was taken up again."""

    stage: Id
    """The stage it starts in again."""
    reason: Text | None = None
