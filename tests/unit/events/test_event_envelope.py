"""Which events are the same, in which order events stand, and where they are at home."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from events.envelope import Event, digest_of, home_of, order_of
from events.examples import example
from events.parsing import Rejection, parse_event


def _event(**changes: Any) -> Event[Any]:
    content = {**json.loads(example("sales.deal.won.v1")), **changes}
    event = parse_event(json.dumps(content).encode())
    assert not isinstance(event, Rejection), event.reason
    return event


def test_a_digest_is_of_the_content_not_of_how_it_was_written() -> None:
    content = json.loads(example("sales.deal.won.v1"))
    backwards = json.dumps(dict(reversed(content.items())), indent=4).encode()
    event = parse_event(backwards)
    assert not isinstance(event, Rejection)
    assert digest_of(event) == digest_of(_event())
    assert digest_of(_event(time="2026-04-28T13:45:00+02:00")) == digest_of(_event())
    assert len(digest_of(event)) == 32


def test_the_home_and_the_trace_of_an_event_are_not_its_content() -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    assert digest_of(_event(partitionkey="deal-0107")) == digest_of(_event())
    assert digest_of(_event(traceparent=trace)) == digest_of(_event())


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"source": "other"},
        {"time": "2026-04-28T11:45:00.000001Z"},
        {"sequence": 1},
        {"subject": "other"},
        {"account": "other"},
        {"deal": "other"},
        {"actor": "other"},
        {"correlationid": "other"},
        {"causationid": "other"},
        {"data": {"amount": "20900.0", "currency": "EUR"}},
    ],
)
def test_any_other_change_changes_the_digest(change: dict[str, Any]) -> None:
    assert digest_of(_event(**change)) != digest_of(_event())


def test_events_stand_in_the_order_of_time_then_sequence_then_name() -> None:
    in_order = [
        _event(time="2026-01-01T01:00:00+02:00", sequence=9),
        _event(time="2026-01-01T00:00:00Z", sequence=1, source="a", id="z"),
        _event(time="2026-01-01T00:00:00Z", sequence=2, source="a", id="b"),
        _event(time="2026-01-01T00:00:00Z", sequence=2, source="b", id="a"),
        _event(time="2026-01-01T00:00:00Z", sequence=2, source="b", id="b"),
    ]
    backwards = in_order[::-1]
    assert sorted(backwards, key=order_of) == in_order


def test_an_event_is_at_home_where_its_history_lies() -> None:
    nothing = {"account": None, "deal": None, "actor": None, "subject": None}
    assert home_of(_event()) == "acct-0042"
    assert home_of(_event(), deal_home="deal-0107") == "deal-0107"
    assert home_of(_event(account=None)) == "deal-0107"
    assert home_of(_event(account=None, deal=None)) == "rep-17"
    assert home_of(_event(**{**nothing, "subject": "north"})) == "north"
    assert home_of(_event(**nothing, source="crm")) == "crm"
    assert home_of(_event(deal=None), deal_home="deal-0107") == "acct-0042"


def test_an_event_cannot_be_changed() -> None:
    event = _event()
    with pytest.raises(ValidationError):
        event.id = "other"
    with pytest.raises(ValidationError):
        event.data.amount = "1"
