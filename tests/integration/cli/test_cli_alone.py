"""Commands that open the data folder themselves, because no platform runs on it."""

import json
from pathlib import Path

from conftest import Salestape


def test_an_import_is_seen_by_the_next_command_and_a_second_one_adds_nothing(
    salestape: Salestape, shop: Path, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.jsonl"
    rehearsed = salestape("import", str(shop), str(shop), "--dry-run", "--json")
    assert rehearsed.code == 1
    assert rehearsed.json["appended"] == 3
    assert not salestape.data.exists()

    first = salestape("import", str(shop), str(shop), "--rejects", str(rejects), "--json")
    assert first.code == 1
    assert (first.json["appended"], first.json["rejected"]) == (3, 1)
    assert (first.json["rejects"][0]["file"], first.json["rejects"][0]["row"]) == ("orders.csv", 4)
    assert "amount" in json.loads(rejects.read_text())["reason"]
    again = salestape("import", str(shop), str(shop))
    assert again.code == 1
    assert "orders.csv, row 4" in again.out

    asked = salestape("sql", "--json", "-", given="SELECT account, purchases FROM accounts")
    assert asked.code == 0
    assert sorted(asked.json, key=lambda row: row["account"]) == [
        {"account": "Acme", "purchases": 2},
        {"account": "Bolt", "purchases": 1},
    ]
    known = salestape("show", "accounts", "--as-of", "2024-01-31", "--csv")
    header, *rows = known.out.splitlines()
    assert header.startswith("account,")
    assert [row.split(",")[0] for row in rows] == ["Acme"]


def test_a_floor_is_simulated_once_its_tables_rebuilt_and_its_tape_read_back(
    salestape: Salestape,
) -> None:
    floor = ("simulate", "--days", "40", "--accounts", "5", "--seed", "7", "--json")
    told, again = salestape(*floor).json, salestape(*floor).json
    assert told["appended"] == told["events"] > 100
    assert again["already_there"] == told["events"]
    assert again["appended"] == again["rejected"] == 0
    rebuilt = salestape("rebuild", "deals", "--json")
    assert rebuilt.code == 0
    (one,) = rebuilt.json
    assert one["table"] == "deals"
    assert one["before"].startswith("deals__")
    assert one["after"] not in (None, one["before"])
    state = salestape("doctor", "--json")
    assert state.code == 0
    assert state.json["shown"]["deals"] == one["after"]
    assert {table["lag"] for table in state.json["tables"]} == {0}
    assert state.json["held_by"] is None
    feed = salestape("feed", "--since", "start", "--type", "sales.lead", "--limit", "2", "--json")
    events = [json.loads(line) for line in feed.out.splitlines()]
    assert len(events) == 2
    assert all(event["type"].startswith("sales.lead.") for event in events)
    assert salestape("rebuild", "no_such_table").code == 2
