"""Signals: what questions say is worth a look becomes events, once, and is cleared when it is gone.

A question raises signals when it has the columns `account`, `rules`, `evidence` and `since`: per
account the rules that hold, what each saw, and since when. A signal's name, its id and all it says
come from that alone, so that two processes that look at the same moment raise one signal.
Deciding what is worth a look is the questions' matter.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from clickhouse_connect.driver.client import Client

from infra.clock import now
from infra.sink import Sink

log = logging.getLogger(__name__)

SOURCE = "urn:salestape:signals"
COLUMNS = ("account", "rules", "evidence", "since")
LOT = 1_000
"""How many events are handed in at once."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A rule that holds for an account."""

    question: str
    account: str
    rule: str
    evidence: str
    since: datetime

    @property
    def signal(self) -> str:
        """The name of the signal: another cause, even of the same rule, has another."""
        cause = (self.question, self.account, self.rule, self.since.isoformat())
        return f"signal-{hashlib.sha256(chr(0).join(cause).encode()).hexdigest()[:20]}"


@dataclass(frozen=True, slots=True)
class Known:
    """A signal that is on the tape."""

    signal: str
    account: str
    rule: str
    status: str
    raised: int
    """How often it was raised."""
    source: str
    cleared_from: str

    @property
    def may_come_back(self) -> bool:
        """True where its cause was gone for a while; what a person has cleared stays cleared."""
        return self.status == "cleared" and self.cleared_from == SOURCE


@dataclass(frozen=True, slots=True)
class Told:
    """What one look has put on the tape."""

    raised: int
    cleared: int


class Signals:
    """Looks at the questions and tells what is new; `client` is for it alone."""

    def __init__(self, client: Client, sink: Sink, questions: Iterable[str], days: int) -> None:
        """`questions` are the names of all questions; what holds for longer than `days` already
        when it is first seen is no news, and raises no signal."""
        self._client = client
        self._sink = sink
        self._questions = frozenset(questions)
        self._days = timedelta(days=days)

    def step(self) -> Told:
        """Raise what holds and is not raised, clear what was raised and holds no more.

        To be called when everything on the tape is derived: what has only half arrived looks idle.
        Raises `ClickHouseError` or `TapeUnavailable`; then the next step makes up for it.
        """
        moment = now()
        questions = self._raising()
        earliest = (moment - self._days).strftime("%Y-%m-%d %H:%M:%S")
        known = {one.signal: one for one in self._known(earliest)}
        standing = "account IN (SELECT account FROM sales.signals WHERE status != 'cleared')"
        holding = {
            one.signal: one
            for question in questions
            for one in self._holding(question, f"since >= '{earliest}' OR {standing}")
        }
        news = [
            _raised(one, known.get(name), moment)
            for name, one in holding.items()
            if one.since >= moment - self._days and (name not in known or known[name].may_come_back)
        ]
        gone = [
            _cleared(one, moment)
            for name, one in known.items()
            if one.source == SOURCE and one.status != "cleared" and name not in holding
        ]
        return Told(self._tell(news), self._tell(gone))

    def _raising(self) -> list[str]:
        """Return the questions that raise signals."""
        listed = ", ".join(f"'{name}'" for name in COLUMNS)
        rows = self._client.query(
            f"SELECT table FROM system.columns WHERE database = 'sales' AND name IN ({listed}) "
            f"GROUP BY table HAVING count() = {len(COLUMNS)} ORDER BY table"
        ).result_rows
        return [name for (name,) in rows if name in self._questions]

    def _holding(self, question: str, where: str) -> Iterator[Holding]:
        rows = self._client.query(
            "SELECT account, rule, seen, since FROM "
            "(SELECT account, rule, seen, began AS since "
            f"FROM sales.{question} ARRAY JOIN rules AS rule, evidence AS seen, since AS began) "
            f"WHERE {where}"
        ).result_rows
        for account, rule, seen, since in rows:
            yield Holding(question, account, rule, seen, since.replace(tzinfo=UTC))

    def _known(self, earliest: str) -> Iterator[Known]:
        rows = self._client.query(
            "SELECT signal, account, rule, status, raised, source, cleared_from FROM sales.signals "
            f"WHERE raised_at >= '{earliest}' OR status != 'cleared'"
        ).result_rows
        return (Known(*row) for row in rows)

    def _tell(self, events: Iterable[Mapping[str, Any]]) -> int:
        """Hand events in; return how many of them are news to the tape."""
        appended = 0
        raws = (json.dumps(event).encode() for event in events)
        while lot := list(islice(raws, LOT)):
            for raw, outcome in zip(lot, self._sink.accept(lot), strict=True):
                appended += outcome.status == "appended"
                if outcome.status == "rejected":
                    log.error("a signal was refused: %s: %s", outcome.reason, raw.decode())
        return appended


def _raised(holding: Holding, before: Known | None, moment: datetime) -> dict[str, Any]:
    """Return the event; it happened when the rule began to hold, or now when it came back."""
    number = 1 if before is None else before.raised + 1
    return {
        "specversion": "1.0",
        "id": f"{holding.signal}-raised-{number}",
        "source": SOURCE,
        "type": "sales.signal.raised.v1",
        "time": (holding.since if before is None else moment).isoformat(),
        "subject": holding.signal,
        "account": holding.account,
        "data": {
            "signal": holding.signal,
            "rule": holding.rule,
            "evidence": holding.evidence,
        },
    }


def _cleared(known: Known, moment: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{known.signal}-cleared-{known.raised}",
        "source": SOURCE,
        "type": "sales.signal.cleared.v1",
        "time": moment.isoformat(),
        "subject": known.signal,
        "account": known.account,
        "data": {"signal": known.signal, "outcome": "passed"},
    }
