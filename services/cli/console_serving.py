"""The console between its start and its end, as a process of its own over tape and server."""

import os
import threading
from contextlib import ExitStack
from socket import socket

from fastapi import FastAPI, Response
from pydantic_core import to_json
from starlette.middleware import Middleware

from infra.http_problem import answer_with_problems, problem
from infra.settings import ConsoleSettings
from infra.tape import TapeError
from services.cli import output
from services.cli.console_feed import TapeFeed
from services.cli.guarding import Guard
from services.cli.house import ClusterHouse
from services.cli.panels import WarehousePanels
from services.cli.serving import address_of, serve
from services.cli.state import state_of
from services.cli.teams import Teams
from services.console import ConsolePorts, mount_console

STOP_SECONDS = 10.0


def serve_console(
    house: ClusterHouse, listener: socket, settings: ConsoleSettings, *, as_json: bool
) -> None:
    """Serve until SIGINT or SIGTERM, and end every part before it returns."""
    address, stop = address_of(listener), threading.Event()

    async def started() -> None:
        if as_json:
            output.write_json_line({"address": address, "pid": os.getpid()})
        else:
            output.out().print(f"The console is at {address}", style="bold")

    with ExitStack() as stack:
        clients = [stack.enter_context(house.warehouse.fresh_client()) for _ in range(3)]
        teams = Teams(clients[0])
        panels = WarehousePanels(house, clients[1], house.version)
        app = _application(house, settings)
        mount_console(app, ConsolePorts(panels, TapeFeed(house.tape, teams, clients[2])))
        looking = threading.Thread(target=teams.run, args=(stop,), name="teams", daemon=True)
        looking.start()
        stack.callback(looking.join, STOP_SECONDS)
        stack.callback(stop.set)
        serve(app, None, listener, started, stop.set)


def _application(house: ClusterHouse, settings: ConsoleSettings) -> FastAPI:
    """Return an app without the console: guarded, and with its health for monitors."""
    key = None if settings.api_key is None else settings.api_key.get_secret_value()
    guard = Middleware(Guard, loopback=settings.is_loopback, api_key=key)
    app = FastAPI(title="Salestape console", docs_url=None, redoc_url=None, middleware=[guard])

    @app.get("/health", tags=["platform"], summary="How tape and warehouse are")
    def health() -> Response:
        try:
            state = state_of(house)
        except TapeError as error:
            return problem(503, str(error))
        status = 503 if state["status"] == "trouble" else 200
        return Response(to_json(state), status, media_type="application/json")

    answer_with_problems(app)
    return app
