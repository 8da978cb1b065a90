"""`salestape dlq`: records that an older Salestape knew nothing of become events in a newer one."""

from base64 import b64decode
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from conftest import FEW_QUESTIONS, Salestape, StartUp
from waiting import wait_until

from infra import clock
from infra.tape.contract import Entry
from infra.tape.dead_letters import REFUSED_BY_WAREHOUSE
from infra.tape.opening import open_dead_letters, open_tape

OLDER = f"""
import services.projector.rows as rows
from events.parsing import Rejection, parse_event
def older(raw):
    unknown = Rejection('type: "sales.purchase.made.v1" is not an event type of the catalogue')
    return unknown if b"purchase.made" in raw else parse_event(raw)
rows.read_plain = lambda raws: [None] * len(raws)
rows.parse_event = older
{FEW_QUESTIONS}"""

RUBBISH = b"\x1b[2J \xff no event \xc2\x9b31m"


@pytest.fixture
def older(salestape: Salestape) -> Salestape:
    """A Salestape on the same data whose projector does not know purchases yet."""
    return Salestape(salestape.data, salestape.environment, OLDER)


def append(url: str, *values: bytes) -> None:
    with closing(open_tape(url)) as tape:
        tape.append([Entry("acme", value) for value in values])


def purchases(salestape: Salestape) -> int:
    return int(salestape.sql("SELECT sum(purchases) AS n FROM accounts")[0]["n"])


def test_what_an_older_salestape_rejected_becomes_events_in_a_newer_one(
    salestape: Salestape, older: Salestape, shop: Path, up: StartUp
) -> None:
    assert older("import", str(shop), str(shop), "--json").json["appended"] == 3
    append(f"sqlite://{salestape.data}/tape.sqlite", RUBBISH, RUBBISH)
    assert older.sql("SELECT count() AS n FROM events") == [{"n": 0}]

    listed = salestape("dlq", "list", "--limit", "1", "--json").json
    assert listed["letters"] == 5
    assert [(kind["count"], kind["samples"]) for kind in listed["reasons"]] == [
        (3, ["0:0", "0:1", "0:2"]),
        (2, ["0:3", "0:4"]),
    ]
    assert [letter["place"] for letter in listed["latest"]] == ["0:4"]
    replayed = salestape("dlq", "replay", "0:0", "--json")
    assert (replayed.code, [one["became"] for one in replayed.json]) == (0, ["appended"])

    up(salestape)  # and the same beside a platform
    narrowed = ["--reason", "CATALOGUE", "--since", "0:0", "--json"]
    assert salestape("dlq", "list", *narrowed).json["letters"] == 2
    told = salestape("dlq", "show", "0:3").out + salestape("dlq", "list").out
    assert "\\x1b[2J \\xff no event" in told
    assert not any(one in told for one in ("\x1b", "\x9b"))
    raw, _ = salestape.start(["dlq", "show", "0:3", "--raw"], text=False).communicate()
    assert raw == RUBBISH
    assert b64decode(salestape("dlq", "show", "0:3", "--json").json["value"]) == RUBBISH

    rehearsed = salestape("dlq", "replay", "--all", "--dry-run", "--json")
    assert rehearsed.code == 1
    assert [one["became"] for one in rehearsed.json] == ["good"] * 3 + ["bad"] * 2
    for expected in (["duplicate", "appended", "appended"], ["duplicate"] * 3):
        replayed = salestape("dlq", "replay", "--reason", "catalogue", "--json")
        assert (replayed.code, [one["became"] for one in replayed.json]) == (0, expected)
    wait_until(lambda: purchases(salestape) == 3)
    bad = salestape("dlq", "replay", "0:3")
    assert bad.code == 1
    assert "not readable as JSON" in bad.out
    missing = salestape("dlq", "show", "9:9")
    assert (missing.code, missing.out) == (1, "")
    assert "no dead letter 9:9" in missing.err


def test_letters_of_a_tape_on_kafka_are_read_from_their_topic(
    salestape: Salestape, older: Salestape, shop: Path, kafka: str
) -> None:
    url = f"kafka://{kafka}/test.{clock.new_id()}"
    salestape.environment["SALESTAPE_TAPE"] = url
    append(url, RUBBISH)
    assert older("import", str(shop), str(shop), "--json").json["appended"] == 3
    assert older.sql("SELECT count() AS n FROM events") == [{"n": 0}]
    with closing(open_tape(url)) as tape:
        rubbish, purchase = (
            next(record for record in tape.read({}, 10) if word in record.value)
            for word in (RUBBISH, b"purchase.made")
        )
    letters = open_dead_letters(url)
    assert letters is not None
    with letters:  # as a projector would that has met what the engine refuses
        letters.write([(purchase._replace(offset=9_999), f"{REFUSED_BY_WAREHOUSE}: why")])
    (salestape.data / "warehouse").rename(salestape.data / "away")

    kinds = salestape("dlq", "list", "--json").json["reasons"]
    assert [kind["count"] for kind in kinds] == [3, 1, 1]
    place = f"{rubbish.partition}:{rubbish.offset}"
    shown = salestape("dlq", "show", place, "--json").json
    assert b64decode(shown["value"]) == RUBBISH
    assert "not readable" in shown["headers"]["__connect.errors.exception.message"]
    assert not (salestape.data / "warehouse").exists()  # the topic tells everything
    (salestape.data / "away").rename(salestape.data / "warehouse")
    replayed = salestape("dlq", "replay", "--all", "--json")
    assert replayed.code == 1
    assert Counter(one["became"] for one in replayed.json) == {"appended": 3, "bad": 2}
    assert purchases(salestape) == 3
    named = salestape("dlq", "replay", f"{purchase.partition}:9999", "--json")
    assert [one["became"] for one in named.json] == ["duplicate"]
