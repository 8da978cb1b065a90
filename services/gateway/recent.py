"""What is on the tape and perhaps not in the ledger yet, kept small.

Of each event some 200 bytes: its name, its digest and where it lies. Beside it where deals are at
home. Not thread-safe; whoever commits holds it alone.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from struct import Struct

from services.gateway.ledger import Position

Recorded = tuple[datetime, int, int]
"""When and where a record came onto the tape: of two records, the lesser was recorded first."""

MAX_SETTLED_HOMES = 200_000
"""How many homes of deals are kept that the ledger could tell as well."""

_POSITION = Struct(">IQ")
_DIGEST = 16
_NAME = 16


class Recent:
    """Events by name, with the digest of the first of each and those of its copies in conflict."""

    def __init__(self) -> None:
        self._firsts: dict[bytes, bytes] = {}
        self._copies: dict[bytes, bytes] = {}
        self._order: dict[int, deque[bytes]] = {}
        self._homes: dict[str, tuple[str, Recorded]] = {}
        self._home_order: dict[int, deque[tuple[int, str]]] = {}
        self._settled: dict[str, str] = {}

    def __len__(self) -> int:
        """Return how many events are remembered."""
        return len(self._firsts) + len(self._copies)

    def names(self) -> list[bytes]:
        """Return the names of the events, each once."""
        return list(self._firsts)

    def deals(self) -> list[str]:
        """Return the deals whose home the ledger cannot tell yet."""
        return list(self._homes)

    def first(self, name: bytes) -> tuple[bytes, Position] | None:
        """Return digest and place of the first event of this name."""
        packed = self._firsts.get(name)
        return None if packed is None else (packed[:_DIGEST], _position(packed[_DIGEST:]))

    def copy(self, name: bytes, digest: bytes) -> Position | None:
        """Return where the first copy with this digest lies, of those in conflict."""
        packed = self._copies.get(name + digest)
        return None if packed is None else _position(packed)

    def home(self, deal: str) -> str | None:
        """Return where a deal is at home, as far as that is remembered."""
        found = self._homes.get(deal)
        return self._settled.get(deal) if found is None else found[0]

    def is_settled(self, deal: str) -> bool:
        """Tell whether the ledger has told where a deal is at home."""
        return deal in self._settled

    def add_first(self, name: bytes, digest: bytes, position: Position) -> None:
        """Remember the first event of a name. What comes in a partition comes in order."""
        self._firsts[name] = digest + _POSITION.pack(*position)
        self._in_order(position[0], name)

    def add_copy(self, name: bytes, digest: bytes, position: Position) -> None:
        """Remember a copy in conflict with the first of its name."""
        self._copies[name + digest] = _POSITION.pack(*position)
        self._in_order(position[0], name + digest)

    def add_home(self, deal: str, key: str, recorded: Recorded) -> None:
        """Remember where a deal is at home, as told by a record; of several the first recorded.

        There are several where two gateways took the first events of a deal at the same moment.
        """
        found = self._homes.get(deal)
        if found is None or recorded < found[1]:
            self._homes[deal] = key, recorded
            self._home_order.setdefault(recorded[1], deque()).append((recorded[2], deal))

    def settle_homes(self, homes: Mapping[str, str]) -> None:
        """Remember homes that the ledger told, the latest 200,000 of them."""
        self._settled.update(homes)
        excess = len(self._settled) - MAX_SETTLED_HOMES
        if excess > 0:
            for deal in list(islice(self._settled, excess)):
                del self._settled[deal]

    def prune(self, watermark: Mapping[int, int]) -> None:
        """Forget what lies before the watermark: the ledger can tell it."""
        for partition, order in self._order.items():
            end = watermark.get(partition, 0)
            while order and self._offset(order[0]) < end:
                entry = order.popleft()
                del (self._firsts if len(entry) == _NAME else self._copies)[entry]
        settled = {}
        for partition, homes in self._home_order.items():
            end = watermark.get(partition, 0)
            while homes and homes[0][0] < end:
                deal = homes.popleft()[1]
                if (home := self._homes.pop(deal, None)) is not None:
                    settled[deal] = home[0]
        self.settle_homes(settled)

    def _in_order(self, partition: int, entry: bytes) -> None:
        order = self._order.get(partition)
        if order is None:
            order = self._order[partition] = deque()
        order.append(entry)

    def _offset(self, entry: bytes) -> int:
        packed = self._firsts[entry][_DIGEST:] if len(entry) == _NAME else self._copies[entry]
        return _position(packed)[1]


def _position(packed: bytes) -> Position:
    partition, offset = _POSITION.unpack(packed)
    return partition, offset
