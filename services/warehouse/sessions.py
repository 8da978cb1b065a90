"""Sessions of HTTP clients: what SET, USE and temporary tables change, kept between requests.

A writer's session keeps a connection to the engine, a reader's only its settings: a reader's
connections are locked after their settings are made.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.clock import monotonic
from infra.warehouse.embedded import Handle
from services.warehouse.access import Role
from services.warehouse.asking import Asked
from services.warehouse.errors import (
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    ServerError,
)

MAX_SESSIONS = 1_000


@dataclass(slots=True)
class Session:
    """One session; only the request that holds it uses it."""

    handle: Handle | None = None
    settings: dict[str, str] = field(default_factory=dict)
    """What a reader SET."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """The settings in the URL of the last request, which are on the handle still."""
    before: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """What those settings were before, and whether they differed from the defaults."""
    database: str = ""
    busy: bool = False
    ends_at: float = 0


class Sessions:
    """The open sessions. Safe to use from several threads."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._open: dict[tuple[Role, str], Session] = {}

    @contextmanager
    def held(self, role: Role, asked: Asked) -> Iterator[Session]:
        """Lend the session that a request asks for, a new one where there is none of its name.

        Raises `ServerError` where another request has it, or it must exist and does not.
        """
        session = self._take(role, asked)
        try:
            yield session
        finally:
            session.ends_at = self._now() + asked.session_seconds
            session.busy = False

    def _take(self, role: Role, asked: Asked) -> Session:
        key = (role, asked.session)
        with self._lock:
            self._end_old()
            session = self._open.get(key)
            if session is None and asked.session_must_exist:
                raise ServerError(SESSION_NOT_FOUND, f"Session {asked.session} not found")
            if session is not None and session.busy:
                raise ServerError(
                    SESSION_IS_LOCKED, f"Session {asked.session} is locked by a concurrent client"
                )
            if session is None:
                if len(self._open) >= MAX_SESSIONS:
                    raise ServerError(TOO_MANY_SIMULTANEOUS_QUERIES, "Too many open sessions")
                session = self._open[key] = Session()
            session.busy = True
            return session

    def _end_old(self) -> None:
        now = self._now()
        over = [key for key, one in self._open.items() if not one.busy and one.ends_at <= now]
        for key in over:
            _close(self._open.pop(key))

    def close(self) -> None:
        """End all sessions. Closing twice is allowed."""
        with self._lock:
            for session in self._open.values():
                _close(session)
            self._open.clear()


def _close(session: Session) -> None:
    if session.handle is not None:
        session.handle.close()
