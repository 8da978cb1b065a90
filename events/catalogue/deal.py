"""Deals: from opening over the stages of a pipeline to won or lost."""

from events.envelope import Payload
from events.values import Amount, Currency, Day, Id, Text


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


class DealStageChanged(Payload, type="sales.deal.stage_changed.v1"):
    """A deal moved to another stage of its pipeline."""

    stage: Id
    """The stage it is in from now on."""
    previous_stage: Id | None = None
    pipeline: Id | None = None


class DealAmountChanged(Payload, type="sales.deal.amount_changed.v1"):
    """The value expected of a deal changed."""

    amount: Amount
    currency: Currency
    reason: Text | None = None


class DealOwnerChanged(Payload, type="sales.deal.owner_changed.v1"):
    """A deal passed to another rep. `actor` is who owns it from now on."""

    previous_owner: Id | None = None
    reason: Text | None = None


class DealWon(Payload, type="sales.deal.won.v1"):
    """A deal was closed with a sale."""

    amount: Amount
    """What it was won for."""
    currency: Currency
    product: Id | None = None
    reason: Text | None = None


class DealLost(Payload, type="sales.deal.lost.v1"):
    """A deal was closed without a sale."""

    reason: Id | None = None
    competitor: Id | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    product: Id | None = None


class DealReopened(Payload, type="sales.deal.reopened.v1"):
    """A closed deal was taken up again."""

    stage: Id
    """The stage it starts in again."""
    reason: Text | None = None
