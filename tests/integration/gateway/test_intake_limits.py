"""What the intake refuses, puts off or waits for, and how it says so."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from gateway_doubles import MemoryLedger, event, records_of

from events.parsing import MAX_BYTES
from infra.tape.contract import Entry, Tape, TapeRefused, TapeUnavailable
from services.gateway import recorded
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog

Start = Callable[..., Intake]


def test_what_lies_ahead_of_the_clock_is_refused(intake: Intake, tape: Tape) -> None:
    told = intake.accept(
        [event("now", time="2024-03-01T12:05:00Z"), event("ahead", time="2024-03-01T12:05:01Z")]
    )
    assert [one.status for one in told] == ["appended", "rejected"]
    assert told[1].field == "time"
    assert told[1].reason == (
        "time: 2024-03-01T12:05:01Z lies more than 5 minutes ahead of the tape's clock, which says "
        "2024-03-01T12:00:00Z"
    )
    assert len(records_of(tape)) == 1


BAD = {
    "malformed": (b'{"specversion":"1.0",', "not readable as JSON"),
    "empty": (b"", "not readable as JSON"),
    "not UTF-8": (b'{"id":"\xff"}', "not readable as JSON"),
    "half a surrogate pair": (b'{"id":"\\ud800"}', "not readable as JSON"),
    "nested too deeply": (b"[" * 100_000, "not readable as JSON"),
    "no object": (b"[1]", "object"),
    "an unknown type": (
        event(type="sales.deal.eaten.v1"),
        "type: .*sales.deal.eaten.v1.* is not an event type",
    ),
    "a wrong field": (
        event(data={"amount": "1", "currency": "EUR", "amonut": "2"}),
        "data.amonut: is not a field of sales.deal.won.v1",
    ),
    "a naive time": (event(time="2024-02-01T10:00:00"), "time: needs an offset"),
    "a float for money": (
        event(data={"amount": 12.5, "currency": "EUR"}),
        r"data.amount: expected a decimal number as a string.*; found 12\.5",
    ),
    "an endless number": (event().replace(b'"100.00"', b"1" * 5_000), "number out of range"),
    "no number": (event().replace(b'"100.00"', b"NaN"), "data.amount"),
    "too large": (event(deal="x" * 300_000), "at most 262,144 are allowed"),
    "a time of its own for the tape": (
        event(recordedtime="2024-02-01T10:00:00Z"),
        "recordedtime: is set by the tape",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_event_is_rejected_with_the_reason_and_kept(
    intake: Intake, tape: Tape, rejects: RejectLog, tmp_path: Path, what: str
) -> None:
    raw, reason = BAD[what]
    before, rejected, after = intake.accept([event("e1"), raw, event("e2")])
    assert (before.status, rejected.status, after.status) == ("appended", "rejected", "appended")
    assert re.search(reason, rejected.reason or "")
    assert len(records_of(tape)) == 2
    (kept,) = rejects.latest()
    assert (kept.reason, kept.size) == (rejected.reason, len(raw))
    lines = (tmp_path / "rejects" / "rejects.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["reason"] for line in lines] == [rejected.reason]


def test_a_rejected_event_is_named_where_it_names_itself(
    intake: Intake, rejects: RejectLog
) -> None:
    (outcome,) = intake.accept([event("e1", time="yesterday")])
    (kept,) = rejects.latest()
    assert (outcome.source, outcome.id) == (kept.source, kept.id) == ("/crm", "e1")


def test_what_grows_too_large_by_what_the_tape_adds_is_rejected(intake: Intake, tape: Tape) -> None:
    def held(note: str) -> bytes:
        data = {"participants": ["n" * 250] * 1_000, "note": note}
        return event(type="sales.meeting.held.v1", data=data)

    raw = held("n" * (MAX_BYTES - len(held(""))))
    assert len(raw) == MAX_BYTES
    (told,) = intake.accept([raw])
    assert told.status == "rejected"
    assert "bytes as it is recorded; at most 262,144 are allowed" in (told.reason or "")
    assert records_of(tape) == []


def test_counters_tell_what_came_in(intake: Intake) -> None:
    intake.accept([event("e1"), event("e1"), event("e1", deal="D-2"), b"{", event(type="x")])
    intake.accept([event("e2", time="2030-01-01T00:00:00Z"), event("e3", data={}), b" " * 300_000])
    assert intake.counters.totals() == {
        "appended": 1,
        "conflict": 1,
        "duplicate": 1,
        "rejected.invalid_field": 1,
        "rejected.malformed": 1,
        "rejected.time": 1,
        "rejected.too_large": 1,
        "rejected.unknown_type": 1,
    }


def test_nothing_handed_in_is_nothing_done(intake: Intake, tape: Tape) -> None:
    assert intake.accept([]) == []
    assert tape.ends() == {0: 0}


def test_new_events_are_put_off_while_the_projector_is_too_far_behind(
    start: Start, tape: Tape, ledger: MemoryLedger
) -> None:
    ticks = iter(range(1_000))
    intake = start(limit=10, monotonic=lambda: next(ticks))
    intake.accept([event(f"e{n}") for n in range(8)])
    with pytest.raises(TapeUnavailable, match="8 events wait for the projector, at most 10 may"):
        intake.accept([event(f"late{n}") for n in range(3)])
    assert len(records_of(tape)) == 8
    ledger.project()
    assert len(intake.accept([event(f"late{n}") for n in range(3)])) == 3
    assert intake.unprojected == 3


def test_nothing_is_appended_while_the_ledger_cannot_be_asked(
    start: Start, tape: Tape, ledger: MemoryLedger
) -> None:
    start().accept([event("e1")])
    ledger.project()
    intake = start()
    ledger.away = True
    with pytest.raises(TapeUnavailable, match="it is away"):
        intake.accept([event("e1")])
    ledger.away = False
    assert intake.accept([event("e1")])[0].status == "duplicate"


def test_a_long_tail_is_read_bit_by_bit(
    start: Start, tape: Tape, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "_READ", 10)
    monkeypatch.setattr(recorded, "_FOLLOWED_AT_ONCE", 20)
    start().accept([event(f"e{n}") for n in range(50)])
    intake = start()
    with pytest.raises(TapeUnavailable, match="still reading the tape: 30 records are left"):
        intake.accept([event("e0")])
    with pytest.raises(TapeUnavailable, match="still reading the tape: 10 records are left"):
        intake.follow()
    assert [one.offset for one in intake.accept([event("e0"), event("e49")])] == [0, 49]


def test_a_long_tail_is_skipped_where_the_projector_has_overtaken(
    start: Start, tape: Tape, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "_READ", 10)
    monkeypatch.setattr(recorded, "_FOLLOWED_AT_ONCE", 10)
    monkeypatch.setattr(recorded, "_SKIPPED_FROM", 20)
    start().accept([event(f"e{n}") for n in range(50)])
    intake = start()
    with pytest.raises(TapeUnavailable):
        intake.follow()
    ledger.project()
    with pytest.raises(TapeUnavailable):
        intake.follow()
    assert [one.offset for one in intake.accept([event("e0"), event("e49")])] == [0, 49]
    assert intake.unprojected == 0


def test_a_ledger_of_another_tape_is_refused(
    start: Start, tape: Tape, ledger: MemoryLedger
) -> None:
    tape.append([Entry("Acme", event("e1"))])
    ledger.project()
    ledger.watermark = lambda: {0: 5}
    with pytest.raises(TapeRefused, match=r"up to offset 5, this tape ends at 1: they do not"):
        start().accept([event("e2")])


def test_a_clock_that_runs_is_read_for_every_call(tape: Tape, ledger: MemoryLedger) -> None:
    moments = [datetime(2024, 3, 1, 12, tzinfo=UTC), datetime(2024, 3, 1, 13, tzinfo=UTC)]
    moment = moments[0]
    intake = Intake(tape, ledger, RejectLog(None), now=lambda: moment)
    soon = event("e1", time="2024-03-01T13:00:00Z")
    assert intake.accept([soon])[0].status == "rejected"
    moment = moments[1]
    assert intake.accept([soon])[0].status == "appended"
