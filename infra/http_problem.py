"""Errors over HTTP as RFC 9457 problem details: what was wrong, where, and what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """Return an answer that says what went wrong; members that are None are left out."""
    told = {name: value for name, value in members.items() if value is not None}
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **told,
    }
    return Response(to_json(body), status, dict(headers or {}), MEDIA_TYPE)


def answer_with_problems(app: FastAPI) -> None:
    """Let an app answer with problem details where no route does: unknown paths and methods,
    parameters that are none, failures that nobody foresaw (those are logged as well).
    """

    async def answer(request: Request, error: Exception) -> Response:
        asked = f"{request.method} {request.url.path}"
        if isinstance(error, HTTPException):
            phrase = HTTPStatus(error.status_code).phrase
            return problem(error.status_code, f"{asked}: {phrase}", error.headers)
        if isinstance(error, RequestValidationError):
            return problem(422, "; ".join(map(_finding, error.errors())))
        return problem(500, f"{asked} failed in a way that nobody foresaw; the log says how")

    for kind in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, answer)


def _finding(finding: Any) -> str:
    where = " ".join(str(part) for part in finding["loc"])
    return f"{where}: {finding['msg']}"
