"""Questions and SQL over HTTP: reads requests, writes answers; what is allowed is the guard's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from infra.http_problem import problem
from infra.reading.refusals import QueryFailed, Refused
from infra.warehouse import WarehouseError
from services.query.answers import Slices, Unanswerable, UnknownQuestion
from services.query.asking import row_named
from services.query.encoding import answer_as_json, explained_as_json
from services.query.failures import TIMEOUT_EXCEEDED, TOO_MANY_AT_ONCE
from services.query.reader import Pieces, Reader

MAX_BODY_BYTES = 1024 * 1024
RETRY_AFTER_SECONDS = 1

_STATUS = {TIMEOUT_EXCEEDED: 504, TOO_MANY_AT_ONCE: 503}

_ACCEPTED = {
    "text/csv": "CSVWithNames",
    "text/tab-separated-values": "TabSeparatedWithNames",
    "application/x-ndjson": "JSONEachRow",
    "application/jsonl": "JSONEachRow",
    "application/vnd.apache.parquet": "Parquet",
}

_MEDIA_TYPES = (
    ("JSONEachRow", "application/x-ndjson"),
    ("JSONCompactEachRow", "application/x-ndjson"),
    ("JSONStringsEachRow", "application/x-ndjson"),
    ("JSON", "application/json"),
    ("CSV", "text/csv; charset=utf-8"),
    ("TSV", "text/tab-separated-values; charset=utf-8"),
    ("TabSeparated", "text/tab-separated-values; charset=utf-8"),
    ("Parquet", "application/vnd.apache.parquet"),
    ("ArrowStream", "application/vnd.apache.arrow.stream"),
    ("Arrow", "application/vnd.apache.arrow.file"),
    ("Pretty", "text/plain; charset=utf-8"),
    ("Vertical", "text/plain; charset=utf-8"),
    ("Markdown", "text/markdown; charset=utf-8"),
    ("XML", "application/xml"),
)

_ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The statement cannot be answered; says why."},
    403: {"description": "The statement is not allowed: it does more than read."},
    404: {"description": "There is no such question; names those like it."},
    413: {"description": "The body is too large."},
    422: {"description": "The question cannot be cut that way, or has no such row; says why."},
    503: {"description": "Too many statements at the same time; says when to try again."},
    504: {"description": "The statement took too long."},
}

_SQL_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["query"],
                    "additionalProperties": False,
                    "properties": {
                        "query": {"type": "string"},
                        "parameters": {"type": "object"},
                    },
                }
            },
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}

REFUSALS = (Refused, QueryFailed, UnknownQuestion, Unanswerable, WarehouseError)

Cut = Annotated[str, Query(description="How the answer is cut; see `slices` of the question.")]
Currency = Annotated[
    str, Query(description="The currency that money is told in, or reporting for your own.")
]
Clock = Annotated[str | None, Query(description="A time or a day (its end is meant); else now.")]


class BadBody(Exception):
    """A body that holds no statement; the message says what was expected."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement as it came in."""

    sql: str
    parameters: Mapping[str, Any]


def query_router(reader: Reader) -> APIRouter:
    """Return ``POST /sql``, ``GET /questions`` and ``GET /questions/{name}``."""
    router = APIRouter(tags=["questions"])

    @router.post(
        "/sql",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra=_SQL_BODY,
        summary="Run one statement that reads",
    )
    async def post_sql(
        request: Request,
        fmt: Annotated[
            str | None, Query(alias="format", description="A format of ClickHouse")
        ] = None,
    ) -> Response:
        try:
            asked = asked_in(await _body_of(request), request.headers.get("content-type", ""))
            wanted = fmt or _accepted(request.headers.get("accept", ""))
            return await to_thread.run_sync(_answer_sql, reader, asked, wanted)
        except BadBody as error:
            return problem(error.status, str(error))

    @router.get("/questions", response_class=Response, summary="List the questions")
    def get_questions() -> Response:
        try:
            return _json({"questions": reader.questions()})
        except (QueryFailed, WarehouseError) as error:
            return _problem_of(error)

    @router.get(
        "/questions/{name}",
        response_class=Response,
        responses=_ANSWERS,
        summary="Answer a question, as of two clocks",
    )
    def get_question(
        name: str,
        as_of: Clock = None,
        known_at: Clock = None,
        limit: Annotated[int | None, Query(ge=0)] = None,
        by: Cut = "",
        period: Cut = "",
        since: Cut = "",
        until: Cut = "",
        currency: Currency = "",
    ) -> Response:
        slices = Slices(by, period, since, until, currency)
        try:
            answer = reader.show(name, as_of, known_at, limit=limit, slices=slices)
            return _json(answer_as_json(answer))
        except REFUSALS as error:
            return _problem_of(error)

    @router.get(
        "/questions/{name}/why",
        response_class=Response,
        responses=_ANSWERS,
        summary="Show the events behind one row of a question",
    )
    def get_why(
        name: str,
        row: Annotated[
            list[str], Query(description="column=value, as often as it takes to name one row")
        ],
        as_of: Clock = None,
        known_at: Clock = None,
        by: Cut = "",
        period: Cut = "",
        since: Cut = "",
        until: Cut = "",
        currency: Currency = "",
    ) -> Response:
        slices = Slices(by, period, since, until, currency)
        try:
            found = reader.why(name, row_named(row), as_of, known_at, slices)
            return _json(explained_as_json(found))
        except REFUSALS as error:
            return _problem_of(error)

    return router


def asked_in(body: bytes, content_type: str) -> Asked:
    """Return the statement that a body holds, as JSON or as text. Raises `BadBody`."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadBody(f"the body is not UTF-8: byte {error.start + 1} is wrong") from error
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return Asked(text, {})
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadBody(f"the body is not JSON: {error}") from error
    if not isinstance(told, dict) or not isinstance(told.get("query"), str):
        raise BadBody('the body is not of the form {"query": "SELECT …", "parameters": {…}}')
    if odd := sorted(told.keys() - {"query", "parameters"}):
        raise BadBody(f"{odd[0]}: is not a field here; query and parameters are")
    parameters = told.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise BadBody("parameters: is not an object of names and values")
    return Asked(told["query"], parameters)


def _answer_sql(reader: Reader, asked: Asked, wanted: str | None) -> Response:
    try:
        if wanted is None and "format" in asked.sql.lower():
            wanted = reader.format_of(asked.sql)
        if wanted is None:
            return _json(answer_as_json(reader.query(asked.sql, asked.parameters)))
        return _streamed(reader.stream(asked.sql, wanted, asked.parameters), wanted)
    except (Refused, QueryFailed, WarehouseError) as error:
        return _problem_of(error)


def _streamed(pieces: Pieces, fmt: str) -> Response:
    media_type = next(
        (media for prefix, media in _MEDIA_TYPES if fmt.startswith(prefix)),
        "application/octet-stream",
    )
    return StreamingResponse(pieces, media_type=media_type)


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise BadBody(f"the body is larger than {MAX_BODY_BYTES:,} bytes", 413)
    return bytes(body)


def _accepted(header: str) -> str | None:
    for part in header.split(","):
        if found := _ACCEPTED.get(part.partition(";")[0].strip().lower()):
            return found
    return None


def _problem_of(
    error: Refused | QueryFailed | UnknownQuestion | Unanswerable | WarehouseError,
) -> Response:
    if isinstance(error, WarehouseError):
        return problem(503, str(error), {"Retry-After": str(RETRY_AFTER_SECONDS)})
    if isinstance(error, Refused):
        return problem(403, error.reason)
    if isinstance(error, UnknownQuestion):
        return problem(404, str(error), near=error.near or None)
    if isinstance(error, Unanswerable):
        return problem(422, str(error))
    status = _STATUS.get(error.code, 400)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else None
    return problem(status, error.message, headers, code=error.code or None)


def _json(body: Any) -> Response:
    return Response(to_json(body), media_type="application/json")
