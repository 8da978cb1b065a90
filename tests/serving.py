"""Runs an app with uvicorn in a thread, on a free port, for tests over real HTTP."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from waiting import wait_until


def address_of(server: uvicorn.Server) -> str:
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"


@contextmanager
def running(server: uvicorn.Server, seconds: float = 30.0) -> Generator[str, None, None]:
    """Run a server and yield its address; fail when it does not end within the limit."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        yield address_of(server)
    finally:
        server.should_exit = True
        thread.join(seconds)
    assert not thread.is_alive(), f"the server did not end within {seconds:g} s"


@contextmanager
def served(app: FastAPI) -> Generator[str, None, None]:
    """Serve an app and yield its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")
    with running(uvicorn.Server(config)) as address:
        yield address
