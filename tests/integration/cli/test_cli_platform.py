"""The whole platform in one process, and the other commands talking to it while it runs."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Salestape, StartUp, Up, asking, prepared_at
from loopback import HTTP
from waiting import wait_until

KEY = "a-key-for-these-tests"


def purchase(number: int) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "source": "till",
        "type": "sales.purchase.made.v1",
        "time": "2024-05-01T10:00:00Z",
        "account": f"customer-{number % 3}",
        "data": {"amount": "10", "currency": "EUR"},
    }


def post(address: str, *numbers: int) -> list[dict[str, Any]]:
    answer = HTTP.post(
        f"{address}/events",
        content=json.dumps([purchase(number) for number in numbers]),
        headers={"Content-Type": "application/cloudevents-batch+json"},
        timeout=60,
    )
    assert answer.is_success, answer.text
    outcomes: list[dict[str, Any]] = answer.json()["outcomes"]
    return outcomes


def test_while_it_runs_every_command_talks_to_it(
    salestape: Salestape, up: StartUp, shop: Path
) -> None:
    salestape.program = asking("conversion", "exchange_rates", "growth", "satisfaction_trend")
    platform = up(salestape)
    imported = salestape("import", str(shop), str(shop), "--json")
    assert imported.json["appended"] == 3, imported.err
    again = salestape("import", str(shop), str(shop))
    assert again.code == 1
    assert "orders.csv, row 4" in again.out
    count = "SELECT count() AS n, sum(purchases) AS p FROM accounts"
    assert salestape.sql(count) == [{"n": 2, "p": 3}]
    assert salestape("sql", "--csv", "SELECT statu FROM deals").code == 1

    known = salestape("show", "accounts", "--as-of", "2024-01-31", "--csv")
    header, *rows = known.out.splitlines()
    assert header.startswith("account,")
    assert [row.split(",")[0] for row in rows] == ["Acme"]
    listed = salestape("show", "--json")
    assert {"funnel", "quota_attainment", "churn_signals", "deal_history"} <= {
        one["question"] for one in listed.json
    }
    assert salestape("show", "funel").code == 2
    explained = salestape("show", "churn_signals", "--why", "account=Acme", "--json")
    assert explained.json["row"]["purchases"] == 2, explained.err
    assert [one["time"] for one in explained.json["events"]] == [
        "2024-01-05T00:00:00Z",
        "2024-02-05T00:00:00Z",
    ]
    shown = salestape("show", "churn_signals", "--why", "account=Acme", "--as-of", "2024-01-31")
    assert (shown.code, shown.out.count("sales.purchase.made.v1")) == (0, 1), shown.err
    nobody = salestape("show", "churn_signals", "--why", "account=Nobody")
    assert (nobody.code, "no row where account=Nobody" in nobody.err) == (2, True)
    by_rep = salestape("show", "conversion", "--by", "rep", "--period", "month", "--csv")
    assert by_rep.out.startswith("slice,period,conversations"), by_rep.err
    assert salestape("show", "conversion", "--by", "colour").code == 2
    assert "EUR" in salestape("show", "growth", "--currency", "reporting", "--csv").out
    empty = salestape("show", "satisfaction_trend")
    assert (empty.code, "sales.survey.answered" in empty.err) == (0, True), empty.err

    second = salestape("up", "--port", "0")
    assert second.code == 3
    assert f"process {platform.process.pid}" in second.err
    assert platform.address in second.err

    assert salestape("rebuild", "no_such_table").code == 2
    (rebuilt,) = salestape("rebuild", "accounts", "--json").json
    assert rebuilt["after"] not in (None, rebuilt["before"])
    assert salestape.sql(count) == [{"n": 2, "p": 3}]
    state = salestape("doctor", "--json").json
    assert (state["status"], state["shown"]["accounts"]) == ("ok", rebuilt["after"]), str(state)
    assert platform.address in state["held_by"]
    gone = salestape("replay", "no-such-deal")
    assert gone.code == 1
    assert "no-such-deal" in gone.err
    ended = platform.end()
    assert (ended.code, ended.err) == (0, "")


def test_what_was_acknowledged_outlives_a_kill_and_is_not_doubled(
    salestape: Salestape, up: StartUp
) -> None:
    acknowledged: list[int] = []
    platform = up(salestape)

    def send() -> None:
        number = 0
        while True:
            numbers = list(range(number, number + 20))
            try:
                post(platform.address, *numbers)
            except httpx.HTTPError:
                return
            acknowledged.extend(numbers)
            number += 20

    sender = threading.Thread(target=send)
    sender.start()
    wait_until(lambda: len(acknowledged) >= 300)
    platform.end(signal.SIGKILL)
    sender.join()

    again = up(salestape)
    sent = len(acknowledged) + 20  # the last batch may be there without having been acknowledged
    assert {one["status"] for one in post(again.address, *acknowledged)} == {"duplicate"}
    post(again.address, *range(len(acknowledged), sent))
    wait_until(lambda: _lag(again) == 0)
    asked = "SELECT (SELECT count() FROM events) AS e, (SELECT sum(purchases) FROM accounts) AS p"
    assert salestape.sql(asked) == [{"e": sent, "p": sent}]


def _lag(platform: Up) -> int:
    return max(int(table["lag"]) for table in _health(platform)["tables"])


def test_the_feed_is_followed_live_and_ends_with_the_platform(
    salestape: Salestape, up: StartUp
) -> None:
    platform = up(salestape)
    lines: list[str] = []
    opened = threading.Event()

    def follow() -> None:
        url = f"{platform.address}/feed"
        with (
            suppress(httpx.RemoteProtocolError),  # cut, where this machine is too slow to read on
            HTTP.stream("GET", url, params={"account": "customer-1"}, timeout=60) as stream,
        ):
            for line in stream.iter_lines():
                opened.set()
                lines.append(line)

    reader = threading.Thread(target=follow)
    reader.start()
    assert opened.wait(60)
    post(platform.address, 0, 1, 2, 4)
    wait_until(lambda: sum(line.startswith("data:") for line in lines) == 2)
    told = salestape("feed", "--since", "0:1", "--limit", "2", "--json")
    events = [json.loads(line) for line in told.out.splitlines()]
    assert [(event["id"], event["position"]) for event in events] == [("p2", "0:2"), ("p4", "0:3")]
    assert salestape("feed", "--type", "nothing").code == 2
    ended = platform.end(signal.SIGINT)
    assert ended.code == 0
    reader.join(60)
    assert not reader.is_alive()
    held = salestape("doctor", "--json")
    assert held.json["held_by"] is None
    assert held.json["tape"]["ends"] == {"0": 4}


@pytest.fixture(scope="module")
def guarded(
    prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Salestape, str]]:
    """The command beside a platform that asks for a key, and the address of that."""
    folder = prepared_at(tmp_path_factory.mktemp("guarded") / "data", prepared)
    command = Salestape(folder, {"SALESTAPE_GATEWAY_API_KEY": KEY})
    platform = Up(command)
    yield command, platform.address
    platform.end(signal.SIGKILL)


def test_it_says_how_it_is_and_fetches_nothing_from_elsewhere(
    guarded: tuple[Salestape, str],
) -> None:
    salestape, address = guarded
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        assert client.get("/health").json()["status"] == "ok"
        assert client.get("/metrics").status_code == 401
        client.headers["Authorization"] = f"Bearer {KEY}"
        assert client.get("/health", headers={"Host": "evil.example"}).status_code == 421
        wrong = client.post("/events", content=b"{", headers={"Content-Type": "application/json"})
        assert wrong.status_code == 400
        told = client.get("/metrics").text
        assert 'salestape_events_total{outcome="rejected"' in told
        assert 'salestape_derive_lag_records{table="deals"' in told
        assert 'route="/events",status="400"' in told
        assert set(client.get("/openapi.json").json()["paths"]) >= {
            "/events", "/feed", "/sql", "/questions", "/health", "/metrics", "/rebuild",
        }  # fmt: skip
        assert client.get("/docs").status_code == 404
        assert client.get("/").headers["content-type"].startswith("text/html")
    assert salestape.sql("SELECT 1 AS one") == [{"one": 1}]


def test_a_floor_that_is_simulated_again_is_the_same_floor(guarded: tuple[Salestape, str]) -> None:
    salestape, _ = guarded
    options = ("simulate", "--days", "30", "--accounts", "3", "--seed", "7", "--json")
    first, again = salestape(*options).json, salestape(*options).json
    assert again["already_there"] == first["events"] == first["appended"] > 50
    assert again["appended"] == again["rejected"] == 0
    live = salestape(*options[:-1], "--rate", "100/s", "--for", "1", "--json").json
    assert live["appended"] == live["events"] > 0


def test_with_a_simulated_floor_the_panels_are_full_when_the_address_is_told(
    salestape: Salestape, up: StartUp
) -> None:
    first = up(salestape, "--simulate", "--history", "30", "--rate", "20/s")
    asked = (
        "SELECT (SELECT count() FROM funnel) AS stages, (SELECT count() FROM quota_attainment) AS"
        " quotas, (SELECT countIf(notEmpty(rules)) FROM churn_signals) AS signals"
    )
    (filled,) = salestape.sql(asked)
    assert all(count > 0 for count in filled.values()), filled
    live = salestape("feed", "--limit", "3", "--json")
    assert len(live.out.splitlines()) == 3
    assert first.end().code == 0

    before = _records(salestape)
    second: Up = up(salestape, "--simulate", "--history", "30", "--rate", "20/s")
    wait_until(lambda: _health(second)["tape"]["ends"]["0"] > before)
    assert _health(second)["gateway"]["handed_in"].keys() == {"appended"}
    assert _health(second)["gateway"]["handed_in"]["appended"] < before / 2
    assert second.end().code == 0


def _records(salestape: Salestape) -> int:
    return int(salestape("doctor", "--json").json["tape"]["ends"]["0"])


def _health(platform: Up) -> dict[str, Any]:
    state: dict[str, Any] = HTTP.get(f"{platform.address}/health").json()
    return state
