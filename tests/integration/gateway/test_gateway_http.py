"""`POST /events` and `GET /rejects` over real HTTP: what is answered to what is sent."""

import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from gateway_doubles import event, records_of
from serving import served

from infra.settings import GatewaySettings
from infra.tape.contract import Tape
from services.gateway.app import gateway_app
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog

ONE = {"Content-Type": "application/cloudevents+json"}
MANY = {"Content-Type": "application/cloudevents-batch+json"}
LINES = {"Content-Type": "application/x-ndjson"}
MIB = 1024 * 1024


@pytest.fixture
def client(intake: Intake, rejects: RejectLog) -> Generator[httpx.Client, None, None]:
    app = gateway_app(intake, GatewaySettings(), rejects, intake.counters)
    with served(app) as address, httpx.Client(base_url=address, timeout=30) as opened:
        yield opened


def post(client: httpx.Client, content: Any, headers: dict[str, str]) -> httpx.Response:
    return client.post("/events", content=content, headers=headers)


def assert_problem(answer: httpx.Response, status: int, *said: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["type"]) == (status, "about:blank")
    assert body["title"]
    for words in said:
        assert words in body["detail"]
    return body


def test_an_event_is_created_then_there_then_contested(client: httpx.Client, tape: Tape) -> None:
    created = post(client, event("e1"), ONE)
    again = post(client, event("e1"), {"Content-Type": "application/json; charset=utf-8"})
    contested = post(client, event("e1", deal="D-2"), ONE)
    named = {"source": "/crm", "id": "e1", "partition": 0}
    assert created.status_code == 201
    assert created.json() == {"status": "appended", **named, "offset": 0}
    assert again.status_code == 200
    assert again.json() == {"status": "duplicate", **named, "offset": 0}
    body = assert_problem(contested, 409, "recorded before", "kept on the tape")
    assert {**named, "outcome": "conflict", "offset": 1}.items() <= body.items()
    assert len(records_of(tape)) == 2


def test_an_event_that_is_none_is_answered_with_reason_and_field(client: httpx.Client) -> None:
    raw = event("e1", data={"amount": 12.5, "currency": "EUR"})
    body = assert_problem(post(client, raw, ONE), 422, "data.amount: expected a decimal number")
    assert {
        "field": "data.amount",
        "source": "/crm",
        "id": "e1",
        "outcome": "rejected",
    }.items() <= (body.items())


@pytest.mark.parametrize("headers", [MANY, LINES], ids=["array", "lines"])
def test_a_batch_is_answered_event_by_event(
    client: httpx.Client, tape: Tape, headers: dict[str, str]
) -> None:
    raws = [
        event("e1"),
        event("e2", time="noon"),
        event("e1"),
        event("e1", deal="D-2"),
        event("e3"),
    ]
    body = b"[" + b" ,\n".join(raws) + b"]\n" if headers is MANY else b"\r\n\n".join(raws) + b"\n"
    answer = post(client, body, headers)
    told = answer.json()
    assert answer.status_code == 207
    assert told["counts"] == {"appended": 2, "rejected": 1, "duplicate": 1, "conflict": 1}
    assert [one["status"] for one in told["outcomes"]] == [
        "appended",
        "rejected",
        "duplicate",
        "conflict",
        "appended",
    ]
    assert [one.get("offset") for one in told["outcomes"]] == [0, None, 0, 1, 2]
    assert told["outcomes"][1]["field"] == "time"
    assert len(records_of(tape)) == 3


def test_a_batch_of_good_events_is_answered_with_200(client: httpx.Client) -> None:
    body = b"[" + event("e1") + b"," + event("e2") + b"]"
    assert post(client, body, MANY).status_code == 200
    again = post(client, body, MANY)
    assert (again.status_code, again.json()["counts"]) == (200, {"duplicate": 2})
    assert post(client, b" [ ] ", MANY).json() == {"counts": {}, "outcomes": []}


def test_events_in_other_scripts_come_through(client: httpx.Client, tape: Tape) -> None:
    names = ["Žofie Nováková", "山田 太郎", "🦜"]
    raws = b",".join(event(f"e{n}", actor=name) for n, name in enumerate(names))
    assert post(client, b"[" + raws + b"]", MANY).status_code == 200
    assert [orjson.loads(record.value)["actor"] for record in records_of(tape)] == names


def test_a_cloudevent_in_binary_mode_is_taken(client: httpx.Client, tape: Tape) -> None:
    headers = {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "e1",
        "ce-source": "/crm",
        "ce-type": "sales.deal.won.v1",
        "ce-time": "2024-02-01T10:00:00Z",
        "ce-sequence": "7",
        "ce-actor": "%C5%BDofie%20Nov%C3%A1kov%C3%A1",
        "ce-deal": "D-1",
    }
    data = b'{"amount":"100.00","currency":"EUR"}'
    assert post(client, data, headers).status_code == 201
    (record,) = records_of(tape)
    found = orjson.loads(record.value)
    assert (found["actor"], found["sequence"]) == ("Žofie Nováková", 7)
    assert found["data"] == {"amount": "100.00", "currency": "EUR"}
    structured = event("e1", account=None, actor=found["actor"], sequence=7)
    told = {**orjson.loads(structured), "datacontenttype": "application/json"}
    assert post(client, orjson.dumps(told), ONE).status_code == 200
    assert_problem(
        post(client, data, {**headers, "ce-colour": "red"}), 422, "colour: is not a field"
    )
    assert_problem(post(client, data, {**headers, "ce-actor": "%FF"}), 400, "ce-actor is not UTF-8")
    assert_problem(
        post(client, b'{"amount"', headers), 400, "the data of the event is not readable"
    )
    assert_problem(post(client, b'{},"id":"e2"', headers), 400, "the data of the event is not")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"specversion":"1.0",', ["not readable as JSON", "line 1 column 21"]),
        (b"", ["not readable as JSON"]),
        (b"\xff\xfe{\x00}\x00", ["not readable as JSON"]),
        (b'{"a":"\\ud800"}', ["not readable as JSON"]),
        (b"[" * 200_000, ["not readable as JSON"]),
        (event() + event(), ["not readable as JSON", "trailing"]),
    ],
)
def test_malformed_json_is_answered_with_where_it_breaks(
    client: httpx.Client, body: bytes, said: list[str]
) -> None:
    assert_problem(post(client, body, ONE), 400, *said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'[{"a":1},\n{"b" 2}]', "Expecting ':' delimiter at line 2 column 6"),
        (event(), "an array must begin with [ at line 1 column 1"),
        (b'[{"a":1} {"b":2}]', "expected , or ] at line 1 column 10"),
        (b'[{"a":1},]', "Expecting value at line 1 column 10"),
        (b'[{"a":1}', "expected , or ] at line 1 column 9"),
        (b"[1] 2", "something follows the array at line 1 column 5"),
        (b"", "an array must begin with ["),
        (b'["\xff"]', "not UTF-8: invalid start byte at byte 2"),
        (b"[" * 200_000, "nested too deeply"),
        (b'[{"a":"\n"}]', "Invalid control character at at line 1 column 8"),
    ],
)
def test_a_malformed_array_is_answered_with_where_it_breaks_and_kept(
    client: httpx.Client, rejects: RejectLog, tape: Tape, body: bytes, said: str
) -> None:
    assert_problem(post(client, body, MANY), 400, said)
    assert [kept.size for kept in rejects.latest()] == ([len(body)] if body else [])
    assert records_of(tape) == []


def test_an_array_sent_as_one_event_is_told_how_to_be_sent(client: httpx.Client) -> None:
    answer = post(client, b" [" + event("e1") + b"]", ONE)
    assert_problem(answer, 422, "an array of events is sent as application/cloudevents-batch+json")


def test_odd_numbers_in_an_array_hurt_only_their_own_event(client: httpx.Client) -> None:
    odd = [
        b"1" * 100_000,
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"7",
        b'"text"',
        b"null",
        b'{"id":1,"id":2}',
        event("e2").replace(b'"time"', b'"sequence":' + b"9" * 30 + b',"time"'),
        event("e3").replace(b'"id":', b'"id":"other","id":'),
    ]
    answer = post(client, b"[" + b",".join([event("e1"), *odd]) + b"]", MANY)
    assert answer.status_code == 207
    told = [(one["status"], one.get("id")) for one in answer.json()["outcomes"]]
    assert told[0] == ("appended", "e1")
    assert {status for status, _ in told[1:-1]} == {"rejected"}
    assert told[-1] == ("appended", "e3")  # of a key that stands twice the last one counts


def test_content_that_is_not_taken_is_named_with_what_is(client: httpx.Client) -> None:
    answer = post(client, b"<event/>", {"Content-Type": "application/xml"})
    assert_problem(answer, 415, "application/xml is not taken", "application/cloudevents+json")
    assert "application/cloudevents-batch+json" in answer.headers["accept"]
    assert_problem(post(client, event(), {}), 415, "(none) is not taken")
    latin = {"Content-Type": "application/json; charset=ISO-8859-1"}
    assert_problem(post(client, event(), latin), 415, "ISO-8859-1 is not taken here; send UTF-8")


def test_a_body_that_says_gzip_is_asked_for_uncompressed(client: httpx.Client) -> None:
    answer = post(client, b"\x1f\x8b\x08", {**ONE, "Content-Encoding": "gzip"})
    assert_problem(answer, 415, "gzip", "send it uncompressed")
    assert answer.headers["accept-encoding"] == "identity"


def test_a_body_of_100_mb_is_refused_by_what_it_says_of_itself(
    client: httpx.Client, tape: Tape
) -> None:
    host, port = urlsplit(str(client.base_url)).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            b"POST /events HTTP/1.1\r\nHost: salestape\r\nContent-Length: 104857600\r\n"
            b"Content-Type: application/cloudevents-batch+json\r\n\r\n["
        )  # nothing more is ever sent, so the answer cannot have waited for the rest
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"the body has 104,857,600 bytes, at most 8,388,608 are taken" in answer
    assert post(client, event("e1"), ONE).status_code == 201


def test_a_body_of_100_mb_that_does_not_say_so_is_refused_while_it_comes_in(
    client: httpx.Client,
) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * MIB

    answer = post(client, endless(), MANY)
    assert_problem(answer, 413, "more than 8,388,608 bytes")
    assert post(client, event("e1"), ONE).status_code == 201


def test_one_event_that_is_too_large_is_refused_for_that(client: httpx.Client) -> None:
    assert_problem(post(client, event(deal="d" * 300_000), ONE), 413, "at most 262,144 are allowed")


def test_a_client_that_leaves_in_the_middle_does_no_harm(client: httpx.Client, tape: Tape) -> None:
    host, port = urlsplit(str(client.base_url)).netloc.split(":")
    for _ in range(3):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(
                b"POST /events HTTP/1.1\r\nHost: salestape\r\nContent-Length: 5000\r\n"
                b"Content-Type: application/json\r\n\r\n{"
            )
    assert post(client, event("e1"), ONE).status_code == 201
    assert len(records_of(tape)) == 1


def test_what_was_rejected_is_listed_newest_first(client: httpx.Client, tmp_path: Path) -> None:
    post(client, event("e1", time="noon"), ONE)
    post(client, b"[" + event("e2", account=7) + b"]", MANY)
    post(client, b"[" + b"\xff" * 5_000, MANY)
    told = client.get("/rejects").json()
    assert [one["id"] for one in told["rejects"]] == [None, "e2", "e1"]
    assert [one["field"] for one in told["rejects"]] == [None, "account", "time"]
    assert told["rejects"][0]["value"].startswith("[\\xff")
    assert told["rejects"][0]["size"] == 5_001
    assert told["unwritten"] == 0
    assert [one["id"] for one in client.get("/rejects?limit=1").json()["rejects"]] == [None]
    assert len((tmp_path / "rejects" / "rejects.jsonl").read_bytes().splitlines()) == 3


def test_unknown_paths_and_methods_are_answered_with_problems(client: httpx.Client) -> None:
    assert_problem(client.get("/event"), 404, "GET /event")
    assert_problem(client.get("/events"), 405, "GET /events")
    assert_problem(client.get("/rejects?limit=0"), 422, "query limit: Input should be greater")


def test_refused_requests_are_counted(client: httpx.Client, intake: Intake) -> None:
    post(client, b"", {"Content-Type": "text/plain"})
    post(client, b"{", ONE)
    post(client, event("e1"), ONE)
    assert intake.counters.totals() == {
        "appended": 1,
        "refused.400": 1,
        "refused.415": 1,
        "rejected.malformed": 1,
    }


def test_the_routes_describe_themselves(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/events"]["post"]
    assert set(described["requestBody"]["content"]) == {
        "application/cloudevents+json",
        "application/json",
        "application/cloudevents-batch+json",
        "application/x-ndjson",
    }
    assert {"201", "207", "409", "413", "415", "422", "429", "503"} <= set(described["responses"])
