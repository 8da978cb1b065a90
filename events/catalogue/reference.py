"""Reference data: pipelines, products, exchange rates, territories, roles."""

from typing import Annotated, Literal

from pydantic import Field

from events.envelope import Payload
from events.values import Amount, Count, Currency, Day, Id, Text


class Stage(Payload):
    """One stage of a pipeline."""

    name: Id
    position: Count
    """Its place in the pipeline, from 1."""
    kind: Literal["open", "won", "lost"] = "open"


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


class ExchangeRateSet(Payload, type="sales.exchange_rate.set.v1"):
    """The worth of one unit of a currency in another, from a day on."""

    currency: Currency
    quote_currency: Currency
    rate: Amount
    """Units of `quote_currency` for one unit of `currency`."""
    valid_from: Day
