"""Corrections and retractions get from their target what they leave out, and contradict nothing."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from gateway_doubles import MemoryLedger, correction, event, records_of, retraction

import events
from events.upcasts import UPCASTS
from infra.tape.contract import Tape
from services.gateway.intake import Intake

Start = Callable[..., Intake]
EXAMPLES = Path(events.__file__).parent / "examples"
TARGET = {"target_type": "sales.deal.won.v1", "target_time": "2024-02-01T10:00:00Z"}


def last(tape: Tape) -> Any:
    return orjson.loads(records_of(tape)[-1].value)


@pytest.mark.parametrize("where", ["same batch", "in the tail", "in the ledger"])
@pytest.mark.parametrize("amendment", [retraction, correction])
def test_what_an_amendment_leaves_out_is_filled_in_from_its_target(
    start: Start, tape: Tape, ledger: MemoryLedger, where: str, amendment: Callable[..., bytes]
) -> None:
    target = event("e1", subject="S-1", partitionkey="Acme")
    intake = start()
    if where == "same batch":
        told = intake.accept([target, amendment("a1", "e1")])
    else:
        intake.accept([target])
        if where == "in the ledger":
            ledger.project()
            intake = start()
        told = intake.accept([amendment("a1", "e1")])
    assert (told[-1].status, told[-1].reason) == ("appended", None)
    found = last(tape)
    assert {name: found[name] for name in ("account", "deal", "actor", "subject")} == {
        "account": "Acme",
        "deal": "D-1",
        "actor": "Ada Lovelace",
        "subject": "S-1",
    }
    assert TARGET.items() <= found["data"].items()
    assert found["partitionkey"] == records_of(tape)[-1].key == "Acme"


def test_an_amendment_lies_where_its_target_lies(intake: Intake, tape: Tape) -> None:
    intake.accept([event("e1", account=None), event("e2", account="Acme")])
    told = intake.accept([retraction("a1", "e2")])
    assert (told[0].status, records_of(tape)[-1].key) == ("appended", "D-1")


@pytest.mark.parametrize("amendment", [retraction, correction])
def test_an_amendment_that_comes_first_must_say_where_it_belongs(
    intake: Intake, tape: Tape, amendment: Callable[..., bytes]
) -> None:
    silent, complete = intake.accept(
        [
            amendment("a1", "e1"),
            amendment("a2", "e1", TARGET, account="Acme", deal="D-1", actor="Ada Lovelace"),
        ]
    )
    assert (silent.status, silent.field) == ("rejected", "data.target_type")
    assert silent.reason == (
        "the event e1 of source /crm to be amended is not on the tape yet, so the amendment must "
        "say where it belongs; give data.target_type, data.target_time, account, deal, actor or "
        "subject (those that the target has), or hand in that event first"
    )
    assert complete.status == "appended"
    assert [one.status for one in intake.accept([event("e1")])] == ["appended"]
    assert {record.key for record in records_of(tape)} == {"Acme"}


@pytest.mark.parametrize(
    ("attributes", "data", "field", "said"),
    [
        ({"account": "Other"}, {}, "account", "account: is Other, the target has Acme"),
        ({"deal": "D-2"}, {}, "deal", "deal: is D-2, the target has D-1"),
        ({"actor": "Eve"}, {}, "actor", "actor: is Eve, the target has Ada Lovelace"),
        ({"subject": "S"}, {}, "subject", "subject: is S, the target has none"),
        (
            {},
            {"target_type": "sales.deal.lost.v1"},
            "data.target_type",
            "data.target_type: is sales.deal.lost.v1, the target has sales.deal.won.v1",
        ),
        (
            {},
            {"target_time": "2024-02-01T10:00:01Z"},
            "data.target_time",
            r"is 2024-02-01T10:00:01Z, the target has 2024-02-01T10:00:00\+00:00",
        ),
        ({}, {"target_time": "noon"}, "data.target_time", "data.target_time: .*found"),
    ],
)
def test_an_amendment_that_contradicts_its_target_is_rejected(
    intake: Intake, attributes: dict[str, str], data: dict[str, str], field: str, said: str
) -> None:
    intake.accept([event("e1")])
    (told,) = intake.accept([retraction("a1", "e1", data, **attributes)])
    assert (told.status, told.field) == ("rejected", field)
    assert re.search(said, told.reason or "")


def test_the_time_of_the_target_may_be_told_in_another_zone(intake: Intake) -> None:
    (_, told) = intake.accept(
        [event("e1"), retraction("a1", "e1", {"target_time": "2024-02-01T11:00:00+01:00"})]
    )
    assert told.status == "appended"


@pytest.mark.parametrize(
    ("payload", "field", "said"),
    [
        (
            {"amount": 120, "currency": "EUR"},
            "data.payload.amount",
            "data.payload.amount: expected a decimal number",
        ),
        ({"currency": "EUR"}, "data.payload.amount", "data.payload.amount: is missing"),
        (
            {"amount": "120", "currency": "EUR", "amonut": "1"},
            "data.payload.amonut",
            "data.payload.amonut: is not a field of sales.deal.won.v1",
        ),
    ],
)
def test_what_an_event_is_corrected_to_must_be_a_payload_of_its_type(
    intake: Intake, payload: dict[str, Any], field: str, said: str
) -> None:
    (_, told) = intake.accept([event("e1"), correction("a1", "e1", {"payload": payload})])
    assert (told.status, told.field) == ("rejected", field)
    assert said in (told.reason or "")


def test_nothing_that_is_no_number_gets_into_a_correction(intake: Intake) -> None:
    raw = correction("a1", "e1", {"payload": {"direction": "inbound", "duration_seconds": 1}})
    target = event("e1", "sales.call.made.v1", {"direction": "inbound"})
    told = intake.accept([target, raw.replace(b'_seconds":1', b'_seconds":NaN')])
    assert (told[1].status, told[1].field) == ("rejected", "data.payload.duration_seconds")
    told = intake.accept([raw.replace(b'_seconds":1', b'_seconds":' + b"9" * 400)])
    assert (told[0].status, told[0].field) == ("rejected", "data.payload.duration_seconds")


def test_an_event_cannot_be_corrected_into_the_future(intake: Intake) -> None:
    ahead = {"corrected_time": "2031-01-01T00:00:00Z"}
    (_, told) = intake.accept([event("e1"), correction("a1", "e1", ahead)])
    assert (told.status, told.field) == ("rejected", "data.corrected_time")


def test_an_amendment_cannot_be_amended(intake: Intake) -> None:
    told = intake.accept([event("e1"), retraction("a1", "e1"), retraction("a2", "a1")])
    assert (told[2].status, told[2].field) == ("rejected", "data.target_id")
    assert "an amendment may not target an amendment" in (told[2].reason or "")


@pytest.mark.parametrize("projected", [False, True], ids=["in the tail", "in the ledger"])
def test_an_amendment_handed_in_again_is_a_duplicate(
    start: Start, tape: Tape, ledger: MemoryLedger, projected: bool
) -> None:
    early = retraction("a1", "e1", TARGET, account="Acme")
    late = correction("a2", "e1")
    assert [one.status for one in start().accept([early, event("e1"), late])] == ["appended"] * 3
    if projected:
        ledger.project()
    # The early one names no deal, the target does: it stays what it was when it was recorded.
    assert [one.status for one in start().accept([early, late])] == ["duplicate", "duplicate"]
    assert len(records_of(tape)) == 3


def test_two_contents_of_one_amendment_are_in_conflict(intake: Intake, tape: Tape) -> None:
    told = intake.accept([event("e1"), correction("a1", "e1"), retraction("a1", "e1")])
    assert [one.status for one in told] == ["appended", "appended", "conflict"]


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (event("a1", "sales.event.retracted.v1", {}), "data.target_source"),
        (event("a1", "sales.event.retracted.v1", {"target_source": "/crm", "target_id": 7}), None),
        (event("a1", "sales.event.retracted.v1", "no object"), None),
        (retraction("a1", "e1", {**TARGET, "target_type": "sales.x.y.v1"}, account="A"), None),
    ],
)
def test_an_amendment_that_is_no_event_is_rejected(
    intake: Intake, raw: bytes, field: str | None
) -> None:
    (told,) = intake.accept([raw])
    assert told.status == "rejected"
    assert told.reason
    assert field is None or told.field == field


def test_an_amendment_whose_type_is_written_with_escapes_is_one_all_the_same(
    intake: Intake, tape: Tape
) -> None:
    intake.accept([event("e1")])
    raw = retraction("a1", "e1", TARGET).replace(
        b"sales.event.retracted", b"sales\\u002eevent.retracted"
    )
    assert intake.accept([raw])[0].status == "appended"
    assert last(tape)["account"] == "Acme"


def test_an_amendment_of_an_old_type_is_one_of_the_current_type(intake: Intake, tape: Tape) -> None:
    old = next(iter(UPCASTS))
    example = orjson.loads((EXAMPLES / f"{old}.json").read_bytes())
    target = {"target_source": example["source"], "target_id": example["id"], "target_type": old}
    moved = {"corrected_time": "2024-02-02T10:00:00Z", "payload": example["data"]}
    intake.accept([orjson.dumps({**example, "time": "2024-02-01T10:00:00Z"})])
    unsaid = dict.fromkeys(("account", "deal", "actor"))
    raw = event("a1", "sales.event.corrected.v1", {**target, **moved}, **unsaid)
    (told,) = intake.accept([raw])
    assert (told.status, told.reason) == ("appended", None)
    assert last(tape)["data"]["target_type"] == UPCASTS[old].new
