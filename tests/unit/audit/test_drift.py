"""Where an export and the tape tell a deal otherwise."""

import json
from typing import Any

import pytest

from services.audit.drift import Difference, Export, differences

ROW: dict[str, str | None] = {
    "deal": "D1", "account": "Acme", "pipeline": "main", "stage": "needs", "status": "won",
    "owner": "ann", "amount": "10.5", "currency": "EUR", "product": "", "opened": "2024-01-05",
    "closed": "2024-02-01", "expected_close": None,
}  # fmt: skip


def told(kind: str, time: str, deal: str | None = "D1", **data: Any) -> bytes:
    event = {
        "specversion": "1.0", "id": f"{kind} {time} {deal}", "source": "export",
        "type": f"sales.{kind}.v1", "time": time, "account": "Acme", "actor": "ann", "data": data,
    }  # fmt: skip
    return json.dumps(event | ({"deal": deal} if deal else {})).encode()


OPENED = told("deal.opened", "2024-01-05T00:00:00Z", pipeline="main", stage="needs")
WON = told("deal.won", "2024-02-01T00:00:00Z", amount="10.50", currency="EUR")


def exported(*events: bytes) -> Export:
    export = Export()
    assert {one.status for one in export.accept(events)} == {"appended"}
    return export


def found(row: dict[str, str | None] | None, *events: bytes) -> list[Difference]:
    return differences("D1", exported(*events).states()["D1"], row)


def test_what_both_tell_alike_is_no_drift_in_any_order() -> None:
    assert found(ROW, OPENED, WON) == found(ROW, WON, OPENED) == []


@pytest.mark.parametrize(
    ("field", "tape", "export"),
    [
        ("account", "Bolt", "Acme"),
        ("account", "", "Acme"),
        ("pipeline", "other", "main"),
        ("stage", "proposal", "needs"),
        ("status", "lost", "won"),
        ("owner", "bob", "ann"),
        ("amount", "10.51", "10.50"),
        ("amount", None, "10.50"),
        ("currency", "USD", "EUR"),
        ("opened", "2024-01-06", "2024-01-05"),
        ("closed", None, "2024-02-01"),
    ],
)
def test_each_field_that_differs_is_told(field: str, tape: str | None, export: str) -> None:
    assert found(ROW | {field: tape}, OPENED, WON) == [
        Difference("D1", field, export, tape or None)
    ]


def test_what_the_export_does_not_tell_is_not_compared() -> None:
    # Who opened it and when, what it is for and where it stood is not in a row of closed deals.
    assert found(ROW | {"product": "chair", "opened": "2023-01-01", "stage": "x"}, WON) == []


def test_a_deal_that_is_open_again_in_the_export_is_no_longer_closed() -> None:
    again = told("deal.reopened", "2024-02-05T00:00:00Z", stage="needs")
    assert found(ROW, OPENED, WON, again) == [Difference("D1", "status", "open", "won")]


def test_a_deal_that_the_tape_does_not_know_is_told_with_its_status() -> None:
    assert found(None, OPENED, WON) == [Difference("D1", "deal", "won", None)]


def test_activities_alone_are_no_deal_and_what_is_no_event_is_said() -> None:
    export = exported(told("call.made", "2024-01-05T00:00:00Z", direction="outbound"))
    assert export.states() == {}
    (outcome,) = export.accept([told("deal.won", "2024-02-01T00:00:00Z", amount="1,5")])
    assert (outcome.status, outcome.field) == ("rejected", "data.amount")
    assert export.states() == {}
