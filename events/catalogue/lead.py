"""Leads: people and companies who may become customers, until they do or do not.

The field `lead` names the lead in every event, and `subject` of the envelope may repeat it. What
follows once there is a deal is the family `deal`.
"""

from events.envelope import Payload, together
from events.values import (
    Amount,
    Channel,
    Count,
    Currency,
    Day,
    Direction,
    Id,
    Ids,
    Performer,
    Score,
    Text,
)


class ProspectIdentified(Payload, type="sales.prospect.identified.v1"):
    """A rep found somebody worth approaching. `actor` is the rep who looked."""

    lead: Id
    name: Text | None = None
    segment: Id | None = None
    country: Id | None = None
    lead_source: Id | None = None
    profile: Id | None = None
    """The ideal customer profile that it fits."""


class LeadCaptured(Payload, type="sales.lead.captured.v1"):
    """A lead came in: somebody showed interest, or was entered as worth approaching."""

    lead: Id
    channel: Channel
    """The way the lead came in by."""
    direction: Direction
    """Inbound where the lead came by itself, outbound where it was sought."""
    lead_source: Id | None = None
    """Where the lead comes from, such as marketing, referral, web_form, fair, list."""
    campaign: Id | None = None
    """The campaign that brought it."""
    product: Id | None = None
    """The product the interest is in."""
    name: Text | None = None
    segment: Id | None = None
    country: Id | None = None
    territory: Id | None = None


class TouchRecorded(Payload, type="sales.touch.recorded.v1"):
    """A buyer met the company before or beside its reps: an advertisement, a page, a download.

    The share of the journey that lies before the first conversation is counted from these.
    """

    touchpoint: Id
    """What was met, such as search_ad, pricing_page, webinar, stand."""
    channel: Channel
    lead: Id | None = None
    """Absent as long as nobody knows who it was."""
    campaign: Id | None = None
    content: Id | None = None
    product: Id | None = None


class LeadEnriched(Payload, type="sales.lead.enriched.v1"):
    """More became known about a lead. Fields that are absent say nothing new."""

    lead: Id
    name: Text | None = None
    contact: Id | None = None
    job_title: Text | None = None
    segment: Id | None = None
    country: Id | None = None
    employees: Count | None = None
    annual_revenue: Amount | None = None
    currency: Currency | None = None
    """The currency of `annual_revenue`."""
    provider: Id | None = None
    """Who knew it, such as a register or a data service."""
    performer: Performer = "person"

    _money = together("annual_revenue", "currency")


class LeadScored(Payload, type="sales.lead.scored.v1"):
    """A lead was given a score, by a rule or a model."""

    lead: Id
    score: Score
    """From 0, hopeless, to 100, as good as sold."""
    rule: Id | None = None
    """The rule or model that scored."""
    performer: Performer = "machine"


class LeadReadinessAssessed(Payload, type="sales.lead.readiness_assessed.v1"):
    """Somebody judged whether a lead is ready to buy."""

    lead: Id
    ready: bool
    """True where the lead is ready for a conversation about buying."""
    reason: Text | None = None
    performer: Performer = "person"


class LeadQualified(Payload, type="sales.lead.qualified.v1"):
    """A lead was found likely to lead to a sale; it may be handed off."""

    lead: Id
    criteria: Ids | None = None
    """What spoke for it, such as budget, authority, need, timing."""
    score: Score | None = None
    """From 0, hopeless, to 100, as good as sold."""
    product: Id | None = None
    note: Text | None = None


class LeadUnqualified(Payload, type="sales.lead.unqualified.v1"):
    """A lead was found not likely to lead to a sale, for now or for good."""

    lead: Id
    reason: Text
    """Why not, such as not_ready, price, no_need, no_authority, no_budget, unreachable."""
    recheck_on: Day | None = None
    """When it is worth looking again."""
    note: Text | None = None


class LeadNurturePlanned(Payload, type="sales.lead.nurture_planned.v1"):
    """A lead was put into a nurturing programme."""

    lead: Id
    programme: Id
    reason: Text | None = None
    """The kind of lead the programme answers, such as not_ready or price."""


class LeadNurtured(Payload, type="sales.lead.nurtured.v1"):
    """A lead was given attention on the way to readiness: one touch of a programme or of a rep."""

    lead: Id
    channel: Channel
    programme: Id | None = None
    content: Id | None = None
    performer: Performer = "person"


class LeadAssigned(Payload, type="sales.lead.assigned.v1"):
    """A lead was given to a rep. `actor` is the rep who has it from now on."""

    lead: Id
    rule: Id | None = None
    """How the rep was chosen, such as skill_match, territory, round_robin, random."""
    skill: Id | None = None
    """The skill that was asked for, where the rule matches skills."""
    previous_owner: Id | None = None


class LeadHandedOff(Payload, type="sales.lead.handed_off.v1"):
    """A rep passed a lead on, such as from sales development to an account executive.

    `actor` is who passes it on.
    """

    lead: Id
    recipient: Id | None = None
    """The rep who is to take it."""
    role: Id | None = None
    """The role it is passed to, such as account_executive."""
    note: Text | None = None


class LeadHandOffAccepted(Payload, type="sales.lead.hand_off_accepted.v1"):
    """The recipient of a hand-off took the lead. `actor` is the recipient."""

    lead: Id
    previous_owner: Id | None = None


class LeadHandOffReturned(Payload, type="sales.lead.hand_off_returned.v1"):
    """The recipient of a hand-off gave the lead back. `actor` is the recipient."""

    lead: Id
    reason: Text
    previous_owner: Id | None = None


class LeadFirstContacted(Payload, type="sales.lead.first_contacted.v1"):
    """A lead was reached for the first time since it came in."""

    lead: Id
    channel: Channel
    direction: Direction = "outbound"
    outcome: Id | None = None
    """What came of it, such as connected, replied, not_interested."""
    performer: Performer = "person"


class LeadConverted(Payload, type="sales.lead.converted.v1"):
    """A lead became a deal or an account: `deal` and `account` of the envelope name them."""

    lead: Id
    product: Id | None = None
