"""Takes events in and acknowledges them once they are durable, each on the tape once.

What is handed in by several callers at the same time goes on the tape in one append: whoever
comes first commits for all who wait by then. Knows nothing of HTTP (`services.gateway.routes`).
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from pydantic_core import from_json

from events.parsing import MAX_BYTES, Rejection
from infra import clock
from infra.sink import Outcome
from infra.tape.contract import Receipt, Tape, TapeError, TapeRefused, TapeUnavailable
from services.gateway.candidates import AHEAD, Prepared, prepare
from services.gateway.counters import Counters, reason_class
from services.gateway.judging import Round, Verdict
from services.gateway.ledger import Ledger, LedgerUnavailable
from services.gateway.recorded import MAX_UNPROJECTED, Recorded
from services.gateway.rejects import RejectLog

MAX_WAITING = 200_000
"""How many events may wait for their turn to be appended."""

_COMMITTED_AT_ONCE = 20_000


@dataclass(slots=True, eq=False)
class _Call:
    """What one caller handed in, and what became of it: verdicts or an error."""

    items: list[Prepared]
    outcomes: list[Outcome] = field(default_factory=list)
    done: bool = False
    error: BaseException | None = None


class Intake:
    """The sink that writes to the tape. Safe to use from several threads.

    `rejects` keeps what is rejected, `counters` counts what came in; `limit` is how many events
    may wait for the projector. Neither the tape nor the ledger is closed here.
    """

    def __init__(
        self,
        tape: Tape,
        ledger: Ledger,
        rejects: RejectLog,
        *,
        counters: Counters | None = None,
        limit: int = MAX_UNPROJECTED,
        max_waiting: int = MAX_WAITING,
        now: Callable[[], datetime] = clock.now,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self.counters = Counters() if counters is None else counters
        self._tape = tape
        self._rejects = rejects
        self._recorded = Recorded(tape, ledger, limit, monotonic)
        self._max_waiting = max_waiting
        self._now = now
        self._queue: deque[_Call] = deque()
        self._waiting = 0
        self._queueing = threading.Lock()
        self._committing = threading.Lock()

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Put events on the tape; see `infra.sink.Sink.accept`.

        All that is new in one call is handed to the tape at once. Raises `TapeUnavailable` when
        trying again may help (a tape of several partitions may have some of it then, which the
        repeat finds), `TapeRefused` when it will not.
        """
        if not raws:
            return []
        call = _Call(prepare(raws, self._now()))
        self._enqueue(call)
        while not call.done:
            with self._committing:
                if not call.done:
                    self._commit(self._group())
        if call.error is not None:
            raise _again(call.error) from call.error
        return self._told(raws, call.outcomes)

    def follow(self) -> None:
        """Read the tape up to its end, so that the first caller need not wait for that.

        Raises as `accept` does, `TapeUnavailable` while the projector is too far behind.
        """
        with self._committing:
            try:
                self._recorded.follow()
            except LedgerUnavailable as error:
                raise _again(error) from error

    @property
    def unprojected(self) -> int:
        """How many events are on the tape and perhaps not in the ledger yet, roughly."""
        return self._recorded.waiting

    @property
    def queued(self) -> int:
        """How many events wait for their turn to be appended."""
        return self._waiting

    def _enqueue(self, call: _Call) -> None:
        events = len(call.items)
        with self._queueing:
            if self._waiting and self._waiting + events > self._max_waiting:
                raise TapeUnavailable(
                    f"{self._waiting:,} events wait to be appended, at most {self._max_waiting:,} "
                    "may; nothing was appended; try again in a moment"
                )
            self._queue.append(call)
            self._waiting += events

    def _group(self) -> list[_Call]:
        group: list[_Call] = []
        events = 0
        with self._queueing:
            while self._queue:
                events += len(self._queue[0].items)
                if group and events > _COMMITTED_AT_ONCE:
                    break
                group.append(self._queue.popleft())
            self._waiting -= sum(len(call.items) for call in group)
        return group

    def _commit(self, group: list[_Call]) -> None:
        """Append for a group of calls; each is done afterwards, with outcomes or with an error."""
        try:
            self._append(group)
        except TapeRefused as error:
            if len(group) == 1:
                group[0].error = error
            else:  # one of them is at fault; the others shall not suffer for it
                for call in group:
                    self._commit([call])
        except (TapeError, LedgerUnavailable) as error:
            for call in group:
                call.error = error
        except BaseException as error:  # whoever waits for this group must learn of it
            for call in group:
                call.error = error
            raise
        finally:
            for call in group:
                call.done = True

    def _append(self, group: list[_Call]) -> None:
        self._recorded.follow()
        self._recorded.make_room(sum(len(call.items) for call in group))
        items = chain.from_iterable(call.items for call in group)
        work = Round(self._recorded, items, self._now() + AHEAD)
        verdicts = [work.judge(call.items) for call in group]
        receipts = self._tape.append(work.entries) if work.entries else []
        for call, found in zip(group, verdicts, strict=True):
            call.outcomes = [_outcome(one, receipts) for one in found]
        self._recorded.remember(work.judged, receipts)

    def _told(self, raws: Sequence[bytes], outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Count the outcomes and keep what was rejected, with the name it gives itself."""
        if all(outcome.status != "rejected" for outcome in outcomes):
            self.counters.count(outcome.status for outcome in outcomes)
            return list(outcomes)
        told, names, rejects = [], [], []
        for raw, outcome in zip(raws, outcomes, strict=True):
            name: str = outcome.status
            if outcome.status == "rejected":
                outcome = _named(raw, outcome)
                reason = outcome.reason or ""
                name = f"rejected.{reason_class(raw, reason, outcome.field)}"
                rejects.append(
                    self._rejects.reject(raw, reason, outcome.field, outcome.source, outcome.id)
                )
            told.append(outcome)
            names.append(name)
        self._rejects.keep(rejects)
        self.counters.count(names)
        return told


def _outcome(verdict: Verdict | Rejection, receipts: Sequence[Receipt]) -> Outcome:
    if isinstance(verdict, Rejection):
        return Outcome("rejected", reason=verdict.reason, field=verdict.field)
    status, (source, name), place = verdict
    if isinstance(place, int):
        receipt = receipts[place]
        return Outcome(status, name, source, None, None, receipt.partition, receipt.offset)
    return Outcome(status, name, source, None, None, place[0], place[1])


def _again(error: BaseException) -> BaseException:
    """Return the error as each of several callers may raise it."""
    if isinstance(error, TapeRefused):
        return TapeRefused(str(error))
    if isinstance(error, (TapeUnavailable, LedgerUnavailable)):
        return TapeUnavailable(str(error))
    return RuntimeError(f"what was handed in at the same time failed: {error!r}")


def _named(raw: bytes, outcome: Outcome) -> Outcome:
    """Return the outcome with the source and id that a rejected event gives itself, if any."""
    if len(raw) > MAX_BYTES:
        return outcome
    try:
        json = from_json(raw)
    except ValueError:
        return outcome
    if not isinstance(json, dict):
        return outcome
    source, name = json.get("source"), json.get("id")
    return replace(
        outcome,
        source=source if isinstance(source, str) else None,
        id=name if isinstance(name, str) else None,
    )
