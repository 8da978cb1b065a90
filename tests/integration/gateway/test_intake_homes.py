"""Where events are at home: the key they lie under on the tape, for life."""

from collections.abc import Callable

import pytest
from gateway_doubles import MemoryLedger, event, records_of

from infra.tape.contract import Tape
from services.gateway import recent
from services.gateway.intake import Intake

OPENED = {"pipeline": "standard", "stage": "research"}


def keys(tape: Tape) -> list[str]:
    return [record.key for record in records_of(tape)]


def opened(name: str, **attributes: str | None) -> bytes:
    return event(name, "sales.deal.opened.v1", OPENED, **attributes)


@pytest.mark.parametrize("projected", [False, True], ids=["in the tail", "in the ledger"])
@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "after a restart"])
def test_a_deal_stays_where_it_was_opened(
    start: Callable[..., Intake], tape: Tape, ledger: MemoryLedger, projected: bool, restarted: bool
) -> None:
    intake = start()
    intake.accept([opened("e1", account=None), opened("e2", deal="D-2", account="Acme")])
    if projected:
        ledger.project()
    if restarted:
        intake = start()
    intake.accept([event("e3", account="Acme"), event("e4", deal="D-2", account="Other Ltd")])
    assert keys(tape) == ["D-1", "Acme", "D-1", "Acme"]


def test_within_one_batch_the_first_event_of_a_deal_says_where_it_is(
    intake: Intake, tape: Tape
) -> None:
    intake.accept([opened("e1", account=None), event("e2", account="Acme")])
    assert keys(tape) == ["D-1", "D-1"]


def test_what_is_of_no_deal_lies_with_its_account_else_its_rep_else_its_subject(
    intake: Intake, tape: Tape
) -> None:
    intake.accept(
        [
            event("e1", deal=None),
            event("e2", deal=None, account=None),
            event("e3", deal=None, account=None, actor=None, subject="S-1"),
            event("e4", deal=None, account=None, actor=None),
        ]
    )
    assert keys(tape) == ["Acme", "Ada Lovelace", "S-1", "/crm"]


def test_a_conflict_does_not_say_where_its_deal_is_at_home(
    start: Callable[..., Intake], tape: Tape, ledger: MemoryLedger
) -> None:
    intake = start()
    intake.accept([event("e1"), event("e1", account="Other Ltd", deal="D-9")])
    start().accept([event("e2", account="Third Ltd", deal="D-9")])
    assert keys(tape) == ["Acme", "Acme", "Third Ltd"]


def test_an_amendment_of_what_is_not_there_yet_does_not_say_where_its_deal_is_at_home(
    intake: Intake, tape: Tape
) -> None:
    target = {"target_type": "sales.deal.won.v1", "target_time": "2024-02-01T10:00:00Z"}
    retracted = {"target_source": "/crm", "target_id": "e1", **target}
    intake.accept([event("a1", "sales.event.retracted.v1", retracted, account=None), event("e1")])
    assert keys(tape) == ["D-1", "Acme"]


def test_homes_that_the_ledger_knows_are_not_kept_without_end(
    start: Callable[..., Intake],
    tape: Tape,
    ledger: MemoryLedger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent, "MAX_SETTLED_HOMES", 3)
    intake = start()
    intake.accept([opened(f"o{n}", deal=f"D-{n}", account=f"A-{n}") for n in range(9)])
    ledger.project()
    intake = start()
    for n in range(9):
        intake.accept([event(f"w{n}", deal=f"D-{n}", account="Other Ltd")])
    assert keys(tape) == [f"A-{n}" for n in range(9)] * 2


def test_a_home_that_the_client_gives_must_be_right(intake: Intake, tape: Tape) -> None:
    right, wrong = intake.accept(
        [event("e1", partitionkey="Acme"), event("e2", partitionkey="Elsewhere")]
    )
    assert right.status == "appended"
    assert (wrong.status, wrong.field) == ("rejected", "partitionkey")
    assert wrong.reason == (
        "partitionkey: the gateway sets it, this event is at home in Acme; found Elsewhere; "
        "leave it out"
    )
    assert intake.accept([event("e1")])[0].status == "duplicate"
    assert len(records_of(tape)) == 1
