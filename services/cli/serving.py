"""Serves the application over HTTP until it is told to stop: sockets, signals, a clean end."""

import asyncio
import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from services.cli.failures import Unreachable
from services.feed.hub import FeedHub
from services.feed.serving import FeedServer

TRIED_PORTS = 50
"""How many ports are tried after the first where that one was only a wish."""
GRACE_SECONDS = 3
"""How long requests that are under way may take after the platform was told to stop."""


def listen(host: str, port: int, *, exactly: bool) -> socket.socket:
    """Return a socket that listens; unless `exactly`, on the next free port where one is taken.

    Raises `Unreachable` naming the address and why it cannot be had.
    """
    reason = "in use"
    for candidate in range(port, port + (1 if exactly or port == 0 else TRIED_PORTS)):
        try:
            return _bound(host, candidate)
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno != errno.EADDRINUSE:
                break
    raise Unreachable(f"{host}:{port} cannot be listened on ({reason}); choose another --port")


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # Only so can a platform that was killed start again at once on its old port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the address that people and commands use."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - what is bound to all is reached as this
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(FeedServer):
    """Leaves signals to whoever runs it: uvicorn's own handling ends in a death by signal."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    app: ASGIApp,
    hub: FeedHub | None,
    listener: socket.socket,
    started: Callable[[], Awaitable[None]],
    stopping: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM; a second one ends requests that are under way.

    `started` runs once requests are answered, `stopping` as soon as it is told to stop; the feed
    of `hub` ends then, too, where there is one.
    """
    asyncio.run(_serve(app, hub, listener, started, stopping))


async def _serve(
    app: ASGIApp,
    hub: FeedHub | None,
    listener: socket.socket,
    started: Callable[[], Awaitable[None]],
    stopping: Callable[[], None],
) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        hub,
        GRACE_SECONDS,
    )

    def stop() -> None:
        if server.should_exit:
            server.force_exit = True
        else:
            server.should_exit = True
            stopping()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    telling = asyncio.create_task(_once_started(server, started))
    try:
        await asyncio.wait((serving, telling), return_when=asyncio.FIRST_COMPLETED)
        if telling.done() and telling.exception() is not None:
            stop()
        await serving
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    if not telling.cancelled():
        telling.result()


async def _once_started(server: uvicorn.Server, started: Callable[[], Awaitable[None]]) -> None:
    while not server.started:
        await asyncio.sleep(0.02)
    await started()
