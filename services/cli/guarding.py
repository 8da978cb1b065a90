"""Who may talk to the platform over HTTP, and how many did: middleware around the whole app.

On loopback a browser of this machine could be led here by a page from elsewhere, under a name that
page controls; so names other than this machine's are refused. Elsewhere an API key is asked for.
"""

import base64
import binascii
import hmac
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.http_problem import problem

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = frozenset({"/health"})
"""What monitors may read without a key."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Lets requests through that come from where they may and, with a key, that know it.

    The key is taken as `Authorization: Bearer …`, or as the password of HTTP Basic, which browsers
    ask people for.
    """

    def __init__(self, app: ASGIApp, *, loopback: bool, api_key: str | None) -> None:
        self._app = app
        self._loopback = loopback
        self._key = None if api_key is None else api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            if self._key is not None and scope["path"] not in OPEN_PATHS:
                _give_bearer(scope, self._key)
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            status, detail = refusal
            asked = {"WWW-Authenticate": 'Bearer, Basic realm="Salestape"'} if status == 401 else {}
            await problem(status, detail, asked)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if self._loopback and _name_of(host) not in LOOPBACK_NAMES:
            return 421, (
                f"this platform is asked for as {host or '(nothing)'}, and serves this machine "
                "only; use 127.0.0.1 or localhost"
            )
        if (scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS) and (
            origin := headers.get("origin")
        ):
            asker = urlsplit(origin).netloc
            if asker.lower() != host.lower():
                return 403, f"a page from {origin} may not do this here"
        if self._key is None or scope["path"] in OPEN_PATHS:
            return None
        given = _key_in(headers.get("authorization", ""))
        if given is None:
            return 401, "this needs the API key as `Authorization: Bearer …`; none was given"
        # Compared in constant time, or the time taken would tell how much of a guess is right.
        if not hmac.compare_digest(given, self._key):
            return (
                401,
                "this needs the API key as `Authorization: Bearer …`; the one given is wrong",
            )
        return None


def _name_of(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _key_in(authorization: str) -> bytes | None:
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value.encode("latin-1", "replace")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except binascii.Error:
        return None


def _give_bearer(scope: Scope, key: bytes) -> None:
    """Hand the key on in the one form that the parts behind know."""
    kept = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    scope["headers"] = [*kept, (b"authorization", b"Bearer " + key)]


class RequestCounts:
    """Counts requests by method, route and status; routes are few, as parameters are left out."""

    def __init__(self, app: ASGIApp, counts: "Counter[tuple[str, str, int]]") -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counts[scope["method"], _route_of(scope), message["status"]] += 1
            await send(message)

        await self._app(scope, receive, count)


def _route_of(scope: Scope) -> str:
    route: Any = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) and path else "other"
