"""The gateway as a service of its own: its routes and nothing else."""

from fastapi import FastAPI

from infra.http_problem import answer_with_problems
from infra.settings import GatewaySettings
from infra.sink import Sink
from services.gateway.counters import Counters
from services.gateway.rejects import RejectLog
from services.gateway.routes import gateway_router


def gateway_app(
    sink: Sink, settings: GatewaySettings, rejects: RejectLog, counters: Counters | None = None
) -> FastAPI:
    """Return the app; who composes it opens and closes the tape and the ledger of `sink`."""
    app = FastAPI(title="Salestape gateway", docs_url=None, redoc_url=None)
    app.include_router(gateway_router(sink, settings, rejects, counters))
    answer_with_problems(app)
    return app
