"""Customers after the sale: onboarding, requests for help, use of what was bought.

`account` of the envelope names the customer, `actor` is who serves it.
"""

from events.envelope import Payload, in_order
from events.values import Amount, Channel, Day, Direction, Id, Performer, Severity, Text


class OnboardingMilestoneReached(Payload, type="sales.onboarding.milestone_reached.v1"):
    """A new customer got as far as this."""

    milestone: Id
    """Such as kicked_off, data_loaded, first_use, trained, handed_to_success."""
    product: Id | None = None
    due: Day | None = None
    """When it was to be reached."""
    note: Text | None = None


class TicketOpened(Payload, type="sales.ticket.opened.v1"):
    """A customer asked for help, or complained."""

    ticket: Id
    topic: Id | None = None
    severity: Severity | None = None
    channel: Channel | None = None
    contact: Id | None = None
    product: Id | None = None
    order: Id | None = None
    comment: Text | None = None
    """What the customer said."""


class TicketAnswered(Payload, type="sales.ticket.answered.v1"):
    """Somebody answered a customer who asked for help; the first answer is the response."""

    ticket: Id
    channel: Channel | None = None
    direction: Direction = "outbound"
    performer: Performer = "person"
    comment: Text | None = None


class TicketEscalated(Payload, type="sales.ticket.escalated.v1"):
    """A request for help went to somebody with more knowledge or authority."""

    ticket: Id
    specialist: Id | None = None
    severity: Severity | None = None
    reason: Text | None = None


class TicketClosed(Payload, type="sales.ticket.closed.v1"):
    """A request for help is done with."""

    ticket: Id
    outcome: Id | None = None
    """Such as solved, workaround, rejected, withdrawn."""
    comment: Text | None = None


class TicketReopened(Payload, type="sales.ticket.reopened.v1"):
    """A request for help was not done with after all."""

    ticket: Id
    reason: Text | None = None


class UsageRecorded(Payload, type="sales.usage.recorded.v1"):
    """A customer used, or used up, so much in a period."""

    metric: Id
    """What was counted, such as logins, seats_active, sheets, litres."""
    quantity: Amount
    unit: Id | None = None
    product: Id | None = None
    subscription: Id | None = None
    period_start: Day
    """The first day counted."""
    period_end: Day
    """The last day counted."""

    _period = in_order("period_start", "period_end")
