"""The append loop: from the tape into the ledger.

1. take a batch from the tape, from the warehouse's own watermark;
2. validate it, upcast it, write each model's payload;
3. append to `events`, then to `tape` (bad records there and to the dead letters), then write the
   watermark;
4. commit the position on the tape (a matter of Kafka: for lag monitors only).

A crash between any two steps repeats the batch, and repeating it changes nothing: a row is named
by its tape position. Steps 2 and 3 are the same functions in both sizes; here they are joined into
the loop of the embedded size, in `worker` into that of the cluster.
"""

import gc
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from clickhouse_connect.driver.client import Client

from events.parsing import Rejection
from infra.tape import Record, Tape
from infra.tape.dead_letters import REFUSED_BY_WAREHOUSE
from infra.warehouse import FAILURES, blames_a_value
from services.projector import store
from services.projector.rows import Judged, Rows, judge, ledger_rows, rows_of, tape_rows

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
"""How long appending pauses after a batch that was not full: an insert of one record costs the
engine as much as one of a thousand."""

DeadLetters = Callable[[Sequence[tuple[Record, str]]], None]
"""Takes the records of a batch that are no events, each with the reason; the same ones come again
when the batch is repeated. Returns when they are durable, or raises `TapeUnavailable`."""


class AppendLater(Exception):
    """The warehouse cannot take the batch now; nothing was lost, the same batch comes again."""


@dataclass(slots=True, eq=False)
class Batch:
    """A batch of the tape, ready for the warehouse."""

    start: dict[int, int]
    """The position it was read from."""
    end: dict[int, int]
    """The position after it."""
    records: list[Record]
    rows: Rows
    full: bool
    """True where the tape had at least as much as was asked for."""

    def oldest(self) -> dict[int, datetime]:
        """Return, per partition, when its first record was recorded."""
        return {record.partition: record.recorded_at for record in reversed(self.records)}


def prepared(start: dict[int, int], records: list[Record], *, full: bool) -> Batch:
    """Return the records read from `start` on as a batch. At least one record is needed."""
    # 2. validate, upcast, write each model's payload
    end = start | {record.partition: record.offset + 1 for record in records}
    return Batch(dict(start), end, records, rows_of(records), full)


def tune_collector() -> None:
    """Let Python look for cycles less often: events make none, and looking costs half the time."""
    gc.set_threshold(50_000, 20, 50)


@dataclass(slots=True)
class Appender:
    """Puts batches into the warehouse. One at a time, in the order of the tape."""

    client: Client
    between_steps: Callable[[str], None] = lambda _step: None
    """Called after each numbered step with its name; tests crash here."""
    dead_letters: DeadLetters | None = None
    rejected: int = 0
    """Records found to be no events since the start."""

    def append(self, batch: Batch) -> None:
        """Append a batch.

        Raises `AppendLater` when the engine cannot take it now, and what the dead letters raise:
        the same batch is to be given again.
        """
        # 3. events, then tape, then the dead letters, then the watermark
        rows = self._insert_ledger(batch)
        self.between_steps("events")
        self._send(lambda: store.insert(self.client, "tape", rows.tape))
        self.between_steps("tape")
        if rows.rejected and self.dead_letters is not None:
            self.dead_letters(_rejected(batch.records, rows))
            self.between_steps("dead letters")
        self._send(lambda: store.write_watermark(self.client, batch.end))
        self.rejected += rows.rejected
        self.between_steps("watermark")

    def _insert_ledger(self, batch: Batch) -> Rows:
        """Insert the rows of a batch; return them, without what the engine refuses."""
        try:
            store.insert(self.client, "events", batch.rows.ledger)
        except FAILURES as error:
            _raise_unless_a_value_is_blamed(error)
        else:
            return batch.rows
        judged = judge(batch.records)
        self._insert_in_halves(judged)
        ledger = ledger_rows(judged)
        return Rows(ledger, tape_rows(judged, ledger), judged.rejected)

    def _insert_in_halves(self, judged: Judged) -> None:
        """Insert what the engine takes; where it blames a value, halve until that is found.

        The record at fault becomes a rejection in `judged`, so that `tape` tells why.
        """
        try:
            store.insert(self.client, "events", ledger_rows(judged))
        except FAILURES as error:
            _raise_unless_a_value_is_blamed(error)
            if len(judged.records) == 1:
                judged.findings[0] = Rejection(f"{REFUSED_BY_WAREHOUSE}: {error}")
                return
            halves = judged.halves()
            for half in halves:
                self._insert_in_halves(half)
            judged.findings[:] = [finding for half in halves for finding in half.findings]

    def _send(self, statement: Callable[[], None]) -> None:
        try:
            statement()
        except FAILURES as error:
            raise AppendLater(str(error)) from error


@dataclass(slots=True)
class AppendLoop:
    """Appends what one process reads; holds the position in memory and in the watermark.

    While the engine takes one batch, outside Python's lock, the next one is read and validated.
    """

    tape: Tape
    client: Client
    batch_size: int = 20_000
    between_steps: Callable[[str], None] = lambda _step: None
    dead_letters: DeadLetters | None = None
    position: dict[int, int] = field(default_factory=dict)
    behind: bool = False
    """True while the last batch was a full one, so that more is likely waiting."""
    _appender: Appender = field(init=False)
    _ahead: Future[Batch | None] | None = None
    _reader: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="projector-read")
    )

    def __post_init__(self) -> None:
        self._appender = Appender(self.client, self.between_steps, self.dead_letters)

    def start(self) -> None:
        """Begin at the warehouse's own watermark."""
        self.position = store.watermark(self.client)
        tune_collector()

    def stop(self) -> None:
        """Give up reading ahead."""
        self._reader.shutdown(wait=True, cancel_futures=True)

    @property
    def rejected(self) -> int:
        """Records found to be no events since the start."""
        return self._appender.rejected

    def step(self) -> int:
        """Append one batch; return how many records it had.

        Raises `AppendLater` when the engine cannot take it now, `TapeUnavailable` when the tape
        cannot give it.
        """
        batch = self._next()
        if batch is None:
            self.behind = False
            return 0
        self.between_steps("read")
        self.behind = batch.full
        if batch.full:
            self._ahead = self._reader.submit(self._read, batch.end)
        self._appender.append(batch)
        self.position = batch.end
        return len(batch.records)

    def _next(self) -> Batch | None:
        """Return the batch at the position: the one read ahead, where that is it."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            batch = ahead.result()
            if batch is not None and batch.start == self.position:
                return batch
        return self._read(self.position)

    def _read(self, start: dict[int, int]) -> Batch | None:
        # 1. take a batch from the tape, from the watermark
        records = self.tape.read(start, self.batch_size)
        return prepared(start, records, full=len(records) >= self.batch_size) if records else None


def _rejected(records: Sequence[Record], rows: Rows) -> list[tuple[Record, str]]:
    told = zip(
        records, rows.tape["valid"].to_pylist(), rows.tape["reason"].to_pylist(), strict=True
    )
    return [(record, reason) for record, valid, reason in told if not valid]


def _raise_unless_a_value_is_blamed(error: Exception) -> None:
    if not blames_a_value(error):
        raise AppendLater(str(error)) from error
