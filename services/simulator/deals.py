"""Deals: from opening over the stages of the pipeline to won or lost.

A deal that enters a stage goes on to the next with the probability the settings give for it, and
is lost there otherwise. Nothing else decides: not the rep, not the amount, not the season.
"""

from services.simulator.accounts import Account
from services.simulator.activities import (
    Plan,
    Work,
    call,
    call_taken,
    carry_out,
    demo,
    discovery,
    email,
    email_opened,
    email_received,
    need,
    negotiation,
    obstacle,
    obstacle_cleared,
    presentation,
    proposal,
)
from services.simulator.config import PIPELINE, STAGES
from services.simulator.customers import Customer, paid
from services.simulator.draws import Stream
from services.simulator.hours import DAY, moment_of, working
from services.simulator.roster import Rep
from services.simulator.world import Process, money

_PLANS: dict[str, Plan] = {
    "research": ((0.8, email), (0.4, email_opened), (0.3, call)),
    "contact": (
        (1.0, call), (0.9, email), (0.5, email_opened), (0.6, call), (0.5, email_received),
    ),
    "needs": (
        (0.9, discovery), (0.8, need), (0.8, email), (0.5, email_opened), (0.6, email_received),
        (0.5, call),
    ),
    "proposal": (
        (0.7, demo), (0.5, presentation), (0.8, email), (1.0, proposal), (0.7, email_opened),
        (0.6, email_received), (0.6, call),
    ),
    "closing": (
        (0.9, call), (0.25, obstacle), (0.8, email), (0.6, email_received), (0.5, negotiation),
        (0.9, obstacle_cleared), (0.3, call_taken),
    ),
}  # fmt: skip

_REASONS = {
    "research": ("no_need", "no_decision"),
    "contact": ("no_need", "timing", "no_decision"),
    "needs": ("timing", "price", "missing_feature"),
    "proposal": ("price", "competitor", "timing"),
    "closing": ("competitor", "price", "no_decision"),
}


class Deal(Work):
    """One deal with an account, owned by a rep."""

    def __init__(self, account: Account, stream: Stream, rep: Rep, deal: str) -> None:
        super().__init__(account, stream, rep)
        self.name = deal
        self.closed = False
        self.deal = deal
        config = self.config
        self._value = stream.skewed(float(config.deal_amount), config.deal_amount_spread)
        """What it will turn out to be worth, if it is won."""

    def passed_on(self, previous: Rep, rep: Rep) -> None:
        """Tell that the deal has another owner, because the one before left.

        A closed deal stays with whom it is credited to, whoever sees to the payment.
        """
        if self.closed:
            return
        self.account.tell(
            "sales.deal.owner_changed.v1",
            {"previous_owner": previous.name, "reason": "left"},
            subject=self.name,
            account=self.account.name,
            deal=self.name,
            actor=rep.name,
        )

    def open(self, begun: int, lead: str) -> Process:
        """Open the deal and see it through; `begun` is now, on working time."""
        stream, config = self.stream, self.config
        self.amount = max(round(self._value * stream.between(0.75, 1.3), -2), 100.0)
        cycle = int(config.stage_days.cycle * DAY)
        self.tell(
            "sales.deal.opened.v1",
            {
                "pipeline": PIPELINE,
                "stage": STAGES[0],
                "amount": money(self.amount),
                "currency": config.currency,
                "product": self.product,
                "lead": lead,
                "expected_close": self.account.day(cycle),
                "deal_type": "upsell" if self.account.buying else "new",
                "territory": self.account.territory,
            },
        )
        yield from self.see_through(begun)

    def take_up(self, begun: int, stage: str, amount: float) -> Process:
        """Go on with a deal that is in a stage already."""
        self.amount = amount
        if STAGES.index(stage) >= STAGES.index("proposal"):
            self._value = amount
        yield from self.see_through(begun, STAGES.index(stage))

    def see_through(self, begun: int, first: int = 0) -> Process:
        """Go through the stages from the one with an index on, until the deal is won or lost."""
        stream, config = self.stream, self.config
        for place in range(first, len(STAGES)):
            stage = STAGES[place]
            if place > first:
                self.tell(
                    "sales.deal.stage_changed.v1",
                    {"stage": stage, "previous_stage": STAGES[place - 1]},
                )
                if stage == "proposal":
                    self._valued()
            length = working(stream.skewed(config.stage_days.of(stage), config.days_spread))
            goes_on = stream.chance(config.conversion.of(stage))
            yield from carry_out(self, _PLANS[stage], begun, length)
            begun += length
            yield moment_of(begun)
            if not goes_on:
                self._lost(stage)
                return
        self._won()

    def _valued(self) -> None:
        self.amount = self._value
        self.tell(
            "sales.deal.amount_changed.v1",
            {"amount": money(self._value), "currency": self.config.currency, "reason": "scoped"},
        )

    def _lost(self, stage: str) -> None:
        reason = self.stream.pick(_REASONS[stage])
        data = {
            "reason": reason,
            "amount": money(self.amount),
            "currency": self.config.currency,
            "product": self.product,
        }
        if reason == "competitor":
            data["competitor"] = self.stream.pick(("Halden", "Nordvik", "Tresco"))
        self.tell("sales.deal.lost.v1", data)
        self.closed = True

    def _won(self) -> None:
        account, value = self.account, money(self._value)
        worth = {"amount": value, "currency": self.config.currency, "product": self.product}
        self.tell("sales.deal.won.v1", worth)
        self.closed = True
        order = f"O{self.name}"
        self.tell(
            "sales.purchase.made.v1",
            worth | {"order": order, "lines": 1, "territory": account.territory},
        )
        self.world.start(paid(self, order, self._value))
        if not account.buying:
            self.world.start(Customer(account, self.rep).buying())
