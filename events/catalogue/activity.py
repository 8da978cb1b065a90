"""Activities: calls, emails, meetings, demos, notes, tasks, visits."""

from events.envelope import Payload
from events.values import Channel, Count, Direction, Id, Performer, Text


class CallMade(Payload, type="sales.call.made.v1"):
    """A telephone or video call was made or taken. `actor` is the rep."""

    direction: Direction
    outcome: Id | None = None
    """What came of it, such as connected, voicemail, no_answer."""
    duration_seconds: Count | None = None
    performer: Performer = "person"
    channel: Channel = "phone"
    note: Text | None = None
    cold: bool | None = None
    """True where it was the first contact with someone who did not ask for it."""
