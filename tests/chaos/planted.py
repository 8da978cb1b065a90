"""The `salestape` command with a fault planted in it, to show that the chaos tests can fail.

With `FEW_QUESTIONS` set the command has few: what is judged are the tables, and the views of all
take a while to make. Nothing of this is in the product.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

WINDOW_SECONDS = 0.5
"""How long a planted moment lasts in which a crash does harm."""

FEW = ("churn_signals", "funnel")
PLANTED: dict[str, Callable[[], None]] = {}


def fault(plant: Callable[[], None]) -> Callable[[], None]:
    PLANTED[plant.__name__] = plant
    return plant


@fault
def watermark_before_insert() -> None:
    from services.projector import store
    from services.projector.append import Appender

    right = Appender.append

    def wrong(self: Appender, batch: Any) -> None:
        store.write_watermark(self.client, batch.end)
        time.sleep(WINDOW_SECONDS)
        right(self, batch)

    Appender.append = wrong  # type: ignore[method-assign]


@fault
def one_event_in_a_thousand_dropped() -> None:
    from services.projector import append, appending

    right = append.prepared

    def wrong(start: dict[int, int], records: list[Any], *, full: bool) -> Any:
        kept = [record for record in records if record.offset % 1_000 != 17] or records
        batch = right(start, kept, full=full)
        batch.end |= {record.partition: record.offset + 1 for record in records}
        return batch

    append.prepared = appending.prepared = wrong


@fault
def head_from_tape() -> None:
    """The head of a derivation is what `tape` holds, and `tape` is written first."""
    from services.projector import store
    from services.projector.append import Appender
    from services.projector.derive import DeriveLoop

    right = Appender.append

    def wrong(self: Appender, batch: Any) -> None:
        store.insert(self.client, "tape", batch.rows.tape)
        time.sleep(WINDOW_SECONDS * 4)
        right(self, batch)

    def head(self: DeriveLoop) -> dict[int, int]:
        rows = self.client.query(
            "SELECT partition, max(offset) + 1 FROM sales_store.tape GROUP BY partition"
        ).result_rows
        return {part: stop for part, stop in rows if part in (self.partitions or ())}

    Appender.append = wrong  # type: ignore[method-assign]
    DeriveLoop._end = head  # type: ignore[method-assign]


@fault
def generation_shown_too_early() -> None:
    from services.projector.deployment import Deployment

    Deployment._caught_up = lambda *_: True  # type: ignore[method-assign]


@fault
def start_from_the_committed_position() -> None:
    from aiokafka import TopicPartition

    from infra.tape.kafka_group import GroupReader

    right = GroupReader.place

    async def wrong(self: GroupReader, wanted: dict[int, int]) -> None:
        for part in wanted:
            place = TopicPartition(self._topic, part)
            wanted[part] = await self._consumer.committed(place) or 0
        await right(self, wanted)

    GroupReader.place = wrong  # type: ignore[method-assign,assignment]


def leave_out_questions() -> None:
    from projections import registry

    right = registry.load

    def few(*folders: Any, **options: Any) -> registry.Definitions:
        shipped = right(*folders, **options)
        return replace(shipped, questions={name: shipped.questions[name] for name in FEW})

    registry.load = few


def program(fault: str = "") -> str:
    """Return the command as a program, with a fault of `PLANTED` or none."""
    return f"import planted; planted.command({fault!r})"


def command(fault: str) -> None:
    if os.environ.get("FEW_QUESTIONS"):
        leave_out_questions()
    if fault:
        PLANTED[fault]()
    from services.cli.main import app

    app()
