"""Activities: calls, emails, messages, meetings, demos, notes, tasks, content, visits.

What a rep, or a machine in the rep's name, does with people outside the company. `actor` is the
rep. What moves a deal is the family `deal`; what happens inside the department is the family
`team`.
"""

from events.envelope import Payload
from events.values import Channel, Count, Day, Direction, Id, Ids, Instant, Performer, Text


class Contact(Payload):
    """What all contacts with people outside have in common."""

    channel: Channel | None = None
    direction: Direction | None = None
    outcome: Id | None = None
    """What came of it, such as connected, voicemail, no_answer, replied, follow_up_agreed."""
    performer: Performer = "person"
    lead: Id | None = None
    """The lead it was with, as long as there is no account."""
    contact: Id | None = None
    """The person at the other side."""
    campaign: Id | None = None
    """The campaign it was part of."""
    note: Text | None = None


class CallMade(Contact, type="sales.call.made.v1"):
    """A telephone or video call was made or taken. `actor` is the rep."""

    channel: Channel = "phone"
    direction: Direction
    duration_seconds: Count | None = None
    cold: bool | None = None
    """True where it was the first contact with someone who did not ask for it."""


class EmailSent(Contact, type="sales.email.sent.v1"):
    """An email went out to somebody outside."""

    channel: Channel = "email"
    direction: Direction = "outbound"
    message: Id | None = None
    thread: Id | None = None
    subject_line: Text | None = None
    content: Id | None = None
    """The template or material it carried."""


class EmailReceived(Contact, type="sales.email.received.v1"):
    """An email came in from somebody outside."""

    channel: Channel = "email"
    direction: Direction = "inbound"
    message: Id | None = None
    thread: Id | None = None
    subject_line: Text | None = None
    in_reply_to: Id | None = None
    """The message it answers."""


class EmailOpened(Contact, type="sales.email.opened.v1"):
    """Somebody outside opened an email, as far as mail programs tell."""

    channel: Channel = "email"
    direction: Direction = "inbound"
    message: Id | None = None
    """The message that was opened."""
    link: Text | None = None
    """The link that was followed, where one was."""


class MessageSent(Contact, type="sales.message.sent.v1"):
    """A message other than an email went out: chat, text message, social network, letter."""

    direction: Direction = "outbound"
    message: Id | None = None
    thread: Id | None = None
    content: Id | None = None


class MessageReceived(Contact, type="sales.message.received.v1"):
    """A message other than an email came in."""

    direction: Direction = "inbound"
    message: Id | None = None
    thread: Id | None = None
    in_reply_to: Id | None = None


class ConversationHeld(Contact, type="sales.conversation.held.v1"):
    """A rep talked to a prospect or customer in a way that no other activity records.

    Such as at the counter of a shop or the stand of a fair. One for each person talked to.
    """

    duration_seconds: Count | None = None
    cold: bool | None = None
    product: Id | None = None


class MeetingScheduled(Contact, type="sales.meeting.scheduled.v1"):
    """A meeting with somebody outside was agreed on."""

    meeting: Id
    starts_at: Instant
    meeting_type: Id | None = None
    participants: Ids | None = None


class MeetingHeld(Contact, type="sales.meeting.held.v1"):
    """A meeting with somebody outside took place. Meetings of the team are `team_meeting`."""

    meeting: Id | None = None
    meeting_type: Id | None = None
    """What it was for, such as discovery, negotiation, review, relationship."""
    participants: Ids | None = None
    duration_seconds: Count | None = None


class MeetingCancelled(Contact, type="sales.meeting.cancelled.v1"):
    """A meeting that was agreed on did not take place."""

    meeting: Id
    reason: Text | None = None
    """Why not, such as no_show, postponed, no_interest."""


class DemoHeld(Contact, type="sales.demo.held.v1"):
    """A product was demonstrated to somebody outside."""

    product: Id | None = None
    meeting: Id | None = None
    specialist: Id | None = None
    """The specialist who ran it together with the rep."""
    participants: Ids | None = None
    duration_seconds: Count | None = None


class VisitMade(Contact, type="sales.visit.made.v1"):
    """A rep went to a customer, or a customer came."""

    channel: Channel = "in_person"
    purpose_of_visit: Id | None = None
    """Such as prospecting, care, delivery, complaint."""
    duration_seconds: Count | None = None
    route: Id | None = None
    """The planned round that the visit was part of."""


class ContentShared(Contact, type="sales.content.shared.v1"):
    """Material was given to somebody outside: a brochure, a case study, a price list."""

    content: Id
    stage: Id | None = None
    """The stage the deal was in, where there is one."""
    content_type: Id | None = None


class ContentViewed(Contact, type="sales.content.viewed.v1"):
    """Somebody outside looked at material that was shared."""

    content: Id
    duration_seconds: Count | None = None


class NoteWritten(Payload, type="sales.note.written.v1"):
    """A rep wrote something down about a customer, a deal or a lead."""

    note: Text
    lead: Id | None = None
    contact: Id | None = None
    topic: Id | None = None
    department: Id | None = None
    """The other department the note is from or for."""
    performer: Performer = "person"


class TaskScheduled(Payload, type="sales.task.scheduled.v1"):
    """Something was set to be done by a day, such as a follow-up. `actor` is who has to do it."""

    task: Id
    task_type: Id
    """What is to be done, such as follow_up, renewal_call, prepare_proposal."""
    due: Day
    lead: Id | None = None
    assigned_by: Id | None = None
    """Who set it; absent where the rep did."""
    project: Id | None = None
    channel: Channel | None = None
    note: Text | None = None


class TaskDone(Payload, type="sales.task.done.v1"):
    """Something that was set to be done was done. `actor` is who did it."""

    task: Id
    task_type: Id | None = None
    lead: Id | None = None
    outcome: Id | None = None
    performer: Performer = "person"
    channel: Channel | None = None
    note: Text | None = None


class TaskCancelled(Payload, type="sales.task.cancelled.v1"):
    """Something that was set to be done need not be done any more."""

    task: Id
    reason: Text | None = None
    lead: Id | None = None
