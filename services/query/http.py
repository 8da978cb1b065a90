"""Questions and SQL over HTTP."""

from fastapi import APIRouter

from services.query.reader import Reader


def query_router(reader: Reader) -> APIRouter:
    """Return ``POST /sql``, ``GET /questions`` and ``GET /questions/{name}``."""
    raise NotImplementedError
