"""Reference data: pipelines, products, exchange rates, territories, teams, roles, profiles.

Each event defines a thing or defines it anew; the last definition holds, and what is absent in it
is unknown from then on. `subject` of the envelope may repeat the name of the thing.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from events.envelope import Payload, together
from events.values import Amount, Count, Currency, Day, Id, Ids, Text


class Stage(Payload):
    """One stage of a pipeline."""

    name: Id
    """What deals in it have as their `stage`."""
    position: Count
    """Its place in the pipeline, from 1."""
    kind: Literal["open", "won", "lost"] = "open"
    """Whether a deal in it is open, won or lost."""


class PipelineDefined(Payload, type="sales.pipeline.defined.v1"):
    """A pipeline was defined, or defined anew. `subject` is its name."""

    pipeline: Id
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=100)]
    """Its stages in order."""


class ProductDefined(Payload, type="sales.product.defined.v1"):
    """A product was defined, or defined anew. `subject` is its name."""

    product: Id
    name: Text | None = None
    series: Id | None = None
    amount: Amount | None = None
    """The list price of one unit."""
    currency: Currency | None = None
    unit: Id | None = None

    _money = together("amount", "currency")


class ProductLaunched(Payload, type="sales.product.launched.v1"):
    """A product can be bought from a day on."""

    product: Id
    valid_from: Day
    market: Id | None = None
    features: Ids | None = None
    """The features customers had asked for that it brings."""


class PitchReleased(Payload, type="sales.pitch.released.v1"):
    """A new way of presenting a product is ready to be used."""

    pitch: Id
    product: Id | None = None
    content: Id | None = None
    segment: Id | None = None
    valid_from: Day | None = None


class ContentPublished(Payload, type="sales.content.published.v1"):
    """Material for reps and customers is ready to be used."""

    content: Id
    name: Text | None = None
    content_type: Id | None = None
    """Such as brochure, case_study, price_list, template."""
    stage: Id | None = None
    """The stage it is meant for."""
    product: Id | None = None


class ExchangeRateSet(Payload, type="sales.exchange_rate.set.v1"):
    """The worth of one unit of a currency in another, from a day on."""

    currency: Currency
    quote_currency: Currency
    rate: Amount
    """Units of `quote_currency` for one unit of `currency`."""
    valid_from: Day


class TerritoryDefined(Payload, type="sales.territory.defined.v1"):
    """A territory was defined, or defined anew: a region, a segment, a list of accounts."""

    territory: Id
    name: Text | None = None
    country: Id | None = None
    region: Id | None = None
    parent_territory: Id | None = None
    """The territory it is part of."""
    segment: Id | None = None


class TeamDefined(Payload, type="sales.team.defined.v1"):
    """A team was defined, or defined anew."""

    team: Id
    name: Text | None = None
    manager: Id | None = None
    department: Id | None = None
    """The part it belongs to, such as sales, sales_support, business_operations."""
    parent_team: Id | None = None
    """The team it is part of."""
    territory: Id | None = None


class RoleDescribed(Payload, type="sales.role.described.v1"):
    """It was written down what a role has to do and to know."""

    role: Id
    name: Text | None = None
    duties: Ids | None = None
    metrics: Ids | None = None
    """The numbers the role is measured by."""
    skills: Ids | None = None
    experience: Text | None = None
    """What somebody in the role must have done before."""
    valid_from: Day | None = None


class ProfileDefined(Payload, type="sales.profile.defined.v1"):
    """It was written down what the ideal customer looks like."""

    profile: Id
    segments: Ids | None = None
    countries: Ids | None = None
    employees_min: Count | None = None
    employees_max: Count | None = None
    annual_revenue_min: Amount | None = None
    annual_revenue_max: Amount | None = None
    currency: Currency | None = None
    """The currency of the bounds of annual revenue."""
    description: Text | None = None
    valid_from: Day | None = None

    @model_validator(mode="after")
    def _money_has_a_currency(self) -> Self:
        money = self.annual_revenue_min is not None or self.annual_revenue_max is not None
        if money != (self.currency is not None):
            raise ValueError("currency must be given with annual_revenue_min or _max, only then")
        return self
