"""What a dry run says would become of events."""

import json
from datetime import timedelta

from infra.clock import now
from services.importers.rehearsal import Rehearsal


def won(**changes: object) -> bytes:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "test",
        "type": "sales.deal.won.v1",
        "time": "2025-03-01T00:00:00Z",
        "deal": "d",
        "data": {"amount": "10", "currency": "EUR"},
    }
    return json.dumps({**event, **changes}).encode()


def test_repeats_and_conflicts_are_told_apart_from_what_is_new() -> None:
    rehearsal = Rehearsal()
    lots = [
        [won(), won(id="2"), won(source="other")],
        [won(), won(deal="another")],
    ]
    outcomes = [outcome.status for lot in lots for outcome in rehearsal.accept(lot)]
    assert outcomes == ["appended", "appended", "appended", "duplicate", "conflict"]


def test_what_a_tape_would_refuse_is_rejected_with_its_field() -> None:
    ahead = now() + timedelta(hours=1)
    outcomes = Rehearsal().accept(
        [won(data={"amount": 10.5, "currency": "EUR"}), won(time=ahead.isoformat())]
    )
    assert [(outcome.status, outcome.field) for outcome in outcomes] == [
        ("rejected", "data.amount"),
        ("rejected", "time"),
    ]
