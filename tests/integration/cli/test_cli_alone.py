"""Commands that open the data folder themselves, because no platform runs on it."""

import json
from pathlib import Path

from conftest import Salestape


def test_an_import_is_seen_by_the_next_command(
    newcomer: Salestape, shop: Path, tmp_path: Path
) -> None:
    rehearsed = newcomer("import", str(shop), str(shop), "--dry-run", "--json")
    assert rehearsed.code == 1
    assert rehearsed.json["appended"] == 3
    sample = json.dumps(rehearsed.json["samples"]["sales.purchase.made.v1"])
    assert f"for example {sample}" in newcomer("import", str(shop), str(shop), "--dry-run").out
    assert not newcomer.data.exists()

    rejects = tmp_path / "rejects.jsonl"
    done = newcomer("import", str(shop), str(shop), "--rejects", str(rejects), "--json")
    assert done.code == 1
    assert (done.json["appended"], done.json["rejected"]) == (3, 1)
    assert (done.json["rejects"][0]["file"], done.json["rejects"][0]["row"]) == ("orders.csv", 4)
    assert "amount" in json.loads(rejects.read_text())["reason"]

    asked = newcomer("sql", "--json", "-", given="SELECT account, purchases FROM accounts")
    assert asked.code == 0
    assert sorted(asked.json, key=lambda row: row["account"]) == [
        {"account": "Acme", "purchases": 2},
        {"account": "Bolt", "purchases": 1},
    ]


def test_a_floor_is_simulated_its_tables_rebuilt_and_its_tape_read_back(
    salestape: Salestape,
) -> None:
    told = salestape("simulate", "--days", "30", "--accounts", "4", "--json").json
    assert told["appended"] == told["events"] > 50
    (rebuilt,) = salestape("rebuild", "deals", "--json").json
    assert rebuilt["table"] == "deals"
    assert rebuilt["before"].startswith("deals__")
    assert rebuilt["after"] not in (None, rebuilt["before"])
    state = salestape("doctor", "--json")
    assert state.code == 0
    assert state.json["shown"]["deals"] == rebuilt["after"]
    assert {table["lag"] for table in state.json["tables"]} == {0}
    assert state.json["held_by"] is None
    feed = salestape("feed", "--since", "start", "--type", "sales.lead", "--limit", "2", "--json")
    events = [json.loads(line) for line in feed.out.splitlines()]
    assert len(events) == 2
    assert all(event["type"].startswith("sales.lead.") for event in events)
