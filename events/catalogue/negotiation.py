"""What happens inside a deal between its stages: needs, obstacles, proposals, terms, contracts.

`deal` of the envelope names the deal. How a deal stands is `deal`'s matter.
"""

from events.envelope import Payload, in_order, together
from events.values import Amount, Channel, Currency, Day, Id, Ids, Severity, Share, Text


class NeedRecorded(Payload, type="sales.need.recorded.v1"):
    """A rep found out what a customer needs, and how it is used today."""

    need: Text
    """What the customer wants to get done."""
    product: Id | None = None
    """The product that would meet it."""
    quantity: Amount | None = None
    unit: Id | None = None
    """What `quantity` counts, such as piece, box, seat."""
    usage_days: Amount | None = None
    """How many days the quantity lasts."""
    lead: Id | None = None
    amount: Amount | None = None
    """What the customer can spend."""
    currency: Currency | None = None
    note: Text | None = None

    _money = together("amount", "currency")


class RequirementChanged(Payload, type="sales.requirement.changed.v1"):
    """A requirement of the solution was stated, changed or dropped."""

    requirement: Id
    description: Text | None = None
    """The requirement as it is from now on; absent where it was dropped."""
    stakeholders: Ids | None = None
    """Who must know."""
    reason: Text | None = None


class SolutionDesigned(Payload, type="sales.solution.designed.v1"):
    """What would meet the needs of a customer was worked out."""

    solution: Id
    products: Ids | None = None
    specialist: Id | None = None
    description: Text | None = None


class BusinessCaseWritten(Payload, type="sales.business_case.written.v1"):
    """What buying would bring the customer was written down, often with the rep's help."""

    content: Id | None = None
    """The document."""
    amount: Amount | None = None
    """The benefit a year."""
    currency: Currency | None = None
    payback_months: Amount | None = None
    note: Text | None = None

    _money = together("amount", "currency")


class ObstacleRaised(Payload, type="sales.obstacle.raised.v1"):
    """Something stands in the way of the purchase."""

    obstacle: Id
    description: Text | None = None
    obstacle_type: Id | None = None
    """Such as price, timing, legal, technical, competitor, authority."""
    severity: Severity | None = None


class ObstacleCleared(Payload, type="sales.obstacle.cleared.v1"):
    """Something that stood in the way of the purchase is out of the way."""

    obstacle: Id
    note: Text | None = None


class PresentationGiven(Payload, type="sales.presentation.given.v1"):
    """A product or solution was presented: a pitch."""

    channel: Channel | None = None
    content: Id | None = None
    """The slides or the script."""
    product: Id | None = None
    pitch: Id | None = None
    """The released pitch it followed."""
    tailored: bool | None = None
    """True where it was made for this customer."""
    participants: Ids | None = None
    outcome: Id | None = None
    lead: Id | None = None


class ProposalSent(Payload, type="sales.proposal.sent.v1"):
    """A proposal or quote went to the customer."""

    proposal: Id | None = None
    amount: Amount | None = None
    """What is asked for."""
    currency: Currency | None = None
    product: Id | None = None
    channel: Channel | None = None
    valid_until: Day | None = None
    tailored: bool | None = None
    """True where it was made for this customer."""

    _money = together("amount", "currency")


class ProposalAccepted(Payload, type="sales.proposal.accepted.v1"):
    """The customer agreed to a proposal."""

    proposal: Id | None = None
    amount: Amount | None = None
    currency: Currency | None = None

    _money = together("amount", "currency")


class ProposalDeclined(Payload, type="sales.proposal.declined.v1"):
    """The customer turned a proposal down."""

    proposal: Id | None = None
    reason: Text | None = None


class TermsChanged(Payload, type="sales.terms.changed.v1"):
    """What is being negotiated changed: price, payment, delivery, duration, guarantees."""

    term: Id
    """The term that changed, such as price, payment_days, delivery, duration."""
    description: Text
    """The term as it is from now on."""
    amount: Amount | None = None
    currency: Currency | None = None
    reason: Text | None = None

    _money = together("amount", "currency")


class DiscountRequested(Payload, type="sales.discount.requested.v1"):
    """A rep asked to sell below the list price."""

    discount: Id
    discount_share: Share
    """The part of the price to be let off."""
    amount: Amount | None = None
    """The money to be let off."""
    currency: Currency | None = None
    product: Id | None = None
    reason: Text | None = None

    _money = together("amount", "currency")


class DiscountApproved(Payload, type="sales.discount.approved.v1"):
    """A discount was allowed."""

    discount: Id
    discount_share: Share | None = None
    """The part of the price that was allowed, where it is not what was asked for."""
    approver: Id | None = None


class DiscountDeclined(Payload, type="sales.discount.declined.v1"):
    """A discount was not allowed."""

    discount: Id
    approver: Id | None = None
    reason: Text | None = None


class ContractSigned(Payload, type="sales.contract.signed.v1"):
    """Both sides signed."""

    contract: Id | None = None
    amount: Amount | None = None
    """The value of the whole contract."""
    currency: Currency | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    signatory: Id | None = None
    """Who signed for the customer."""

    _money = together("amount", "currency")
    _validity = in_order("valid_from", "valid_until")
