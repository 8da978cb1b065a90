"""Customers' purchases, payments, credit and subscriptions: where money moves, or will.

`account` of the envelope names the customer, `actor` is the rep credited.
"""

from typing import Literal

from events.envelope import Payload, together
from events.values import Amount, Count, Currency, Day, Id, Score, Text

BillingPeriod = Literal["month", "quarter", "half_year", "year"]
"""How often a subscription is billed."""

SubscriptionChange = Literal["upgrade", "downgrade", "seats", "price", "pause", "resume"]
"""What about a subscription changed."""


class PurchaseMade(Payload, type="sales.purchase.made.v1"):
    """A customer bought something: one order or invoice. `actor` is the rep credited."""

    amount: Amount
    """The value of the whole order."""
    currency: Currency
    order: Id | None = None
    """The number of the order or invoice."""
    product: Id | None = None
    quantity: Amount | None = None
    lines: Count | None = None
    """How many lines the order has."""
    territory: Id | None = None
    market: Id | None = None
    """The market it was sold into, to see how much depends on one."""
    campaign: Id | None = None


class PurchaseReturned(Payload, type="sales.purchase.returned.v1"):
    """A customer gave something back. `amount` is what is given back, as a positive number."""

    amount: Amount
    """What is given back, as a positive number."""
    currency: Currency
    order: Id | None = None
    """The number of the order or the credit note."""
    product: Id | None = None
    quantity: Amount | None = None
    lines: Count | None = None
    reason: Text | None = None


class PurchaseDelivered(Payload, type="sales.purchase.delivered.v1"):
    """What a customer bought was handed over, and installed where that belongs to it."""

    order: Id | None = None
    product: Id | None = None
    quantity: Amount | None = None
    installed: bool | None = None
    """True where it was put up and made to work."""
    complete: bool | None = None
    """False where a part is still to come."""


class PaymentReceived(Payload, type="sales.payment.received.v1"):
    """A customer paid."""

    amount: Amount
    currency: Currency
    payment: Id | None = None
    order: Id | None = None
    subscription: Id | None = None
    payment_method: Id | None = None
    """Such as card, transfer, direct_debit, cash."""
    due: Day | None = None
    """When it was to be paid."""


class PaymentFailed(Payload, type="sales.payment.failed.v1"):
    """A payment was tried and did not go through."""

    amount: Amount
    currency: Currency
    payment: Id | None = None
    order: Id | None = None
    subscription: Id | None = None
    payment_method: Id | None = None
    reason: Text | None = None


class PaymentOverdue(Payload, type="sales.payment.overdue.v1"):
    """A payment did not come by the day it was due."""

    amount: Amount
    """What is still to be paid."""
    currency: Currency
    payment: Id | None = None
    order: Id | None = None
    subscription: Id | None = None
    due: Day | None = None
    """When it was to be paid."""


class PaymentRefunded(Payload, type="sales.payment.refunded.v1"):
    """Money was paid back to a customer. `amount` is a positive number."""

    amount: Amount
    """What was paid back, as a positive number."""
    currency: Currency
    payment: Id | None = None
    order: Id | None = None
    subscription: Id | None = None
    reason: Text | None = None


class CreditAssessed(Payload, type="sales.credit.assessed.v1"):
    """It was judged how likely a customer pays."""

    score: Score
    """From 0, will not pay, to 100, will surely pay."""
    credit_rating: Id | None = None
    """The rating of an agency, such as BBB."""
    provider: Id | None = None
    """The agency, or the department that judged."""
    valid_until: Day | None = None
    note: Text | None = None


class CreditLimited(Payload, type="sales.credit.limited.v1"):
    """It was settled up to which amount a customer may owe."""

    amount: Amount
    """The most that may be owed from now on."""
    currency: Currency
    valid_from: Day | None = None
    reason: Text | None = None


class SubscriptionStarted(Payload, type="sales.subscription.started.v1"):
    """A customer began to pay regularly for something."""

    subscription: Id
    amount: Amount
    """What is paid each `billing_period`."""
    currency: Currency
    billing_period: BillingPeriod | None = None
    renewal_due: Day | None = None
    """The day by which it must be renewed."""
    product: Id | None = None
    quantity: Amount | None = None
    """Such as the number of seats."""


class SubscriptionRenewed(Payload, type="sales.subscription.renewed.v1"):
    """A customer goes on paying for another term."""

    subscription: Id
    amount: Amount
    """What is paid each `billing_period` from now on."""
    currency: Currency
    billing_period: BillingPeriod | None = None
    renewal_due: Day | None = None
    """The day by which it must be renewed next."""
    product: Id | None = None


class SubscriptionChanged(Payload, type="sales.subscription.changed.v1"):
    """A subscription became larger, smaller, dearer or cheaper in the middle of its term."""

    subscription: Id
    subscription_change: SubscriptionChange
    amount: Amount
    """What is paid each `billing_period` from now on."""
    currency: Currency
    previous_amount: Amount | None = None
    """What was paid before, in the same currency."""
    billing_period: BillingPeriod | None = None
    renewal_due: Day | None = None
    product: Id | None = None
    quantity: Amount | None = None
    reason: Text | None = None


class SubscriptionCancelled(Payload, type="sales.subscription.cancelled.v1"):
    """A customer will not go on paying."""

    subscription: Id
    reason: Text | None = None
    competitor: Id | None = None
    valid_until: Day | None = None
    """The last day it is paid for."""
    amount: Amount | None = None
    """What was paid each `billing_period` until now."""
    currency: Currency | None = None
    billing_period: BillingPeriod | None = None

    _money = together("amount", "currency")
