"""What the gateway keeps out: strangers, too much at once, and what the tape cannot take now."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from gateway_doubles import AppClient, event
from pydantic import SecretStr

from infra.settings import GatewaySettings
from infra.sink import Outcome
from infra.tape.contract import TapeRefused, TapeUnavailable
from services.gateway.app import gateway_app
from services.gateway.rejects import RejectLog
from services.gateway.routes import gateway_router

ONE = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
KEY = "a key of more than 16 characters"


class FakeSink:
    """A sink that takes everything, or fails as it is told."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.taken: list[bytes] = []

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        if self.error is not None:
            raise self.error
        self.taken += raws
        return [Outcome("appended", "e1", "/crm", partition=0, offset=0) for _ in raws]


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def connect(sink: FakeSink) -> Callable[..., AppClient]:
    def connected(**settings: Any) -> AppClient:
        return AppClient(gateway_app(sink, GatewaySettings(**settings), RejectLog(None)))

    return connected


def lines(count: int) -> bytes:
    return b"\n".join(event(f"e{n}") for n in range(count))


@pytest.mark.parametrize("path", ["/events", "/rejects"])
@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({}, "none was given"),
        ({"Authorization": "Bearer another key altogether"}, "the one given is wrong"),
        ({"Authorization": f"Bearer {KEY}x"}, "the one given is wrong"),
        ({"Authorization": f"Basic {KEY}"}, "the one given is wrong"),
        ({"Authorization": "Bearer ÿ".encode("latin-1")}, "the one given is wrong"),
    ],
)
def test_without_the_api_key_nothing_is_taken_and_nothing_told(
    connect: Callable[..., AppClient], sink: FakeSink, path: str, header: Any, said: str
) -> None:
    client = connect(api_key=SecretStr(KEY))
    if path == "/events":
        answer = client.post(path, content=event(), headers={**ONE, **header})
    else:
        answer = client.get(path, headers=header)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert said in answer.json()["detail"]
    assert sink.taken == []


def test_with_the_api_key_events_are_taken(connect: Callable[..., AppClient]) -> None:
    client = connect(api_key=SecretStr(KEY))
    headers = {**ONE, "Authorization": f"bearer {KEY}"}
    assert client.post("/events", content=event(), headers=headers).status_code == 201
    assert client.get("/rejects", headers=headers).status_code == 200


def test_a_batch_of_too_many_events_is_refused(
    connect: Callable[..., AppClient], sink: FakeSink
) -> None:
    client = connect(max_batch=3)
    assert client.post("/events", content=lines(3), headers=LINES).status_code == 200
    answer = client.post("/events", content=lines(4), headers=LINES)
    assert answer.status_code == 413
    assert "has 4 events, at most 3 are taken" in answer.json()["detail"]
    assert len(sink.taken) == 3


def test_more_events_than_the_rate_allows_are_put_off(sink: FakeSink) -> None:
    moment = 100.0
    settings = GatewaySettings(rate=2, burst=10, max_batch=10)
    app = FastAPI()
    app.include_router(gateway_router(sink, settings, RejectLog(None), monotonic=lambda: moment))
    client = AppClient(app)
    assert client.post("/events", content=lines(10), headers=LINES).status_code == 200
    answer = client.post("/events", content=lines(5), headers=LINES)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert "at most 2 events a second" in answer.json()["detail"]
    moment += 2.5
    assert client.post("/events", content=lines(5), headers=LINES).status_code == 200
    assert client.post("/events", content=event(), headers=ONE).status_code == 429
    assert len(sink.taken) == 15


def test_what_the_tape_cannot_take_now_is_put_off(
    connect: Callable[..., AppClient], sink: FakeSink
) -> None:
    sink.error = TapeUnavailable("the disk is full; nothing was appended")
    answer = connect().post("/events", content=event(), headers=ONE)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "the disk is full" in answer.json()["detail"]


def test_what_the_tape_never_takes_is_an_error_of_the_server(
    connect: Callable[..., AppClient], sink: FakeSink
) -> None:
    sink.error = TapeRefused("the tape is closed")
    answer = connect().post("/events", content=event(), headers=ONE)
    assert answer.status_code == 500
    assert "the tape is closed" in answer.json()["detail"]


def test_a_failure_that_nobody_foresaw_is_an_error_of_the_server(
    connect: Callable[..., AppClient], sink: FakeSink
) -> None:
    sink.error = ZeroDivisionError("secret")
    answer = connect().post("/events", content=event(), headers=ONE)
    assert answer.status_code == 500
    assert "nobody foresaw" in answer.json()["detail"]
    assert "secret" not in answer.text
