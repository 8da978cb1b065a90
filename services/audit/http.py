"""Replays over HTTP."""

from collections.abc import Callable

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter


def audit_router(client: Callable[[], Client]) -> APIRouter:
    """Return ``GET /deals/{deal}/replay?at=&known=``."""
    raise NotImplementedError
