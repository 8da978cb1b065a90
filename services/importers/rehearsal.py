"""The sink of a dry run: checks events as the gateway would, and keeps none of them.

It knows no tape, so what is already there counts as new. It holds 16 bytes an event, to find two
events of one import under one id.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from events.envelope import AnyEvent, digest_of
from events.parsing import Rejection, parse_events
from infra.clock import now
from infra.sink import Outcome

MAX_AHEAD = timedelta(minutes=5)
"""How far ahead of the clock the time of an event may lie before a tape refuses it."""


class Rehearsal:
    """Takes events as a sink does and says what would become of them on an empty tape."""

    def __init__(self) -> None:
        self._digests: dict[bytes, bytes] = {}

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Return one outcome per event; ``appended`` means that it could be."""
        return [self._outcome(parsed) for parsed in parse_events(raws)]

    def _outcome(self, parsed: AnyEvent | Rejection) -> Outcome:
        if isinstance(parsed, Rejection):
            return Outcome("rejected", reason=parsed.reason, field=parsed.field)
        if parsed.time > now() + MAX_AHEAD:
            return Outcome(
                "rejected",
                id=parsed.id,
                source=parsed.source,
                reason=f"time: {parsed.time.isoformat()} lies in the future",
                field="time",
            )
        named = hashlib.blake2b(f"{parsed.source}\x00{parsed.id}".encode(), digest_size=8).digest()
        digest = bytes.fromhex(digest_of(parsed))[:8]
        first = self._digests.setdefault(named, digest)
        if first is digest:
            return Outcome("appended", id=parsed.id, source=parsed.source)
        return Outcome(
            "duplicate" if first == digest else "conflict", id=parsed.id, source=parsed.source
        )
