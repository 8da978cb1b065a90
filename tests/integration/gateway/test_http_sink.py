"""Events handed to a gateway over HTTP fare as those handed to the intake itself."""

import threading
from collections.abc import Generator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from gateway_doubles import event, records_of
from loopback import answering
from pydantic import SecretStr
from serving import served

from infra import http_sink
from infra.http_sink import HttpSink
from infra.settings import GatewaySettings
from infra.sink import Outcome
from infra.tape.contract import Tape, TapeRefused, TapeUnavailable
from services.gateway.app import gateway_app
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog

KEY = "a key of more than 16 characters"


@pytest.fixture
def app(intake: Intake, rejects: RejectLog) -> FastAPI:
    return gateway_app(intake, GatewaySettings(max_batch=50, max_body_bytes=20_000), rejects)


@pytest.fixture
def sink(app: FastAPI) -> Generator[HttpSink, None, None]:
    with served(app) as address, HttpSink(address, pause=lambda seconds: None) as opened:
        yield opened


def test_outcomes_come_back_in_order(sink: HttpSink, intake: Intake, tape: Tape) -> None:
    raws = [event("e1"), event("e2", time="noon"), event("e1"), event("e1", deal="D-2")]
    told = sink.accept(raws)
    assert [one.status for one in told] == ["appended", "rejected", "duplicate", "conflict"]
    assert told[0] == Outcome("appended", "e1", "/crm", partition=0, offset=0)
    assert (told[1].field, told[1].id) == ("time", "e2")
    assert "time: expected a time" in (told[1].reason or "")
    assert [one.status for one in intake.accept([raws[0], raws[3]])] == ["duplicate", "conflict"]
    assert len(records_of(tape)) == 2


def test_breaks_in_an_event_do_not_cut_it(sink: HttpSink, tape: Tape) -> None:
    spread = event("e1").replace(b",", b",\r\n  ")
    broken = event("e2").replace(b"Ada Lovelace", b"Ada\nLovelace")  # no JSON: it must not heal
    told = sink.accept([spread, broken, b"", b" \n ", b"\xff\n", event("e3")])
    statuses = [one.status for one in told]
    assert statuses == ["appended", *["rejected"] * 4, "appended"]
    assert all("not readable as JSON" in (one.reason or "") for one in told[1:5])
    assert len(records_of(tape)) == 2


def test_lots_that_the_gateway_finds_too_large_are_cut(sink: HttpSink, tape: Tape) -> None:
    raws = [event(f"e{n}", subject="s" * (n % 7 + 1)) for n in range(300)]
    assert [one.offset for one in sink.accept(raws)] == list(range(300))
    assert sink.accept([]) == []
    note = {"direction": "inbound", "note": "n" * 19_900}
    with pytest.raises(TapeRefused, match=r"the body has .* at most 20,000 are taken"):
        sink.accept([event("large", "sales.call.made.v1", note)])


def test_a_large_lot_travels_in_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_sink, "MAX_EVENTS", 3)
    monkeypatch.setattr(http_sink, "MAX_BYTES", 100)
    sizes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        lines = request.content.split(b"\n")
        sizes.append(len(lines))
        return httpx.Response(200, json={"outcomes": [{"status": "appended"} for _ in lines]})

    with HttpSink("http://gateway", transport=httpx.MockTransport(answer)) as sink:
        told = sink.accept([b"1", b"2", b"3", b"4", b"5" * 90, b"6" * 90, b"7" * 500, b"8"])
    assert len(told) == 8
    assert sizes == [3, 2, 1, 1, 1]


Answers = Sequence[httpx.Response | Exception]


def sink_on(answers: Answers, pauses: list[float], **options: Any) -> HttpSink:
    return HttpSink("http://gateway", pause=pauses.append, transport=answering(answers), **options)


TAKEN = {"outcomes": [{"status": "appended", "id": "e1", "source": "/crm", "offset": 0}]}


def test_what_is_put_off_is_tried_again_after_as_long_as_asked() -> None:
    pauses: list[float] = []
    answers = [
        httpx.ConnectError("refused"),
        httpx.Response(503, headers={"Retry-After": "3"}),
        httpx.Response(429, headers={"Retry-After": "600"}),
        httpx.ReadTimeout("silence"),
        httpx.Response(200, json=TAKEN),
    ]
    with sink_on(answers, pauses) as sink:
        assert [one.status for one in sink.accept([event("e1")])] == ["appended"]
    assert pauses == [0.2, 3.0, 10.0, 1.6]


def test_what_is_put_off_too_often_is_given_up() -> None:
    pauses: list[float] = []
    refusal = httpx.Response(503, json={"detail": "the disk is full"})
    with (
        sink_on([refusal] * 3, pauses, attempts=3) as sink,
        pytest.raises(TapeUnavailable, match=r"says: the disk is full \(tried 3 times\)"),
    ):
        sink.accept([event("e1")])
    assert len(pauses) == 2


def test_where_nobody_listens_the_address_is_named() -> None:
    with (
        HttpSink("http://127.0.0.1:1", attempts=2, pause=lambda seconds: None) as sink,
        pytest.raises(TapeUnavailable, match=r"http://127\.0\.0\.1:1 cannot be reached"),
    ):
        sink.accept([event("e1")])


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>hello</html>"),
        httpx.Response(200, json={"outcomes": []}),
        httpx.Response(200, json=["outcomes"]),
        httpx.Response(207, json={"outcomes": [7]}),
    ],
)
def test_what_is_no_gateway_is_named_as_that(answer: httpx.Response) -> None:
    with (
        sink_on([answer], []) as sink,
        pytest.raises(TapeRefused, match="what answers at http://gateway is no gateway"),
    ):
        sink.accept([event("e1")])


def test_a_wrong_key_is_told_at_once(intake: Intake, rejects: RejectLog) -> None:
    app = gateway_app(intake, GatewaySettings(api_key=SecretStr(KEY)), rejects)
    with served(app) as address:
        with HttpSink(address, KEY) as sink:
            assert sink.accept([event("e1")])[0].status == "appended"
        with (
            HttpSink(address, "another") as sink,
            pytest.raises(TapeRefused, match="needs the API key"),
        ):
            sink.accept([event("e1")])


def test_many_threads_may_share_a_sink(sink: HttpSink, tape: Tape) -> None:
    told: list[Outcome] = []

    def hand_in(caller: int) -> None:
        for n in range(5):
            told.extend(sink.accept([event(f"{caller}-{n}"), event(f"shared-{n}")]))

    threads = [threading.Thread(target=hand_in, args=(caller,)) for caller in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(one.status == "appended" for one in told) == len(records_of(tape)) == 25
