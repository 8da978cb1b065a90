"""Errors over HTTP as RFC 9457 problem details: what was wrong, where, and what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
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
    """Let an app answer unknown paths and methods with problem details as well."""

    async def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        return problem(
            status, f"{request.method} {request.url.path}: {HTTPStatus(status).phrase}", headers
        )

    app.add_exception_handler(HTTPException, answer)
