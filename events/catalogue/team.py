"""The team: who is hired, where people stand, what they do together.

`actor` of the envelope is the rep the event is about; others are named by fields. How people learn
is the family's module `growth`, what they are paid is `incentive`.
"""

from typing import Literal

from events.envelope import Payload, in_order
from events.values import (
    Amount,
    Channel,
    Count,
    Currency,
    Day,
    Id,
    Ids,
    Instant,
    Purpose,
    Score,
    Severity,
    Text,
)

PayType = Literal["salary", "bonus", "expenses", "other"]
"""What a rep was paid for; commission has its own event."""


class CandidateInterviewed(Payload, type="sales.candidate.interviewed.v1"):
    """Somebody who may be hired was talked to. `actor` is the interviewer."""

    candidate: Id
    role: Id | None = None
    interview_type: Id | None = None
    """Such as case, role_play, situation_questions, examples."""
    channel: Channel | None = None
    outcome: Id | None = None
    note: Text | None = None


class CandidateScored(Payload, type="sales.candidate.scored.v1"):
    """One trait of somebody who may be hired was judged. `actor` is who judges."""

    candidate: Id
    trait: Id
    """Such as coachable, curious, creative, hard_working, track_record."""
    score: Score
    """From 0, not at all, to 10, fully."""
    role: Id | None = None
    evidence: Text | None = None


class RepHired(Payload, type="sales.rep.hired.v1"):
    """Somebody was hired. `actor` is the new rep."""

    candidate: Id | None = None
    name: Text | None = None
    role: Id | None = None
    team: Id | None = None
    manager: Id | None = None
    starts_on: Day | None = None


class RepJoined(Payload, type="sales.rep.joined.v1"):
    """A rep began to work."""

    name: Text | None = None
    role: Id | None = None
    team: Id | None = None
    manager: Id | None = None
    territory: Id | None = None


class RepLeft(Payload, type="sales.rep.left.v1"):
    """A rep stopped working for the department."""

    reason: Text | None = None
    voluntary: bool | None = None
    """True where the rep wanted to go."""
    successor: Id | None = None
    """Who takes over."""


class RepTeamAssigned(Payload, type="sales.rep.team_assigned.v1"):
    """A rep belongs to a team from now on."""

    team: Id
    manager: Id | None = None
    """The manager of the rep in this team."""
    territory: Id | None = None
    previous_team: Id | None = None


class RepManagerAssigned(Payload, type="sales.rep.manager_assigned.v1"):
    """A rep reports to a manager from now on."""

    manager: Id
    previous_manager: Id | None = None


class RepTerritoryAssigned(Payload, type="sales.rep.territory_assigned.v1"):
    """A rep looks after a territory from now on."""

    territory: Id
    previous_territory: Id | None = None


class RepRoleAssigned(Payload, type="sales.rep.role_assigned.v1"):
    """A rep has a role from now on; a promotion where it is a higher one."""

    role: Id
    previous_role: Id | None = None
    promotion: bool | None = None


class RepDutyAssigned(Payload, type="sales.rep.duty_assigned.v1"):
    """A rep is responsible for something from now on. Two for one duty overlap."""

    duty: Id
    segment: Id | None = None
    product: Id | None = None
    territory: Id | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None

    _validity = in_order("valid_from", "valid_until")


class RepEquipped(Payload, type="sales.rep.equipped.v1"):
    """A rep was given what the work needs: a device, a licence, a car, samples."""

    equipment: Id
    equipment_type: Id | None = None


class RouteAssigned(Payload, type="sales.route.assigned.v1"):
    """A rep was given a round of customers to visit."""

    route: Id
    accounts: Ids | None = None
    """The accounts in the order of the round."""
    due: Day | None = None


class ProjectStarted(Payload, type="sales.project.started.v1"):
    """A rep took up a project beside the deals, such as a cross-functional one."""

    project: Id
    name: Text | None = None
    project_type: Id | None = None
    department: Id | None = None
    """The other department that takes part."""


class ProjectEnded(Payload, type="sales.project.ended.v1"):
    """A rep finished, or left, a project."""

    project: Id
    outcome: Id | None = None


class TimeSpent(Payload, type="sales.time.spent.v1"):
    """A rep spent time on something."""

    duration_seconds: Count
    purpose: Purpose | None = None
    task: Id | None = None
    project: Id | None = None
    note: Text | None = None


class TeamMeetingHeld(Payload, type="sales.team_meeting.held.v1"):
    """The team met. `actor` is who led the meeting."""

    meeting_type: Id
    """Such as progress, round_table, sales_and_operations, forum, one_to_one."""
    meeting: Id | None = None
    team: Id | None = None
    participants: Ids | None = None
    actions: Count | None = None
    """How many things were agreed to be done."""
    channel: Channel | None = None
    duration_seconds: Count | None = None
    note: Text | None = None


class TeamEventHeld(Payload, type="sales.team_event.held.v1"):
    """The team did something together that is not work: an outing, a course, a party."""

    team_event: Id
    team: Id | None = None
    participants: Ids | None = None


class AssistGiven(Payload, type="sales.assist.given.v1"):
    """A rep helped a colleague. `actor` is who helped."""

    recipient: Id
    topic: Id | None = None
    duration_seconds: Count | None = None


class CheckInHeld(Payload, type="sales.check_in.held.v1"):
    """Somebody asked a rep how things are: work, mood, health."""

    manager: Id | None = None
    """Who asked."""
    score: Score | None = None
    """From 0, very bad, to 10, very good."""
    support: Text | None = None
    """What help was agreed on."""
    note: Text | None = None


class PriorityAgreed(Payload, type="sales.priority.agreed.v1"):
    """A rep and a manager agreed on what comes first."""

    priority: Id
    manager: Id | None = None
    rank: Count | None = None
    """1 is the first."""
    due: Day | None = None
    description: Text | None = None


class DecisionMade(Payload, type="sales.decision.made.v1"):
    """Something was decided. `actor` decided."""

    decision: Id
    description: Text
    topic: Id | None = None
    team: Id | None = None
    reason: Text | None = None


class IssueRaised(Payload, type="sales.issue.raised.v1"):
    """Something keeps a rep from working: a stuck deal, a missing answer, a conflict."""

    issue: Id
    issue_type: Id | None = None
    """Such as stuck_deal, conflict, overlap, system, resources."""
    severity: Severity | None = None
    team: Id | None = None
    counterpart: Id | None = None
    """The other person, where it is a conflict."""
    description: Text | None = None


class IssueSolved(Payload, type="sales.issue.solved.v1"):
    """What kept a rep from working does so no more. `actor` solved it."""

    issue: Id
    outcome: Id | None = None
    description: Text | None = None


class ReportIssued(Payload, type="sales.report.issued.v1"):
    """A report went to somebody. `actor` issued it."""

    report: Id
    report_type: Id | None = None
    """Such as conversion, own_results, forecast, team."""
    recipients: Ids | None = None
    period_start: Day | None = None
    period_end: Day | None = None
    as_of: Instant | None = None
    """The moment up to which events counted, so that the report can be made again."""

    _period = in_order("period_start", "period_end")


class RepPaid(Payload, type="sales.rep.paid.v1"):
    """A rep was paid something other than commission."""

    amount: Amount
    currency: Currency
    pay_type: PayType
    period_start: Day | None = None
    period_end: Day | None = None
    reason: Text | None = None

    _period = in_order("period_start", "period_end")
