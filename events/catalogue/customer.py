"""Customers: accounts, purchases, payments, subscriptions, service, satisfaction."""

from events.envelope import Payload
from events.values import Amount, Count, Currency, Id, Text


class AccountCreated(Payload, type="sales.account.created.v1"):
    """A customer account came into being. `account` names it."""

    name: Text | None = None
    segment: Id | None = None
    """The sector or segment it belongs to."""
    country: Id | None = None
    parent: Id | None = None
    """The account it is a subsidiary of."""
    employees: Count | None = None
    annual_revenue: Amount | None = None
    """What the customer turns over in a year, in `currency`."""
    currency: Currency | None = None
    founded_year: Count | None = None


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


class PurchaseReturned(Payload, type="sales.purchase.returned.v1"):
    """A customer gave something back. `amount` is what is given back, as a positive number."""

    amount: Amount
    currency: Currency
    order: Id | None = None
    product: Id | None = None
    quantity: Amount | None = None
    lines: Count | None = None
    reason: Text | None = None
