"""A sink that hands events to a running gateway over HTTP.

For importers and the simulator while the platform runs. Trying again is safe: an event that was
appended before is answered as a duplicate.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx
from pydantic_core import from_json, to_json

from events.parsing import Rejection, parse_event
from infra.closing import Closing
from infra.sink import Outcome
from infra.tape.contract import TapeRefused, TapeUnavailable
from infra.urls import has_tls

MAX_EVENTS = 5_000
MAX_BYTES = 4 * 1024 * 1024
"""What one request holds at most; an event that is larger goes alone."""

ATTEMPTS = 18
"""Two minutes of pauses: as long as a command waits that has the tape for itself."""
TIMEOUT_SECONDS = 60.0

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_LATER = frozenset({429, 502, 503, 504})
_TOO_LARGE = 413
_HEADERS = {"Content-Type": "application/x-ndjson"}

_log = logging.getLogger(__name__)


def wait(seconds: float) -> None:
    """Pause the calling thread."""
    threading.Event().wait(seconds)


class HttpSink(Closing):
    """Posts to the gateway at `address`, such as ``http://127.0.0.1:8420``.

    `pause` waits so many seconds between two attempts. Close it after use; safe to use from
    several threads.
    """

    def __init__(
        self,
        address: str,
        api_key: str | None = None,
        *,
        attempts: int = ATTEMPTS,
        pause: Callable[[float], None] = wait,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._address = address
        self._attempts = attempts
        self._pause = pause
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._client = httpx.Client(
            base_url=address,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            verify=has_tls(address),
            trust_env=False,  # a proxy for the world is none for the platform
        )

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Hand in events; see `infra.sink.Sink.accept`.

        Large lots travel in several requests, so of what raises some may have been appended.
        Raises `TapeUnavailable` when the gateway could not be reached or put them off, several
        times over, and `TapeRefused` when it will not take them (a wrong API key, no gateway).
        """
        outcomes: list[Outcome] = []
        for lot in _lots(raws):
            outcomes += self._accept(lot)
        return outcomes

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _accept(self, lot: Sequence[bytes]) -> list[Outcome]:
        lines = list(map(_on_one_line, lot))
        answer = self._post(b"\n".join(lines))
        if answer.status_code == _TOO_LARGE and len(lot) > 1:
            middle = len(lot) // 2
            return self._accept(lot[:middle]) + self._accept(lot[middle:])
        if answer.status_code == _TOO_LARGE:
            raise TapeRefused(f"the gateway at {self._address} says: {_detail(answer)}")
        try:
            told = [_outcome(one) for one in from_json(answer.content)["outcomes"]]
            return [
                outcome if raw is line else _of_what_was_sent(raw, outcome)
                for raw, line, outcome in zip(lot, lines, told, strict=True)
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise TapeRefused(
                f"what answers at {self._address} is no gateway of Salestape: {answer.text[:200]}"
            ) from error

    def _post(self, body: bytes) -> httpx.Response:
        """Return the answer: of a gateway that took events, or to which they were too many."""
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, self._attempts + 1):
            try:
                answer = self._client.post("/events", content=body, headers=_HEADERS)
            except httpx.TransportError as error:
                later, problem = 0.0, f"the gateway at {self._address} cannot be reached: {error}"
            else:
                if answer.status_code in (200, 207, _TOO_LARGE):
                    return answer
                problem = f"the gateway at {self._address} says: {_detail(answer)}"
                if answer.status_code not in _LATER:
                    raise TapeRefused(problem)
                later = _retry_after(answer)
            if attempt < self._attempts:
                _log.info("%s; attempt %d of %d", problem, attempt, self._attempts)
                self._pause(min(max(pause, later), _LONGEST_PAUSE_SECONDS))
                pause *= 2
        raise TapeUnavailable(f"{problem} (tried {self._attempts} times)")


def _lots(raws: Sequence[bytes]) -> Iterator[list[bytes]]:
    lot: list[bytes] = []
    size = 0
    for raw in raws:
        if lot and (len(lot) == MAX_EVENTS or size + len(raw) > MAX_BYTES):
            yield lot
            lot, size = [], 0
        lot.append(raw)
        size += len(raw) + 1
    if lot:
        yield lot


def _on_one_line(raw: bytes) -> bytes:
    """Return an event so that it takes one line, and only that; most are returned as they are.

    Breaks in good JSON are nothing but space. What is none must not become good by losing them, so
    it is told as a string, which no gateway takes for an event.
    """
    if raw.strip() and b"\n" not in raw and b"\r" not in raw:
        return raw
    try:
        from_json(raw)
    except ValueError:
        return to_json(raw.decode(errors="backslashreplace"))
    return raw.replace(b"\n", b" ").replace(b"\r", b" ")


def _of_what_was_sent(raw: bytes, outcome: Outcome) -> Outcome:
    """Return the outcome with a reason that speaks of the event, not of the line it was put on."""
    found = parse_event(raw) if outcome.status == "rejected" else None
    if not isinstance(found, Rejection):
        return outcome
    return replace(outcome, reason=found.reason, field=found.field)


def _outcome(told: Any) -> Outcome:
    return Outcome(
        told["status"],
        told.get("id"),
        told.get("source"),
        told.get("reason"),
        told.get("field"),
        told.get("partition"),
        told.get("offset"),
    )


def _detail(answer: httpx.Response) -> str:
    try:
        return str(from_json(answer.content)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}"


def _retry_after(answer: httpx.Response) -> float:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else 0.0
