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
from dataclasses import dataclass, field

import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from events.parsing import Rejection
from infra.tape import Tape
from services.projector import store
from services.projector.rows import Judged, judge, ledger_rows, tape_rows

log = logging.getLogger(__name__)

DATA_ERRORS = frozenset({6, 26, 27, 32, 38, 41, 43, 53, 69, 70, 72, 117, 131, 321, 349, 361, 407})
"""Codes of the engine that blame a value; every other error may pass when tried again."""


class AppendLater(Exception):
    """The warehouse cannot take the batch now; nothing was lost, the same batch comes again."""


@dataclass(slots=True)
class AppendLoop:
    """Appends batches; holds the position in memory and in the warehouse's watermark."""

    tape: Tape
    client: Client
    batch_size: int = 20_000
    between_steps: Callable[[str], None] = lambda _step: None
    """Called after each numbered step with its name; tests crash here."""
    position: dict[int, int] = field(default_factory=dict)
    rejected: int = 0
    behind: bool = False
    """True while the last batch was a full one, so that more is likely waiting."""

    def start(self) -> None:
        """Begin at the warehouse's own watermark."""
        self.position = store.watermark(self.client)
        gc.set_threshold(50_000, 20, 50)

    def step(self) -> int:
        """Append one batch; return how many records it had.

        Raises `AppendLater` when the engine cannot take it now, `TapeUnavailable` when the tape
        cannot give it.
        """
        # 1. take a batch from the tape, from the watermark
        records = self.tape.read(self.position, self.batch_size)
        self.behind = len(records) >= self.batch_size
        if not records:
            return 0
        self.between_steps("read")
        # 2. validate, upcast, write each model's payload
        judged = judge(records)
        self.between_steps("judged")
        # 3. events, then tape, then the watermark
        self._insert("events", ledger_rows, judged)
        self.between_steps("events")
        self._insert("tape", tape_rows, judged)
        self.between_steps("tape")
        position = dict(self.position)
        for record in records:
            position[record.partition] = max(position.get(record.partition, 0), record.offset + 1)
        self._send(lambda: store.write_watermark(self.client, position))
        self.position = position
        self.rejected += judged.rejected
        self.between_steps("watermark")
        return len(records)

    def _insert(self, table: str, rows_of: Callable[[Judged], pa.Table], judged: Judged) -> None:
        """Insert the rows of a batch; where the engine blames a value, halve until it is found.

        The record at fault becomes a rejection in `judged`, so that `tape` tells why.
        """
        try:
            store.insert(self.client, table, rows_of(judged))
        except ClickHouseError as error:
            if error.code not in DATA_ERRORS or table != "events":
                raise AppendLater(str(error)) from error
            if len(judged.records) == 1:
                judged.findings[0] = Rejection(f"the warehouse refuses it: {error}")
                return
            first, second = judged.halves()
            for half in (first, second):
                self._insert(table, rows_of, half)
            judged.findings[:] = first.findings + second.findings

    def _send(self, statement: Callable[[], None]) -> None:
        try:
            statement()
        except ClickHouseError as error:
            raise AppendLater(str(error)) from error
