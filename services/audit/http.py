"""Replays over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Query, Response
from pydantic_core import to_json

from infra.http_problem import problem
from infra.warehouse import FAILURES, WarehouseError, brief
from services.audit.encoding import replay_as_json
from services.audit.history import UnknownDeal
from services.audit.replay import replay

_ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A time that cannot be read; says what was expected."},
    404: {"description": "No event names the deal; names deals like it."},
    503: {"description": "The warehouse cannot be asked now; says when to try again."},
}

RETRY_AFTER_SECONDS = 2


def audit_router(client: Callable[[], Client]) -> APIRouter:
    """Return ``GET /deals/{deal}/replay?at=&known=``.

    `client` gives a client that may read the ledger; its calls run one after another.
    """
    router = APIRouter(tags=["audit"])

    @router.get(
        "/deals/{deal:path}/replay",
        response_class=Response,
        responses=_ANSWERS,
        summary="Replay the history of a deal",
    )
    def get_replay(
        deal: str,
        at: Annotated[str | None, Query(description="Leave out what happened later.")] = None,
        known: Annotated[str | None, Query(description="Leave out what was learnt later.")] = None,
    ) -> Response:
        try:
            found = replay(client(), deal, at, known)
        except UnknownDeal as error:
            return problem(404, str(error), near=error.near or None)
        except ValueError as error:
            return problem(400, str(error))
        except (WarehouseError, *FAILURES) as error:
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return problem(503, f"the warehouse cannot be asked now: {brief(error)}", headers)
        return Response(to_json(replay_as_json(found)), media_type="application/json")

    return router
