"""The gateway over HTTP: `POST /events` hands events to a sink, `GET /rejects` lists rejects.

Reads requests and writes answers; what becomes of an event is the sink's to say.
"""

import hmac
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect

from events.parsing import MAX_BYTES
from infra import clock
from infra.http_problem import problem
from infra.settings import GatewaySettings
from infra.sink import Outcome, Sink
from infra.tape.contract import TapeRefused, TapeUnavailable
from services.gateway.bodies import (
    LINES,
    MANY,
    ONE,
    BodyRefused,
    check_encoding,
    events_of,
    media_type_of,
    read_body,
)
from services.gateway.counters import Counters
from services.gateway.rate import RateLimit
from services.gateway.rejects import MAX_KEPT, RejectLog

MAX_COMMITTING = 64
"""How many requests hand events to the sink at the same time; the others wait for their turn."""

RETRY_AFTER_SECONDS = 2

_SPLIT_AT_ONCE = 64 * 1024  # a larger body would hold up other requests for milliseconds

_STATUS = {"appended": 201, "duplicate": 200, "conflict": 409, "rejected": 422}

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "One event: it was there already. Several: all are on the tape."},
    201: {"description": "The event is on the tape, durable."},
    207: {"description": "Several: not all were appended; `outcomes` says what became of each."},
    400: {"description": "The body is not JSON; says where."},
    401: {"description": "The API key is missing or wrong."},
    409: {
        "description": "The source and id were there with another content. The first one counts; "
        "this one is kept and listed."
    },
    413: {"description": "The body, the batch or the event is too large."},
    415: {"description": "The content type or the encoding is not taken."},
    422: {"description": "Not an event: says which field and what was expected."},
    429: {"description": "Too many events a second; says when to try again."},
    503: {"description": "Nothing was appended; says when to try again."},
}

_BODY = {
    "requestBody": {
        "required": True,
        "description": "CloudEvents 1.0: one event, an array, or one event a line.",
        "content": {name: {"schema": {}} for name in ONE + MANY + LINES[:1]},
    }
}


def gateway_router(
    sink: Sink,
    settings: GatewaySettings,
    rejects: RejectLog,
    counters: Counters | None = None,
    *,
    monotonic: Callable[[], float] = clock.monotonic,
) -> APIRouter:
    """Return the routes of the gateway.

    What the sink rejects it keeps itself; `rejects` gets what never comes that far, and is what
    `GET /rejects` lists. `counters` counts requests that are refused.
    """
    gateway = _Gateway(sink, settings, rejects, counters or Counters(), monotonic)
    router = APIRouter(tags=["gateway"])
    router.add_api_route(
        "/events",
        gateway.post_events,
        methods=["POST"],
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra=_BODY,
        summary="Put events on the tape",
    )
    router.add_api_route(
        "/rejects",
        gateway.get_rejects,
        methods=["GET"],
        response_class=Response,
        summary="List what was rejected, newest first",
    )
    return router


class _Gateway:
    def __init__(
        self,
        sink: Sink,
        settings: GatewaySettings,
        rejects: RejectLog,
        counters: Counters,
        monotonic: Callable[[], float],
    ) -> None:
        self._sink = sink
        self._settings = settings
        self._rejects = rejects
        self._counters = counters
        self._rate = RateLimit(settings.rate, settings.burst, monotonic)
        self._threads = CapacityLimiter(MAX_COMMITTING)

    async def post_events(self, request: Request) -> Response:
        """Put one event or several on the tape; what is acknowledged is durable."""
        answer = await self._answer(request)
        if answer.status_code not in (200, 201, 207):
            self._counters.count([f"refused.{answer.status_code}"])
        return answer

    async def get_rejects(
        self, request: Request, limit: Annotated[int, Query(ge=1, le=MAX_KEPT)] = 100
    ) -> Response:
        """List what was rejected: when, why, and how it began."""
        refused = self._unauthorised(request)
        if refused is not None:
            return refused
        told = {"rejects": self._rejects.latest(limit), "unwritten": self._rejects.unwritten}
        return Response(to_json(told), media_type="application/json")

    async def _answer(self, request: Request) -> Response:
        refused = self._unauthorised(request)
        if refused is not None:
            return refused
        body = b""
        try:
            check_encoding(request.headers)
            media_type = media_type_of(request.headers)
            body = await read_body(request, self._settings.max_body_bytes)
            if len(body) < _SPLIT_AT_ONCE:
                raws = events_of(media_type, request.headers, body)
            else:
                raws = await to_thread.run_sync(
                    events_of, media_type, request.headers, body, limiter=self._threads
                )
        except BodyRefused as error:
            if body:
                self._rejects.keep([self._rejects.reject(body, error.detail)])
            return problem(error.status, error.detail, error.headers)
        except ClientDisconnect:
            return problem(400, "the connection ended before the body did; nothing was appended")
        if len(raws) > self._settings.max_batch:
            return problem(
                413,
                f"the batch has {len(raws):,} events, at most {self._settings.max_batch:,} are "
                "taken; send smaller batches",
            )
        seconds = self._rate.take(request.client.host if request.client else "", len(raws))
        if seconds:
            return problem(
                429,
                f"at most {self._settings.rate:,.0f} events a second are taken from one client; "
                "nothing was appended; try again later",
                {"Retry-After": str(math.ceil(seconds))},
            )
        return await self._accept(raws, single=media_type in ONE)

    async def _accept(self, raws: Sequence[bytes], *, single: bool) -> Response:
        try:
            outcomes = await to_thread.run_sync(self._sink.accept, raws, limiter=self._threads)
        except TapeUnavailable as error:
            return problem(503, str(error), {"Retry-After": str(RETRY_AFTER_SECONDS)})
        except TapeRefused as error:
            return problem(500, f"the tape does not take this: {error}")
        return _one(outcomes[0], raws[0]) if single else _several(outcomes)

    def _unauthorised(self, request: Request) -> Response | None:
        key = self._settings.api_key
        if key is None:
            return None
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        expected = key.get_secret_value().encode()
        # Compared in constant time, or the time taken would tell how much of a guess is right.
        right = hmac.compare_digest(given.strip().encode("latin-1", "replace"), expected)
        if right and scheme.lower() == "bearer":
            return None
        return problem(
            401,
            "this needs the API key as `Authorization: Bearer …`; "
            + ("the one given is wrong" if given else "none was given"),
            {"WWW-Authenticate": "Bearer"},
        )


def _one(outcome: Outcome, raw: bytes) -> Response:
    status = _STATUS[outcome.status]
    told = _told(outcome)
    if outcome.status == "rejected":
        if len(raw) > MAX_BYTES:
            status = 413
        elif not _is_json(raw):
            status = 400
        reason = told.pop("reason", None) or "the event was rejected"
        if raw.lstrip()[:1] == b"[":
            reason += f"; an array of events is sent as {MANY[0]}"
        return problem(status, reason, outcome=told.pop("status"), **told)
    if outcome.status == "conflict":
        return problem(
            status,
            "an event with this source and id but another content was recorded before; that one "
            "counts, this one is kept on the tape and listed as a conflict",
            outcome=told.pop("status"),
            **told,
        )
    return Response(to_json(told), status, media_type="application/json")


def _several(outcomes: Sequence[Outcome]) -> Response:
    counts = Counter(outcome.status for outcome in outcomes)
    good = counts["appended"] + counts["duplicate"] == len(outcomes)
    told = {"counts": counts, "outcomes": [_told(outcome) for outcome in outcomes]}
    return Response(to_json(told), 200 if good else 207, media_type="application/json")


def _told(outcome: Outcome) -> dict[str, Any]:
    values = {
        "status": outcome.status,
        "source": outcome.source,
        "id": outcome.id,
        "partition": outcome.partition,
        "offset": outcome.offset,
        "field": outcome.field,
        "reason": outcome.reason,
    }
    return {name: value for name, value in values.items() if value is not None}


def _is_json(raw: bytes) -> bool:
    try:
        from_json(raw)
    except ValueError:
        return False
    return True
