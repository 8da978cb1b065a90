"""`salestape signals` beside a running platform, which looks for what to raise by itself."""

import json
from datetime import timedelta
from typing import Any

from conftest import Salestape, StartUp
from loopback import HTTP
from waiting import wait_until

from infra.clock import now


def test_a_person_takes_a_signal_on_and_clears_it(salestape: Salestape, up: StartUp) -> None:
    salestape.environment["SALESTAPE_SIGNALS_SECONDS"] = "0.2"
    platform = up(salestape)
    purchase = {
        "specversion": "1.0",
        "id": "1",
        "source": "till",
        "type": "sales.purchase.made.v1",
        "time": (now() - timedelta(days=100)).isoformat(),
        "account": "quiet",
        "data": {"amount": "10", "currency": "EUR"},
    }
    answer = HTTP.post(
        f"{platform.address}/events",
        content=json.dumps(purchase),
        headers={"Content-Type": "application/cloudevents+json"},
        timeout=60,
    )
    assert answer.is_success, answer.text

    def rows() -> list[list[Any]]:
        sql = "SELECT signal, status, acknowledged_by, outcome, note FROM signals"
        answer = HTTP.post(f"{platform.address}/sql", content=sql, timeout=60)
        found: list[list[Any]] = answer.json()["rows"] if answer.is_success else []
        return found

    wait_until(lambda: bool(rows()))
    (listed,) = salestape("signals", "list", "--json").json
    assert (listed["account"], listed["rule"], listed["status"]) == ("quiet", "idle_long", "raised")
    name = listed["signal"]

    taken = salestape("signals", "acknowledge", name, "--by", "rep-1", "--note", "mine")
    assert taken.code == 0, taken.err
    wait_until(lambda: rows() == [[name, "acknowledged", "rep-1", "", "mine"]])
    cleared = salestape("signals", "clear", name, "--by", "rep-1")
    assert cleared.code == 0, cleared.err
    wait_until(lambda: rows() == [[name, "cleared", "rep-1", "solved", "mine"]])
    assert salestape("signals", "list", "--json").json == []
    again = salestape("signals", "clear", name, "--by", "rep-1")
    assert (again.code, "cleared already" in again.err) == (2, True)
