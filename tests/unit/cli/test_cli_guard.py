"""Who may talk to a platform over HTTP: names, origins and keys."""

import asyncio
import base64
from collections import Counter
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.cli.guarding import Guard, RequestCounts

KEY = "a key of at least sixteen characters"


def things() -> FastAPI:
    app = FastAPI()

    @app.get("/health")
    def health() -> str:
        return "well"

    @app.get("/things/{name}")
    @app.post("/things/{name}")
    def thing(name: str) -> str:
        return name

    return app


def ask(
    app: ASGIApp, method: str, path: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8420"
        ) as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(asked())


def guarded(**options: Any) -> ASGIApp:
    return Guard(things(), **{"loopback": True, "api_key": None} | options)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8420", "localhost:1", "[::1]:8420"])
def test_a_loopback_platform_answers_to_the_names_of_this_machine(host: str) -> None:
    assert ask(guarded(), "GET", "/health", {"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8420", ""])
def test_a_loopback_platform_answers_to_no_other_name(host: str) -> None:
    answer = ask(guarded(), "GET", "/health", {"Host": host})
    assert answer.status_code == 421
    assert "127.0.0.1" in answer.json()["detail"]


def test_elsewhere_any_name_is_answered_to() -> None:
    abroad = guarded(loopback=False, api_key=KEY)
    assert ask(abroad, "GET", "/health", {"Host": "sales.example"}).status_code == 200


def test_a_page_from_elsewhere_may_change_nothing() -> None:
    foreign = {"Origin": "https://evil.example"}
    assert ask(guarded(), "POST", "/things/a", foreign).status_code == 403
    assert ask(guarded(), "GET", "/things/a", foreign).status_code == 200
    own = {"Origin": "http://127.0.0.1:8420"}
    assert ask(guarded(), "POST", "/things/a", own).status_code == 200


def test_a_page_from_elsewhere_may_open_no_websocket() -> None:
    reached: list[Scope] = []
    sent: list[Message] = []

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    guard = Guard(behind, loopback=True, api_key=None)
    for origin in (b"https://evil.example", b"http://127.0.0.1:8420"):
        headers = [(b"host", b"127.0.0.1:8420"), (b"origin", origin)]
        scope = {"type": "websocket", "path": "/live", "headers": headers}
        asyncio.run(guard(scope, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert len(reached) == 1


def test_a_key_is_taken_as_bearer_and_as_the_password_a_browser_asks_for() -> None:
    keyed = guarded(api_key=KEY)
    basic = base64.b64encode(f"anybody:{KEY}".encode()).decode()
    for given in (f"Bearer {KEY}", f"Basic {basic}"):
        assert ask(keyed, "GET", "/things/a", {"Authorization": given}).status_code == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", f"Bearer {KEY}x", "Basic !!!", "Basic d3Jvbmc=", KEY]
)
def test_without_the_key_nothing_but_health_is_told(given: str) -> None:
    keyed = guarded(api_key=KEY)
    answer = ask(keyed, "GET", "/things/a", {"Authorization": given})
    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]
    assert ask(keyed, "GET", "/health").status_code == 200


def test_requests_are_counted_by_route_and_status_without_what_was_asked_for() -> None:
    counts: Counter[tuple[str, str, int]] = Counter()
    counted = RequestCounts(things(), counts)
    for path in ("/things/a", "/things/b", "/nothing"):
        ask(counted, "GET", path)
    assert counts == {("GET", "/things/{name}", 200): 2, ("GET", "other", 404): 1}
