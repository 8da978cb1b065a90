"""The market around the plans: what is learnt about it, and how the company stands in it."""

from events.envelope import Payload, in_order
from events.values import Count, Day, Id, Score, Share, Text


class MarketNoteAdded(Payload, type="sales.market_note.added.v1"):
    """Something was learnt about the industry, a competitor, a need or a product's chances."""

    topic: Id
    note: Text
    competitor: Id | None = None
    segment: Id | None = None
    market: Id | None = None
    product: Id | None = None


class MarketShareNoted(Payload, type="sales.market_share.noted.v1"):
    """The company's part of a market in a period."""

    market: Id
    market_share: Share
    period_start: Day
    period_end: Day
    provider: Id | None = None
    """Who says so."""

    _period = in_order("period_start", "period_end")


class BrandSurveyed(Payload, type="sales.brand.surveyed.v1"):
    """It was found out how well the brand is known or liked."""

    metric: Id
    """Such as awareness, reputation, trust."""
    score: Score
    """From 0 to 100."""
    market: Id | None = None
    respondents: Count | None = None
    """How many were asked."""
    provider: Id | None = None


class AnalysisNoted(Payload, type="sales.analysis.noted.v1"):
    """Data was looked into, and this was found. `actor` is who looked."""

    analysis: Id
    topic: Id | None = None
    finding: Text
    metric: Id | None = None
    change: Id | None = None
    """The change that was adopted because of it."""
