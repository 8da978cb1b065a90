"""Where sources put their events: the gateway, whether in this process or behind HTTP.

Importers and the simulator know this protocol and nothing of the gateway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

OutcomeStatus = Literal["appended", "duplicate", "conflict", "rejected"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event that was handed in.

    `appended`: on the tape, durable. `duplicate`: the same event was already there; nothing was
    added. `conflict`: the pair of source and id was already there with another content; the new
    one is kept on the tape and listed, the first one counts. `rejected`: no event, see `reason`.
    """

    status: OutcomeStatus
    id: str | None = None
    source: str | None = None
    reason: str | None = None
    field: str | None = None
    partition: int | None = None
    offset: int | None = None


class Sink(Protocol):
    """Takes events as JSON bytes."""

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Hand in events; the answer has one outcome per input, in order.

        Returns once everything `appended` is durable. Raises `TapeUnavailable` when nothing could
        be appended and trying again later may help.
        """
