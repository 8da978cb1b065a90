"""What a simulated sales floor is told: one frozen set of rates, sizes and seeds.

Every rate here can be read back from the events, within the error of sampling. Nothing is drawn
here; how numbers are drawn from these settings is `draws`' matter.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PIPELINE = "simulated"
STAGES = ("research", "contact", "needs", "proposal", "closing")
"""The open stages of the pipeline, in order; after the last a deal is won, from each it may be
lost."""

LAST_DAY = date(2200, 1, 1)
LEAD_SLACK_DAYS = 4.0
"""Calendar days a lead spends at most outside its stages: assigned, first reached, handed off."""

Rate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Spread = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""How far a drawn number strays from its mean: between `mean * (1 - spread)` and
`mean * (1 + 2 * spread)`, with a standard deviation of `0.894 * spread * mean`."""
Days = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Money = Annotated[Decimal, Field(gt=0, le=Decimal("1e12"), allow_inf_nan=False)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Conversion(_Settings):
    """For each stage the probability that a deal which entered it goes on.

    Otherwise the deal is lost there. A deal that goes on from `closing` is won.
    """

    research: Rate = 0.85
    contact: Rate = 0.75
    needs: Rate = 0.72
    proposal: Rate = 0.68
    closing: Rate = 0.80

    def of(self, stage: str) -> float:
        """Return the probability to go on from a stage of `STAGES`."""
        return float(getattr(self, stage))

    @property
    def overall(self) -> float:
        """The probability that an opened deal is won."""
        product = 1.0
        for stage in STAGES:
            product *= self.of(stage)
        return product


class StageDays(_Settings):
    """For each stage the mean of the calendar days a deal spends in it, whatever its outcome."""

    research: Days = 4
    contact: Days = 6
    needs: Days = 10
    proposal: Days = 13
    closing: Days = 8

    def of(self, stage: str) -> float:
        """Return the mean calendar days in a stage of `STAGES`."""
        return float(getattr(self, stage))

    @property
    def cycle(self) -> float:
        """The mean calendar days from opening to winning."""
        return sum(self.of(stage) for stage in STAGES)


class FloorConfig(_Settings):
    """A sales floor to be simulated. The same settings give the same bytes, always and everywhere.

    A longer floor (`days`) begins with the shorter one, and a floor with more `accounts` holds the
    events of the smaller one but for the quotas, which follow from what can be sold. One seed is
    one floor: to put a differently configured one on the same tape, give it another seed.
    """

    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    """Where all chance comes from. Also names the floor: the source of its events is
    `simulator/<seed>`."""
    start: date = date(2025, 1, 1)
    """The first day, in UTC."""
    days: Annotated[int, Field(ge=1, le=36_525)] = 365
    """How many days are simulated. No event lies at or after the end of the last one."""

    accounts: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    """Companies in the market: customers from the start, and those who may become customers."""
    customers_at_start: Rate = 0.35
    """The share of accounts that already buy when the floor starts."""

    territories: Annotated[int, Field(ge=1, le=100)] = 4
    """Into how many territories the market is divided. Accounts fall evenly into them."""
    teams: Annotated[int, Field(ge=1, le=100)] = 4
    """Teams, each with a manager, spread evenly over the territories."""
    reps: Annotated[int, Field(ge=1, le=2_000)] = 10
    """Account executives, who own deals and carry quotas, spread evenly over the teams."""
    sdrs: Annotated[int, Field(ge=0, le=2_000)] = 6
    """Sales development reps, who take leads and hand the ready ones to account executives."""
    turnover_per_year: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.12
    """The probability that a rep leaves within a year; somebody else joins some weeks later."""

    leads_per_account_per_year: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)] = 6.0
    """How often an account shows interest or is asked for it, on average. Half as often once it
    has churned, and not in the first half year after that."""
    inbound_share: Rate = 0.55
    """The share of leads that come by themselves; the others are sought by the reps."""
    lead_ready_share: Rate = 0.27
    """The share of leads that are ready to buy. They are qualified, and each becomes a deal."""
    first_contact_hours: Annotated[float, Field(gt=0, le=8, allow_inf_nan=False)] = 2.0
    """Mean working hours from the assignment of a lead to the first contact."""
    lead_days: Days = 6
    """Mean calendar days from the first contact with a lead to the verdict on it."""

    conversion: Conversion = Conversion()
    stage_days: StageDays = StageDays()
    days_spread: Spread = 0.6
    """The spread of the days in a stage and of the days of a lead."""
    deal_amount: Money = Decimal(18_000)
    """The mean value of a deal that is won."""
    deal_amount_spread: Spread = 0.4
    finish_deals: bool = False
    """Take on no lead that could still be open at the end. Every deal then has its outcome, so
    that the shares that go on are binomial samples of `conversion`. Otherwise the deals of the
    last weeks are cut off, most of all those that would be won."""

    purchase_gap_days: Days = 30
    """The mean over accounts of the mean calendar days between two purchases of a customer."""
    purchase_gap_spread_of_accounts: Spread = 0.6
    """How far the rhythms of different accounts lie apart."""
    purchase_gap_spread: Spread = 0.25
    """How far an account strays from its own rhythm."""
    purchase_amount: Money = Decimal(1_400)
    """The mean value of a repeat purchase."""
    purchase_amount_spread: Spread = 0.5
    return_share: Rate = 0.02
    """The share of repeat purchases that are given back."""
    churn_per_month: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.02
    """The probability that a customer stops buying within a month (a twelfth of 365.25 days)."""

    subscription_share: Rate = 0.3
    """The share of customers who also hold a subscription."""
    subscription_term_months: Annotated[int, Field(ge=1, le=60)] = 3
    """Months from one renewal to the next."""
    subscription_amount: Money = Decimal(600)
    """The mean value of one term."""
    late_payment_share: Rate = 0.06
    """The share of invoices that become overdue before they are paid."""
    failed_payment_share: Rate = 0.01
    """The share of invoices whose first payment fails."""
    ticket_share: Rate = 0.04
    """The share of purchases after which the customer asks for help."""
    survey_share: Rate = 0.05
    """The share of purchases after which the customer answers a survey."""

    quota: Money | None = None
    """The quota of each account executive and period. None: what these settings promise, times
    `quota_stretch`."""
    quota_stretch: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 1.05
    """How much more than the expected is asked of each rep."""
    quota_period: Literal["month", "quarter"] = "quarter"

    season: Annotated[tuple[Weight, ...], Field(min_length=12, max_length=12)] = (
        0.95, 1.0, 1.1, 1.0, 1.05, 1.1, 0.85, 0.75, 1.1, 1.15, 1.1, 0.85,
    )  # fmt: skip
    """How many leads come in each month, January first; only the proportions count."""
    weekdays: Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)] = (
        1.1, 1.15, 1.1, 1.05, 0.9, 0.35, 0.35,
    )  # fmt: skip
    """How many inbound leads come on each weekday, Monday first; only the proportions count."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    """The ISO 4217 code of all money."""

    @property
    def source(self) -> str:
        """The source of all events of this floor."""
        return f"simulator/{self.seed}"

    @property
    def longest_days(self) -> float:
        """The most calendar days from the capture of a lead to the outcome of its deal."""
        most = 1 + 2 * self.days_spread
        return LEAD_SLACK_DAYS + most * (self.lead_days + self.stage_days.cycle)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.start < date(1970, 1, 5):
            raise ValueError(f"start: {self.start} lies before 1970-01-05, the earliest start")
        if self.start > LAST_DAY - timedelta(days=self.days):
            raise ValueError(f"start, days: the floor ends after {LAST_DAY}, the last day allowed")
        if max(self.season) == 0 or max(self.weekdays) == 0:
            raise ValueError("season, weekdays: at least one weight must be above 0")
        if self.finish_deals and self.days <= self.longest_days:
            raise ValueError(
                f"finish_deals: a deal may take {self.longest_days:.0f} days, so days must be "
                f"more than that; found {self.days}"
            )
        return self
