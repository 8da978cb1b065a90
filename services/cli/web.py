"""The application that `salestape up` and `gateway` serve: every route on one address, guarded.

Here also stand the routes that are about the platform as a whole: health, metrics, rebuild.
"""

from collections import Counter
from typing import Annotated, Any

from clickhouse_connect.driver.client import Client
from fastapi import FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from infra.http_problem import answer_with_problems, problem
from infra.settings import GatewaySettings
from infra.tape import TapeError
from infra.warehouse import FAILURES, brief
from services.audit.http import audit_router
from services.cli import metrics
from services.cli.failures import Misused
from services.cli.guarding import Guard, RequestCounts
from services.cli.house import House
from services.cli.state import in_detail, state_of
from services.cli.teams import Teams
from services.feed.hub import FeedHub
from services.feed.routes import feed_router
from services.gateway.routes import gateway_router
from services.projector import generations
from services.query.http import query_router


class RebuildWish(BaseModel):
    """Which derived tables are to be built anew; all where none is named."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tables: list[str] = []


def application(
    house: House, settings: GatewaySettings, hub: FeedHub, teams: Teams, client: Client
) -> FastAPI:
    """Return the app over an opened house. Who composes it opens and closes what is given.

    `client` is for what is asked about the warehouse itself.
    """
    requests: Counter[tuple[str, str, int]] = Counter()
    key = settings.api_key
    app = FastAPI(
        title="Salestape",
        description="The tape of a sales floor.",
        docs_url=None,  # its page is fetched from elsewhere; /openapi.json is not
        redoc_url=None,
        middleware=[
            Middleware(
                Guard,
                loopback=settings.is_loopback,
                api_key=None if key is None else key.get_secret_value(),
            ),
            Middleware(RequestCounts, counts=requests),
        ],
    )
    app.include_router(gateway_router(house.intake, settings, house.rejects, house.counters))
    app.include_router(query_router(house.reader))
    app.include_router(audit_router(lambda: house.warehouse.client("read")))
    app.include_router(feed_router(hub, teams.of))
    _add_own_routes(app, house, hub, client, requests)
    answer_with_problems(app)
    return app


def _add_own_routes(
    app: FastAPI,
    house: House,
    hub: FeedHub,
    client: Client,
    requests: "Counter[tuple[str, str, int]]",
) -> None:
    @app.get("/health", tags=["platform"], summary="How every part is")
    def health(
        detail: Annotated[bool, Query(description="Ask the warehouse as well.")] = False,
    ) -> Response:
        try:
            state = in_detail(house, client) if detail else state_of(house)
        except TapeError as error:
            return problem(503, str(error))
        state |= {
            "gateway": {"handed_in": house.counters.totals(), "waiting": house.intake.unprojected},
            "feed": {"readers": hub.readers},
        }
        status = 503 if state["status"] == "trouble" else 200
        return Response(to_json(state), status, media_type="application/json")

    @app.get("/metrics", tags=["platform"], summary="Metrics, as Prometheus reads them")
    def metrics_page() -> Response:
        try:
            state = state_of(house)
        except TapeError as error:
            return problem(503, str(error))
        text = metrics.exposition(state, house.counters.totals(), dict(requests), hub.readers)
        return Response(text, media_type=metrics.MEDIA_TYPE)

    @app.post("/rebuild", tags=["platform"], summary="Build derived tables anew", status_code=202)
    async def rebuild(wish: RebuildWish) -> Any:
        try:
            names = house.tables_named(wish.tables)
        except Misused as error:
            return problem(404, str(error))
        try:
            before = await run_in_threadpool(generations.shown, client)
            await run_in_threadpool(house.rebuild, names)
        except FAILURES as error:
            return problem(503, f"the warehouse cannot be asked: {brief(error)}")
        return {"before": {name: before.get(name, "") for name in names}}
