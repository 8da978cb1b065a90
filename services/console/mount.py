"""Putting the console onto an application; nothing of it exists before `mount_console`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI, Request
from nicegui import Client, ui, ui_run_with
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.live import Live
from services.console.page.header import ICON, THEME_COOKIE
from services.console.page.session import Session
from services.console.page.view import View
from services.console.ports import ConsolePorts

RECONNECT_SECONDS = 6.0
"""How long a session is kept for a browser that is cut off."""

POLICY = (
    "default-src 'none'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; "  # Vue compiles templates in the page
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the browser is told: nothing may come from, or go to, anywhere but this server."""


def mount_console(app: FastAPI, ports: ConsolePorts, *, title: str = "Salestape") -> None:
    """Add the console to an application, at ``/``.

    All other addresses stay the application's, whether its routes are added before or after. A
    process can have one console, because NiceGUI is one per process. The console keeps nothing,
    neither on disk nor in cookies but the choice of colours, so it needs no secret.

    Its loops end, and no port is being asked any more, before the application's own shutdown
    begins; what serves the ports can be closed there.
    """
    live = Live(ports)

    @ui.page("/")
    def console(request: Request, client: Client) -> None:
        theme = request.cookies.get(THEME_COOKIE, "")
        Session(live, client, View.of_query(request.query_params), title, theme)

    _look_at_no_objects()
    ui.run_with(
        app,
        title=title,
        favicon=ICON,
        dark=None,
        language="en-US",
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_SECONDS,
        tailwind=False,
        show_welcome_message=False,
    )
    _keep_to_own_addresses(app)
    _close_first(app, live)


def _look_at_no_objects() -> None:
    """Keep NiceGUI from looking for its server among all objects of the process, as it starts.

    A tuple that another thread is making meanwhile cannot be finished (`SystemError`), since it is
    referred to from elsewhere: https://github.com/python/cpython/pull/24510. The server that it
    looks for is only there to be told to stop, which is not NiceGUI's to do here.
    """
    vars(ui_run_with)["gc"] = SimpleNamespace(get_objects=list)


class _OwnAddresses(Mount):
    """NiceGUI, answering the addresses of the page only; the others are the application's."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope.get("path", "")
        own = path in ("", "/", "/favicon.ico") or path.startswith(("/_nicegui/", "/_nicegui_ws/"))
        return super().matches(scope) if own else (Match.NONE, {})


def _keep_to_own_addresses(app: FastAPI) -> None:
    mounted: BaseRoute = app.router.routes.pop()
    if not isinstance(mounted, Mount):
        raise TypeError(f"NiceGUI was expected to be mounted last; found {mounted!r}")
    app.router.routes.append(_OwnAddresses("/", _guarded(mounted.app), name="console"))


def _guarded(app: ASGIApp) -> ASGIApp:
    """Return the application with headers that keep its pages to this server."""
    headers = [
        (b"content-security-policy", POLICY.encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    ]

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        await app(scope, receive, send_with_headers)

    return guarded


def _close_first(app: FastAPI, live: Live) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[Any]:
        async with inner(application) as state:
            try:
                yield state
            finally:
                await live.close()

    app.router.lifespan_context = lifespan
