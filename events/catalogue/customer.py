"""Customers: accounts, what is known about them, and how they feel.

`account` of the envelope names the customer, `actor` is the rep concerned. What customers buy and
pay is the family's module `commerce`, what is done for them is `service`.
"""

from typing import Literal, Self

from pydantic import model_validator

from events.envelope import Payload, together
from events.values import (
    Amount,
    Channel,
    Count,
    Currency,
    Direction,
    Id,
    Performer,
    Score,
    Sentiment,
    Text,
)

Survey = Literal["csat", "nps", "ces"]
"""Customer satisfaction, net promoter score, customer effort score."""

SCALES: dict[Survey, tuple[int, int]] = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
"""The lowest and the highest answer of each survey."""


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
    territory: Id | None = None
    lead: Id | None = None
    """The lead it came from."""

    _money = together("annual_revenue", "currency")


class AccountProfileChanged(Payload, type="sales.account.profile_changed.v1"):
    """What is known about an account changed. Fields that are absent stay as they were."""

    name: Text | None = None
    segment: Id | None = None
    country: Id | None = None
    parent: Id | None = None
    employees: Count | None = None
    annual_revenue: Amount | None = None
    """What the customer turns over in a year, in `currency`."""
    currency: Currency | None = None
    founded_year: Count | None = None
    territory: Id | None = None
    reason: Text | None = None

    _money = together("annual_revenue", "currency")


class AccountOwnerChanged(Payload, type="sales.account.owner_changed.v1"):
    """An account passed to another rep. `actor` is who looks after it from now on."""

    previous_owner: Id | None = None
    reason: Text | None = None


class AccountChurned(Payload, type="sales.account.churned.v1"):
    """A customer said, or was found, to buy no more."""

    reason: Text | None = None
    competitor: Id | None = None
    """Where the customer went."""
    silent: bool | None = None
    """True where the customer left without telling anyone."""


class ContactAdded(Payload, type="sales.contact.added.v1"):
    """A person at the customer's became known."""

    contact: Id
    name: Text | None = None
    job_title: Text | None = None
    buying_role: Id | None = None
    """Such as decision_maker, champion, user, gatekeeper."""


class PreferenceNoted(Payload, type="sales.preference.noted.v1"):
    """A customer likes it so: a way of contact, a day of delivery, a brand."""

    preference: Id
    """What it is about, such as contact_channel, delivery_day, invoice_format."""
    description: Text
    contact: Id | None = None


class PersonalNoteAdded(Payload, type="sales.personal_note.added.v1"):
    """A rep wrote down something private about a person at the customer's.

    Apart from other notes, so that it can be asked who holds such notes and they can be erased.
    """

    personal_note: Id
    contact: Id
    note: Text


class PersonalNoteRead(Payload, type="sales.personal_note.read.v1"):
    """Somebody read a private note. `actor` is the reader."""

    personal_note: Id
    contact: Id | None = None
    reason: Text | None = None


class CareGiven(Payload, type="sales.care.given.v1"):
    """Something was done to please or keep a customer, without anything to sell."""

    care_type: Id
    """Such as check_up, gift, invitation, maintenance, congratulation."""
    channel: Channel | None = None
    contact: Id | None = None
    outcome: Id | None = None
    performer: Performer = "person"
    note: Text | None = None


class SurveyAnswered(Payload, type="sales.survey.answered.v1"):
    """A customer answered a survey."""

    survey: Survey
    """The kind of survey, which gives the scale."""
    score: Score
    """csat 1 to 5, nps 0 to 10, ces 1 to 7."""
    contact: Id | None = None
    ticket: Id | None = None
    """The ticket it was sent after, where it was."""
    product: Id | None = None
    channel: Channel | None = None
    comment: Text | None = None

    @model_validator(mode="after")
    def _score_on_scale(self) -> Self:
        low, high = SCALES[self.survey]
        if not low <= self.score <= high:
            raise ValueError(f"score of {self.survey} must lie between {low} and {high}")
        return self


class SatisfactionRecorded(Payload, type="sales.satisfaction.recorded.v1"):
    """A rep noted how content a customer is, without a survey."""

    sentiment: Sentiment
    contact: Id | None = None
    note: Text | None = None


class FeedbackReceived(Payload, type="sales.feedback.received.v1"):
    """A customer said what is good or bad about the product, the service or the company."""

    feedback: Id
    topic: Id | None = None
    sentiment: Sentiment | None = None
    product: Id | None = None
    contact: Id | None = None
    channel: Channel | None = None
    comment: Text | None = None
    """What the customer said."""


class FeedbackActedOn(Payload, type="sales.feedback.acted_on.v1"):
    """Something was done about what a customer said."""

    feedback: Id
    change: Id | None = None
    """The change that was adopted because of it."""
    description: Text | None = None


class FeatureRequested(Payload, type="sales.feature.requested.v1"):
    """A customer asked for something that the product does not do yet."""

    feature: Id
    product: Id | None = None
    feedback: Id | None = None
    description: Text | None = None


class FeatureDelivered(Payload, type="sales.feature.delivered.v1"):
    """Something that customers had asked for was built."""

    feature: Id
    product: Id | None = None


class ReferralGiven(Payload, type="sales.referral.given.v1"):
    """A customer recommended the company to somebody. `account` is who recommends."""

    referral: Id | None = None
    lead: Id | None = None
    """Who was recommended to, where that is a lead."""
    referred_account: Id | None = None
    """Who was recommended to, where that is an account already."""
    contact: Id | None = None
    direction: Direction | None = None
    """Outbound where the rep asked for it."""


class ReviewPosted(Payload, type="sales.review.posted.v1"):
    """A customer wrote about the company in public: a review, a testimonial."""

    site: Id
    """Where, such as the name of a portal."""
    rating: Amount | None = None
    """On the scale of the site."""
    rating_scale: Amount | None = None
    """The best rating the site knows."""
    sentiment: Sentiment | None = None
    product: Id | None = None
    comment: Text | None = None
