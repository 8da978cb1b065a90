"""The feed as a service of its own: its route and nothing else."""

from fastapi import FastAPI

from infra.http_problem import answer_with_problems
from services.feed.filters import TeamOf
from services.feed.hub import FeedHub
from services.feed.routes import feed_router


def feed_app(hub: FeedHub, team_of: TeamOf | None = None) -> FastAPI:
    """Return the app; who composes it opens and closes the tape, and closes the hub."""
    app = FastAPI(title="Salestape feed", docs_url=None, redoc_url=None)
    app.include_router(feed_router(hub, team_of))
    answer_with_problems(app)
    return app
