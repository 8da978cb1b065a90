"""Leads: captured, assigned, reached, and then found ready to buy or not.

A ready lead is handed from sales development to an account executive and becomes a deal. How often
leads come is `demand` at the end.
"""

from services.simulator.accounts import Account
from services.simulator.activities import (
    Work,
    call,
    call_taken,
    carry_out,
    email,
    email_opened,
    email_received,
    sequence_email,
)
from services.simulator.deals import Deal
from services.simulator.hours import (
    DAY,
    HOUR,
    SECOND,
    YEAR_DAYS,
    day_of,
    midnight,
    moment_of,
    worked,
    working,
)
from services.simulator.roster import Rep, Role
from services.simulator.world import Process

_TOUCHES = (
    (0.6, sequence_email), (0.35, email_opened), (0.8, call), (0.4, email), (0.25, email_received),
    (0.4, call), (0.1, call_taken),
)  # fmt: skip
_INBOUND = (
    ("web", "web_form"), ("web", "search_ad"), ("video", "webinar"), ("event", "fair"),
    ("social", "social_post"), ("email", "newsletter"), ("phone", "referral"),
)  # fmt: skip
_REASONS = ("not_ready", "not_ready", "not_ready", "price", "no_need", "no_authority")
"""Most who do not buy are not ready yet."""

_LEFT_ALONE = 180 * DAY
_TRIED_AGAIN = 0.5


class Lead(Work):
    """One lead of an account, with the rep who looks after it."""

    role: Role = "sdr"

    def __init__(self, account: Account, inbound: bool) -> None:
        account.leads += 1
        super().__init__(account, account.stream_of("lead", account.leads))
        self.inbound = inbound
        self.number = f"{self.config.seed}-{self.world.run}{account.key}-{account.leads}"
        self.name = f"L{self.number}"
        self.lead = self.name

    def passed_on(self, previous: Rep, rep: Rep) -> None:
        """Tell that the lead is with another rep, because the one before left."""
        self.account.tell(
            "sales.lead.assigned.v1",
            {"lead": self.name, "rule": "succession", "previous_owner": previous.name},
            subject=self.name,
            account=self.account.name,
            actor=rep.name,
        )

    def come(self) -> Process:
        """Follow the lead from its capture to the verdict, and its deal to the end."""
        stream, config = self.stream, self.config
        self._captured()
        done = worked(self.world.now) + int(stream.between(3, 45) * 60 * SECOND)
        yield moment_of(done)
        self.tell("sales.lead.assigned.v1", {"lead": self.name, "rule": "territory"})
        done += int(stream.skewed(config.first_contact_hours, config.days_spread) * HOUR)
        yield moment_of(done)
        self._first_contacted()
        length = working(stream.skewed(config.lead_days, config.days_spread))
        ready = stream.chance(config.lead_ready_share)
        yield from carry_out(self, _TOUCHES, done, length)
        done += length
        yield moment_of(done)
        if ready:
            yield from self._handed_off(done)
        else:
            self._unqualified()

    def _captured(self) -> None:
        stream, account = self.stream, self.account
        account.introduce(self.name)
        channel, source = stream.pick(_INBOUND) if self.inbound else ("phone", "list")
        # A lead has no rep yet when it comes in.
        account.tell(
            "sales.lead.captured.v1",
            {
                "lead": self.name,
                "channel": channel,
                "direction": "inbound" if self.inbound else "outbound",
                "lead_source": source,
                "product": self.product,
                "territory": account.territory,
            },
            subject=self.name,
            account=account.name,
        )

    def _first_contacted(self) -> None:
        by_phone = self.stream.chance(0.6)
        data = {"lead": self.name, "channel": "phone" if by_phone else "email"}
        self.tell("sales.lead.first_contacted.v1", data)
        if by_phone:
            seconds = int(self.stream.skewed(240, 0.8))
            self.tell(
                "sales.call.made.v1",
                self.contact(
                    direction="outbound",
                    outcome="connected",
                    duration_seconds=seconds,
                    cold=not self.inbound,
                ),
            )
        else:
            email(self)

    def _unqualified(self) -> None:
        reason = self.stream.pick(_REASONS)
        data = {"lead": self.name, "reason": reason}
        if reason == "not_ready":
            data["recheck_on"] = self.account.day(90 * DAY)
        self.tell("sales.lead.unqualified.v1", data)

    def _handed_off(self, done: int) -> Process:
        stream, account = self.stream, self.account
        self.tell(
            "sales.lead.qualified.v1",
            {"lead": self.name, "criteria": ["need", "timing"], "score": stream.whole(60, 95)},
        )
        passes_on = self.acting()
        takes_on = account.roster.choose(
            account.territory, "account_executive", self.world.now, stream.random()
        )
        if takes_on is not passes_on:
            self.tell(
                "sales.lead.handed_off.v1",
                {"lead": self.name, "recipient": takes_on.name, "role": takes_on.role},
            )
        done += int(stream.between(0.1, 2) * HOUR)
        yield moment_of(done)
        if not takes_on.works(self.world.now):
            takes_on = account.roster.choose(
                account.territory, "account_executive", self.world.now, stream.random()
            )
        if takes_on is not passes_on:
            account.tell(
                "sales.lead.hand_off_accepted.v1",
                {"lead": self.name, "previous_owner": passes_on.name},
                subject=self.name,
                account=account.name,
                actor=takes_on.name,
            )
        deal = Deal(account, stream, takes_on, f"D{self.number}")
        deal.tell(
            "sales.lead.converted.v1", {"lead": self.name, "product": self.product}, self.name
        )
        yield from deal.open(done, self.name)


def demand(account: Account) -> Process:
    """Let leads of an account come, as often as the settings say, as long as it has not churned.

    They come at random (a Poisson process), thinned by season and weekday. An account that has
    churned is left alone for half a year, and then tried again at half the rate.
    """
    config, stream, world = account.world.config, account.stream, account.world
    if config.leads_per_account_per_year == 0:
        return
    inbound = config.inbound_share * max(config.weekdays) * 7 / sum(config.weekdays)
    outbound = 1 - config.inbound_share
    peak = max(config.season) * 12 / sum(config.season) * (inbound + outbound)
    rate = config.leads_per_account_per_year * peak / (YEAR_DAYS * DAY / SECOND)
    last = _last_to_come(account)
    at = world.now
    while True:
        at += stream.wait(rate) * SECOND
        comes_by_itself = stream.chance(inbound / (inbound + outbound))
        drawn, where, again = stream.random(), stream.random(), stream.random()
        day = day_of(at)
        often = config.season[day.month - 1] / max(config.season)
        if comes_by_itself:
            often *= config.weekdays[day.weekday()] / max(config.weekdays)
        if drawn >= often:
            continue
        # Reps seek leads in working hours only; what falls outside them is done next morning.
        begins = at if comes_by_itself else moment_of(worked(at) + int(where * HOUR))
        if last is not None and worked(begins) >= last:
            return
        yield begins
        gone = account.gone_since
        if gone is None or (world.now - gone > _LEFT_ALONE and again < _TRIED_AGAIN):
            world.start(Lead(account, comes_by_itself).come())


def _last_to_come(account: Account) -> int | None:
    """Return the working time from which on a lead might still be open at the end."""
    config = account.world.config
    if not config.finish_deals:
        return None
    end = midnight(config.start) + config.days * DAY
    return worked(end) - working(config.longest_days)
