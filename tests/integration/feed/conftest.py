"""The feed of a real tape, served by uvicorn."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from feed_doubles import NOW
from serving import running

from infra.tape.contract import Tape
from infra.tape.opening import open_tape
from services.feed.hub import FeedHub
from services.feed.routes import feed_router
from services.feed.serving import FeedServer

Serve = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def tape(tmp_path: Path) -> Generator[Tape, None, None]:
    opened = open_tape(f"sqlite://{tmp_path}/tape.sqlite", lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def hub(tape: Tape) -> Generator[FeedHub, None, None]:
    made = FeedHub(tape)
    yield made
    made.close()


def server_of(hub: FeedHub, grace_seconds: float = 2.0, **options: Any) -> FeedServer:
    """Return a server of the feed of a hub. Unless a test asks for it, nothing is kept alive."""
    app = FastAPI()
    app.include_router(feed_router(hub, **{"keep_alive_seconds": 3_600, **options}))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none")
    return FeedServer(config, hub, grace_seconds)


@contextmanager
def serving(hub: FeedHub, **options: Any) -> Generator[str, None, None]:
    """Serve the feed of a hub and yield the address; fail when the server does not end."""
    with running(server_of(hub, **options)) as address:
        yield address


@pytest.fixture
def serve() -> Serve:
    return serving


@pytest.fixture
def server_for() -> Callable[..., FeedServer]:
    return server_of


@pytest.fixture
def address(hub: FeedHub) -> Generator[str, None, None]:
    with serving(hub) as found:
        yield found
