"""Customers: purchases in each account's own rhythm, subscriptions, payments, tickets, churn.

A customer stops buying with a constant hazard. Most say nothing; those with a subscription cancel
it. Winning a deal makes a customer, or wins one back.
"""

from services.simulator.accounts import Account, Spell
from services.simulator.activities import (
    Work,
    call,
    call_taken,
    carry_out,
    email,
    email_received,
    review,
)
from services.simulator.draws import per_second
from services.simulator.hours import DAY, SECOND, YEAR_DAYS, moment_of, worked, working
from services.simulator.names import PRODUCTS
from services.simulator.roster import Rep
from services.simulator.world import Process, money

_PRICES = {name: price for name, _, price in PRODUCTS}
_CARE = ((0.5, call), (0.4, email), (0.25, email_received), (0.1, call_taken), (0.06, review))
_MONTH_DAYS = YEAR_DAYS / 12
_BILLING = {1: "month", 3: "quarter", 6: "half_year", 12: "year"}
_DUE_DAYS = 14


class Customer(Work):
    """An account for as long as it buys."""

    def __init__(self, account: Account, rep: Rep | None = None) -> None:
        self.number = len(account.spells) + 1
        """Which time in a row the account is a customer, from 1."""
        super().__init__(account, account.stream_of("spell", self.number), rep)
        self.spell = Spell(account.name, self.world.now)
        account.spells.append(self.spell)
        self.subscription: str | None = None
        self._orders = 0

    def buying(self, first: float = 1.0, known: bool = False) -> Process:
        """Buy in the account's rhythm until it stops.

        `first` is how much of the first gap is still to come, from 0 to 1; `known` customers had
        their subscription before this run.
        """
        config, stream, account = self.config, self.stream, self.account
        stops = self._stops()
        if account.subscribes:
            self.world.start(self._subscribed(first, known))
        bought = worked(self.world.now)
        gap = working(first * stream.skewed(account.gap_days, config.purchase_gap_spread))
        while True:
            self.world.start(carry_out(self, _CARE, bought, gap))
            bought += gap
            due = moment_of(bought)
            if stops is not None and stops <= due:
                yield stops
                self._churns()
                return
            yield due
            self._buys()
            gap = working(stream.skewed(account.gap_days, config.purchase_gap_spread))

    def _stops(self) -> int | None:
        if self.config.churn_per_month == 0:
            return None
        rate = per_second(self.config.churn_per_month, _MONTH_DAYS)
        return self.world.now + SECOND * self.stream.wait(rate)

    def _churns(self) -> None:
        self.spell.churned = self.world.now
        if self.subscription is not None:
            self.tell(
                "sales.subscription.cancelled.v1",
                {"subscription": self.subscription, "reason": "no longer needed"},
            )

    def _buys(self) -> None:
        config, stream = self.config, self.stream
        self._orders += 1
        spell = f"{config.seed}-{self.world.run}{self.account.key}-{self.number}"
        order = f"O{spell}-{self._orders}"
        amount = stream.skewed(float(config.purchase_amount), config.purchase_amount_spread)
        units = max(1, round(amount / _PRICES[self.product]))
        bought = {
            "amount": money(amount),
            "currency": config.currency,
            "order": order,
            "product": self.product,
            "quantity": str(units),
        }
        territory = {"territory": self.account.territory}
        self.tell("sales.purchase.made.v1", bought | {"lines": 1} | territory)
        self.world.start(paid(self, order, amount))
        given_back, helped, asked = stream.random(), stream.random(), stream.random()
        if given_back < config.return_share:
            self.world.start(self._gives_back(bought))
        if helped < config.ticket_share:
            self.world.start(self._helped(order))
        if asked < config.survey_share:
            self.world.start(self._surveyed())

    def _gives_back(self, bought: dict[str, str]) -> Process:
        yield moment_of(worked(self.world.now) + working(self.stream.skewed(8, 0.7)))
        self.tell("sales.purchase.returned.v1", bought | {"reason": "not as expected"})

    def _subscribed(self, first: float, known: bool) -> Process:
        config = self.config
        term = int(config.subscription_term_months * _MONTH_DAYS * DAY)
        left = int(first * term)
        self.subscription = f"S{config.seed}-{self.account.name}-{self.number}"
        data = {
            "subscription": self.subscription,
            "amount": money(self.account.subscription_amount),
            "currency": config.currency,
            "product": self.product,
        }
        if config.subscription_term_months in _BILLING:
            data["billing_period"] = _BILLING[config.subscription_term_months]
        if not known:
            self.tell(
                "sales.subscription.started.v1", data | {"renewal_due": self.account.day(left)}
            )
        while True:
            yield self.world.now + left
            if self.spell.churned is not None:
                return
            left = term
            self.tell(
                "sales.subscription.renewed.v1", data | {"renewal_due": self.account.day(left)}
            )

    def _helped(self, order: str) -> Process:
        stream = self.stream
        asked = worked(self.world.now) + working(stream.skewed(5, 0.8))
        yield moment_of(asked)
        ticket = {"ticket": f"T{order[1:]}"}
        self.tell(
            "sales.ticket.opened.v1",
            ticket
            | {
                "topic": stream.pick(("delivery", "billing", "defect", "how_to")),
                "severity": stream.pick(("low", "low", "medium", "high")),
                "channel": stream.pick(("email", "phone", "chat")),
                "order": order,
            },
        )
        answered = asked + working(stream.skewed(0.4, 0.8))
        yield moment_of(answered)
        self.tell("sales.ticket.answered.v1", ticket)
        yield moment_of(answered + working(stream.skewed(2, 0.8)))
        self.tell("sales.ticket.closed.v1", ticket | {"outcome": "solved"})

    def _surveyed(self) -> Process:
        stream = self.stream
        yield moment_of(worked(self.world.now) + working(stream.skewed(4, 0.7)))
        score = 10 - int(8 * stream.random() * stream.random())
        self.tell("sales.survey.answered.v1", {"survey": "nps", "score": score})
        if score == 10 and stream.chance(0.2):
            self.tell("sales.referral.given.v1", {"direction": "outbound"})


def paid(work: Work, order: str, amount: float) -> Process:
    """Wait until an order is paid, in time or late, at the first try or the second."""
    config, stream = work.config, work.stream
    late, fails = (
        stream.chance(config.late_payment_share),
        stream.chance(config.failed_payment_share),
    )
    ordered = work.world.now
    data = {"amount": money(amount), "currency": config.currency, "order": order}
    due = {"due": work.account.day(_DUE_DAYS * DAY)}
    if fails:
        yield moment_of(worked(ordered) + working(stream.skewed(4, 0.6)))
        work.tell("sales.payment.failed.v1", data | {"reason": "refused by the bank"})
    if late:
        yield moment_of(worked(ordered + (_DUE_DAYS + 1) * DAY))
        work.tell("sales.payment.overdue.v1", data | due)
        yield moment_of(worked(work.world.now) + working(stream.skewed(9, 0.7)))
    else:
        yield moment_of(worked(ordered) + working(stream.between(9, 13)))
    work.tell("sales.payment.received.v1", data | due)
