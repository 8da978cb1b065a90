"""What a rep does about an account: calls, emails, meetings, demos, proposals.

A stage of a deal, or the time with a lead, is a plan: activities in the order they come, each with
how often it comes at all. What becomes of the deal is not decided here.
"""

from collections.abc import Callable, Sequence
from typing import Any

from services.simulator.accounts import Account
from services.simulator.draws import Stream
from services.simulator.hours import DAY, moment_of
from services.simulator.roster import Rep, Role
from services.simulator.world import Process, money


class Work:
    """What reps do about one account for one reason: a lead, a deal, the care of a customer."""

    role: Role = "account_executive"

    def __init__(self, account: Account, stream: Stream, rep: Rep | None = None) -> None:
        self.account = account
        self.world = account.world
        self.config = account.world.config
        self.stream = stream
        self.rep = rep
        self.deal: str | None = None
        self.lead: str | None = None
        self.amount: float = 0
        """What the deal is worth, as far as it is known."""
        self.product = account.product
        self.obstacle: str | None = None
        """What stands in the way of the purchase now."""
        self._messages = 0

    def acting(self) -> Rep:
        """Return who does it now. Somebody who has left is followed by a colleague."""
        rep = self.rep
        if rep is None or not rep.works(self.world.now):
            self.rep = self.account.roster.choose(
                self.account.territory, self.role, self.world.now, self.stream.random()
            )
            if rep is not None:
                self.passed_on(rep, self.rep)
            rep = self.rep
        return rep

    def passed_on(self, previous: Rep, rep: Rep) -> None:
        """Tell that somebody else does it now, where that is worth telling."""

    def tell(self, kind: str, data: dict[str, Any], subject: str | None = None) -> None:
        """Tell that the rep did something, or that something happened to the rep's work."""
        rep = self.acting()
        self.account.tell(
            kind,
            data,
            subject=subject or self.deal or self.lead or self.account.name,
            account=self.account.name,
            deal=self.deal,
            actor=rep.name,
        )

    def contact(self, **said: Any) -> dict[str, Any]:
        """Return the payload of an activity, with the lead as long as there is no deal."""
        if self.lead is not None and self.deal is None:
            said["lead"] = self.lead
        return said

    def message(self, new: bool) -> str:
        """Return the id of a new message of this work, or of the last one."""
        self._messages += new
        return f"{self.deal or self.lead or self.account.name}/{max(self._messages, 1)}"


Activity = Callable[[Work], None]
Plan = Sequence[tuple[float, Activity]]


def carry_out(work: Work, plan: Plan, begun: int, length: int) -> Process:
    """Do what a plan says, spread over a span of working time in its order."""
    stream = work.stream
    for place, (often, activity) in enumerate(plan):
        drawn, where = stream.random(), stream.random()
        if drawn < often:
            yield moment_of(begun + int(length * (place + where) / len(plan)))
            activity(work)


def call(work: Work) -> None:
    """Call, and reach somebody or not."""
    drawn = work.stream.random()
    seconds = int(work.stream.skewed(420, 0.8))
    outcome = "connected" if drawn < 0.55 else "voicemail" if drawn < 0.8 else "no_answer"
    work.tell(
        "sales.call.made.v1",
        work.contact(
            direction="outbound",
            outcome=outcome,
            duration_seconds=seconds if outcome == "connected" else seconds % 40,
        ),
    )


def call_taken(work: Work) -> None:
    """The other side calls."""
    seconds = int(work.stream.skewed(300, 0.8))
    work.tell(
        "sales.call.made.v1",
        work.contact(direction="inbound", outcome="connected", duration_seconds=seconds),
    )


def email(work: Work) -> None:
    """Write to the other side."""
    work.tell("sales.email.sent.v1", work.contact(message=work.message(new=True)))


def sequence_email(work: Work) -> None:
    """A machine writes to the other side."""
    work.tell(
        "sales.email.sent.v1",
        work.contact(message=work.message(new=True), performer="machine"),
    )


def email_opened(work: Work) -> None:
    """The other side opens what was written last."""
    work.tell("sales.email.opened.v1", work.contact(message=work.message(new=False)))


def email_received(work: Work) -> None:
    """The other side writes."""
    answered = work.message(new=False)
    work.tell(
        "sales.email.received.v1",
        work.contact(message=work.message(new=True), in_reply_to=answered),
    )


def discovery(work: Work) -> None:
    """Meet to find out what the other side wants."""
    _meets(work, "discovery")


def negotiation(work: Work) -> None:
    """Meet about terms."""
    _meets(work, "negotiation")


def review(work: Work) -> None:
    """Meet to see how things go."""
    _meets(work, "review")


def _meets(work: Work, meeting_type: str) -> None:
    channel = "video" if work.stream.chance(0.7) else "in_person"
    minutes = work.stream.whole(2, 8) * 10
    work.tell(
        "sales.meeting.held.v1",
        work.contact(channel=channel, meeting_type=meeting_type, duration_seconds=minutes * 60),
    )


def need(work: Work) -> None:
    """Find out what the customer needs."""
    seats = work.stream.whole(5, 80)
    work.tell(
        "sales.need.recorded.v1",
        {
            "need": work.stream.pick(_NEEDS),
            "product": work.product,
            "quantity": str(seats),
            "unit": "seat",
        },
    )


def demo(work: Work) -> None:
    """Show the product."""
    minutes = work.stream.whole(3, 9) * 10
    work.tell(
        "sales.demo.held.v1",
        {"channel": "video", "product": work.product, "duration_seconds": minutes * 60},
    )


def presentation(work: Work) -> None:
    """Present what would meet the needs."""
    work.tell(
        "sales.presentation.given.v1",
        {"channel": "video", "product": work.product, "tailored": work.stream.chance(0.6)},
    )


def proposal(work: Work) -> None:
    """Send a proposal over what the deal is worth."""
    work.tell(
        "sales.proposal.sent.v1",
        {
            "proposal": f"{work.deal}/P",
            "amount": money(work.amount),
            "currency": work.config.currency,
            "product": work.product,
            "channel": "email",
            "valid_until": work.account.day(30 * DAY),
        },
    )


def obstacle(work: Work) -> None:
    """Hear of something that stands in the way."""
    work.obstacle = f"{work.deal}/O"
    work.tell(
        "sales.obstacle.raised.v1",
        {
            "obstacle": work.obstacle,
            "obstacle_type": work.stream.pick(("price", "timing", "legal", "authority")),
            "severity": work.stream.pick(("low", "medium", "high")),
        },
    )


def obstacle_cleared(work: Work) -> None:
    """Get out of the way what stands there, if anything does."""
    if work.obstacle is not None:
        work.tell("sales.obstacle.cleared.v1", {"obstacle": work.obstacle})
        work.obstacle = None


_NEEDS = (
    "answer customers faster",
    "replace spreadsheets that no longer hold",
    "bring three offices onto one system",
    "see stock and orders in one place",
    "prepare for an audit",
)
