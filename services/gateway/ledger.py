"""What the gateway asks of the ledger: what is recorded there, and where deals are at home.

The gateway never asks about an event that it knows to be new, so that the usual post costs the
warehouse nothing: `names` gives it a filter of all there is (`services.gateway.names`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

Position = tuple[int, int]
"""Partition and offset of one record."""


class LedgerUnavailable(Exception):
    """The ledger cannot be asked now. Trying again later may help."""


@dataclass(frozen=True, slots=True)
class Known:
    """The first record of a pair of source and id; what is absent in the event is None.

    `digest` has 32 hexadecimal digits (`events.envelope.digest_of`). `copies` maps the digests of
    records in conflict with the first to where each was recorded first.
    """

    digest: str
    type: str
    time: datetime
    account: str | None
    deal: str | None
    actor: str | None
    subject: str | None
    key: str
    partition: int
    offset: int
    copies: Mapping[str, Position] = field(default_factory=dict)


class Ledger(Protocol):
    """What is in the ledger. Safe to use from several threads.

    Every method may raise `LedgerUnavailable`.
    """

    def watermark(self) -> dict[int, int]:
        """Return, per partition, the next offset: everything before it is in the ledger."""

    def known(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
        """Return what is recorded of these pairs of source and id; an unknown pair is absent."""

    def homes(self, deals: Sequence[str]) -> dict[str, str]:
        """Return the partition key each of these deals is at home in; an unknown one is absent."""

    def count(self) -> int:
        """Return how many names (pairs of source and id, and deals) there are, roughly."""

    def names(self, exponent: int) -> bytes:
        """Return the filter of all names: 2**exponent words, as `names.NameFilter` lays them out.

        It holds at least everything before a watermark that was asked before.
        """
