"""What the feed's tests share: records to append, tapes of other kinds, and a client."""

import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from infra.tape.contract import Entry, Positions, Receipt, Record, Tape, TapeRefused

_NO_TLS = False  # loading certificates takes longer than a short feed
NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


def entry(
    name: str,
    type: str = "sales.deal.won.v1",  # noqa: A002 - the attribute is called so
    data: Any = None,
    **attributes: Any,
) -> Entry:
    """Return a record of an event as the gateway would append it."""
    event = {
        "specversion": "1.0",
        "id": name,
        "source": "/crm",
        "type": type,
        "time": "2024-02-01T10:00:00Z",
        "sequence": 0,
        "account": "Acme",
        "deal": "D-1",
        "actor": "Ada",
        "data": {"amount": "100.00", "currency": "EUR"} if data is None else data,
        **attributes,
    }
    return Entry("Acme", orjson.dumps(event))


@dataclass(frozen=True, slots=True)
class Sent:
    """One server-sent event that says something: its id, its type and its data."""

    id: str
    event: str
    data: Any

    @property
    def name(self) -> str:
        return self.data["id"]


class Reading:
    """An open feed. `last_id` is what a browser would send as `Last-Event-ID`."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self.comments = 0
        self._lines = answer.iter_lines()

    def blocks(self) -> Iterator[Sent | None]:
        """Yield what comes between blank lines: an event, or None where it says nothing."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            else:
                self.last_id = fields.get("id", self.last_id)
                data = fields.get("data")
                yield data and Sent(self.last_id, fields["event"], orjson.loads(data))
                fields = {}

    def events(self) -> Iterator[Sent]:
        return (block for block in self.blocks() if block is not None)

    def up_to(self, position: str) -> list[Sent]:
        """Return the events up to where the feed says that this position is reached."""
        blocks, found = self.blocks(), []
        while self.last_id != position:
            found.append(next(blocks))
        return [block for block in found if block is not None]

    def take(self, count: int) -> list[Sent]:
        """Return the next events, so many of them."""
        events = self.events()
        return [next(events) for _ in range(count)]


@contextmanager
def reading(
    address: str, last_event_id: str | None = None, **parameters: Any
) -> Generator[Reading, None, None]:
    """Open a feed; on return it is followed, so that what is appended from then on is in it."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with (
        httpx.Client(base_url=address, timeout=30, verify=_NO_TLS) as client,
        client.stream("GET", "/feed", params=parameters, headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        found = Reading(answer)
        assert next(found.blocks()) is None  # says where the feed begins
        yield found


class TapeAside(Tape):
    """A tape before another one: counts what is read, and fails when it is told to."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.reads = 0
        self.failed = 0
        self.stretches: list[tuple[int, int]] = []
        """From which offset of partition 0 how many records were read, in order."""
        self.error: Exception | None = None

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        return self.tape.append(entries)

    def read(self, start: Positions, limit: int) -> list[Record]:
        if self.error is not None:
            self.failed += 1
            raise self.error
        self.reads += 1
        found = self.tape.read(start, limit)
        self.stretches.append((start.get(0, 0), len(found)))
        return found

    def ends(self) -> dict[int, int]:
        return self.tape.ends()

    def wait(self, start: Positions, timeout: float) -> bool:
        return self.tape.wait(start, timeout)

    def close(self) -> None:
        self.tape.close()


class PartitionedTape(Tape):
    """A tape in memory with several partitions, by the first letter of the key."""

    def __init__(self, keys: str) -> None:
        self._partitions: Mapping[int, list[Record]] = {n: [] for n in range(len(keys))}
        self._keys = keys
        self._changed = threading.Condition()

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        receipts = []
        with self._changed:
            for one in entries:
                partition = self._keys.index(one.key[0])
                offset = len(self._partitions[partition])
                record = Record(partition, offset, NOW, one.key, one.value)
                self._partitions[partition].append(record)
                receipts.append(Receipt(partition, offset, NOW))
            self._changed.notify_all()
        return receipts

    def read(self, start: Positions, limit: int) -> list[Record]:
        found: list[Record] = []
        for partition, records in self._partitions.items():
            found += records[start.get(partition, 0) :]
        return found[:limit]

    def ends(self) -> dict[int, int]:
        return {partition: len(records) for partition, records in self._partitions.items()}

    def wait(self, start: Positions, timeout: float) -> bool:
        def is_behind() -> bool:
            return any(end > start.get(partition, 0) for partition, end in self.ends().items())

        with self._changed:
            return self._changed.wait_for(is_behind, timeout)

    def close(self) -> None:
        raise TapeRefused("a tape in memory is not closed")
