"""What the gateway's tests share: events as bytes, a ledger in memory, tapes that misbehave."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from events.envelope import digest_of
from events.parsing import Rejection, parse_event
from infra.tape.contract import Entry, Positions, Receipt, Record, Tape
from services.gateway.candidates import AMENDMENTS
from services.gateway.ledger import Known, LedgerUnavailable
from services.gateway.names import NameFilter, deal_name, event_name
from services.gateway.recorded import known_of

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


def event(
    name: str = "e1",
    type: str = "sales.deal.won.v1",  # noqa: A002 - the attribute is called so
    data: Any = None,
    **attributes: Any,
) -> bytes:
    """Return a good event; attributes that are None are left out."""
    envelope = {
        "specversion": "1.0",
        "id": name,
        "source": "/crm",
        "type": type,
        "time": "2024-02-01T10:00:00Z",
        "account": "Acme",
        "deal": "D-1",
        "actor": "Ada Lovelace",
        "data": {"amount": "100.00", "currency": "EUR"} if data is None else data,
        **attributes,
    }
    return orjson.dumps({name: value for name, value in envelope.items() if value is not None})


def retraction(name: str, target: str, data: Mapping[str, Any] = {}, **attributes: Any) -> bytes:
    """Return a retraction that says nothing but which event it retracts."""
    return event(
        name,
        "sales.event.retracted.v1",
        {"target_source": "/crm", "target_id": target, **data},
        **{"account": None, "deal": None, "actor": None, **attributes},
    )


def correction(name: str, target: str, data: Mapping[str, Any] = {}, **attributes: Any) -> bytes:
    """Return a correction that says nothing but which event it corrects, and to what."""
    told = {
        "target_source": "/crm",
        "target_id": target,
        "corrected_time": "2024-02-02T10:00:00Z",
        "payload": {"amount": "120.00", "currency": "EUR"},
    }
    return event(
        name,
        "sales.event.corrected.v1",
        {**told, **data},
        **{"account": None, "deal": None, "actor": None, **attributes},
    )


def records_of(tape: Tape) -> list[Record]:
    """Return everything on a tape."""
    return tape.read({}, 1_000_000)


class MemoryLedger:
    """A ledger that has what `project` told it to read from the tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.asked: list[str] = []
        self.away = False
        self._records: list[Record] = []

    def project(self, share: float = 1.0) -> None:
        """Take in a share of what is on the tape and was not taken in yet."""
        records = records_of(self.tape)
        new = len(records) - len(self._records)
        self._records = records[: len(self._records) + round(new * share)]

    def watermark(self) -> dict[int, int]:
        self._ask("watermark")
        return {record.partition: record.offset + 1 for record in self._records}

    def known(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
        self._ask("known")
        return {pair: known for pair, known in self._known().items() if pair in pairs}

    def homes(self, deals: Sequence[str]) -> dict[str, str]:
        self._ask("homes")
        homes: dict[str, str] = {}
        for known in self._known().values():
            if known.deal in deals and known.type not in AMENDMENTS:
                homes.setdefault(known.deal, known.key)
        return homes

    def count(self) -> int:
        self._ask("count")
        return len(self._known())

    def names(self, exponent: int) -> bytes:
        self._ask("names")
        found = NameFilter(exponent)
        for pair, known in self._known().items():
            found.add(event_name(*pair))
            if known.deal is not None:
                found.add(deal_name(known.deal))
        return found.tobytes()

    def _known(self) -> dict[tuple[str, str], Known]:
        found: dict[tuple[str, str], Known] = {}
        for record in self._records:
            read = parse_event(record.value)
            assert not isinstance(read, Rejection)
            pair, digest = (read.source, read.id), digest_of(read)
            position = (record.partition, record.offset)
            first = found.setdefault(
                pair, known_of(read, bytes.fromhex(digest), record.key, position)
            )
            if digest not in {first.digest, *first.copies}:
                found[pair] = replace(first, copies={**first.copies, digest: position})
        return found

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise LedgerUnavailable("the warehouse cannot be asked: it is away")


class TapeBetween(Tape):
    """A tape before another one, for tests that come between a caller and its append.

    `before` may raise in its stead, `after` once it is done; both are given the entries.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.lots: list[int] = []
        self.before: Callable[[Sequence[Entry]], None] = lambda entries: None
        self.after: Callable[[Sequence[Entry]], None] = lambda entries: None

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        self.lots.append(len(entries))
        self.before(entries)
        receipts = self.tape.append(entries)
        self.after(entries)
        return receipts

    def read(self, start: Positions, limit: int) -> list[Record]:
        return self.tape.read(start, limit)

    def ends(self) -> dict[int, int]:
        return self.tape.ends()

    def wait(self, start: Positions, timeout: float) -> bool:
        return self.tape.wait(start, timeout)

    def close(self) -> None:
        self.tape.close()


class Gate:
    """Holds up whoever goes through until it is opened; `reached` tells that somebody waits."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()

    def __call__(self, entries: Sequence[Entry]) -> None:
        self.reached.set()
        assert self._opened.wait(30), "the gate was never opened"

    def open(self) -> None:
        self._opened.set()


class AppClient:
    """Asks an app without a server between; for answers that come in one piece."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def request(self, method: str, path: str, **parts: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
                return await client.request(method, path, **parts)

        return asyncio.run(ask())

    def post(self, path: str, **parts: Any) -> httpx.Response:
        return self.request("POST", path, **parts)

    def get(self, path: str, **parts: Any) -> httpx.Response:
        return self.request("GET", path, **parts)
