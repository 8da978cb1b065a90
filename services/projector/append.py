"""The append loop: from the tape into the ledger.

1. take a batch from the tape, from the warehouse's own watermark;
2. validate it, upcast it, write each model's payload;
3. append to `events`, then to `tape`, then write the watermark;
4. commit the position on the tape (a matter of Kafka: for lag monitors only).

A crash between any two steps repeats the batch, and repeating it changes nothing: a row is named
by its tape position.
"""

import gc
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from events.parsing import Rejection
from infra.tape import Record, Tape
from services.projector import store
from services.projector.rows import Judged, Rows, judge, ledger_rows, rows_of, tape_rows

log = logging.getLogger(__name__)

DATA_ERRORS = frozenset({6, 26, 27, 32, 38, 41, 43, 53, 69, 70, 72, 117, 131, 321, 349, 361, 407})
"""Codes of the engine that blame a value; every other error may pass when tried again."""


class AppendLater(Exception):
    """The warehouse cannot take the batch now; nothing was lost, the same batch comes again."""


@dataclass(slots=True)
class Batch:
    """A batch of the tape, ready for the warehouse."""

    start: dict[int, int]
    """The position it was read from."""
    records: list[Record]
    rows: Rows
    full: bool
    """True where the tape had at least as much as was asked for."""

    @property
    def end(self) -> dict[int, int]:
        """The position after it."""
        end = dict(self.start)
        for record in self.records:
            end[record.partition] = max(end.get(record.partition, 0), record.offset + 1)
        return end


@dataclass(slots=True)
class AppendLoop:
    """Appends batches; holds the position in memory and in the warehouse's watermark.

    While the engine takes one batch, outside Python's lock, the next one is read and validated.
    """

    tape: Tape
    client: Client
    batch_size: int = 20_000
    between_steps: Callable[[str], None] = lambda _step: None
    """Called after each numbered step with its name; tests crash here."""
    position: dict[int, int] = field(default_factory=dict)
    rejected: int = 0
    behind: bool = False
    """True while the last batch was a full one, so that more is likely waiting."""
    _ahead: Future[Batch | None] | None = None
    _reader: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="projector-read")
    )

    def start(self) -> None:
        """Begin at the warehouse's own watermark."""
        self.position = store.watermark(self.client)
        # Events make no cycles; looking for some at the usual rate costs half of the time.
        gc.set_threshold(50_000, 20, 50)

    def stop(self) -> None:
        """Give up reading ahead."""
        self._reader.shutdown(wait=True, cancel_futures=True)

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
            self._ahead = self._reader.submit(self._prepare, batch.end)
        # 3. events, then tape, then the watermark
        rows = self._insert_ledger(batch)
        self.between_steps("events")
        self._send(lambda: store.insert(self.client, "tape", rows.tape))
        self.between_steps("tape")
        self._send(lambda: store.write_watermark(self.client, batch.end))
        self.position = batch.end
        self.rejected += rows.rejected
        self.between_steps("watermark")
        return len(batch.records)

    def _next(self) -> Batch | None:
        """Return the batch at the position: the one read ahead, where that is it."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            batch = ahead.result()
            if batch is not None and batch.start == self.position:
                return batch
        return self._prepare(self.position)

    def _prepare(self, start: dict[int, int]) -> Batch | None:
        # 1. take a batch from the tape, from the watermark
        records = self.tape.read(start, self.batch_size)
        if not records:
            return None
        # 2. validate, upcast, write each model's payload
        return Batch(dict(start), records, rows_of(records), len(records) >= self.batch_size)

    def _insert_ledger(self, batch: Batch) -> Rows:
        """Insert the rows of a batch; return them, without what the engine refuses."""
        try:
            store.insert(self.client, "events", batch.rows.ledger)
        except ClickHouseError as error:
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
        except ClickHouseError as error:
            _raise_unless_a_value_is_blamed(error)
            if len(judged.records) == 1:
                judged.findings[0] = Rejection(f"the warehouse refuses it: {error}")
                return
            halves = judged.halves()
            for half in halves:
                self._insert_in_halves(half)
            judged.findings[:] = [finding for half in halves for finding in half.findings]

    def _send(self, statement: Callable[[], None]) -> None:
        try:
            statement()
        except ClickHouseError as error:
            raise AppendLater(str(error)) from error


def _raise_unless_a_value_is_blamed(error: ClickHouseError) -> None:
    if getattr(error, "code", None) not in DATA_ERRORS:
        raise AppendLater(str(error)) from error
