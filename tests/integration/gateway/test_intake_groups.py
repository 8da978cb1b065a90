"""Callers who come at the same time share an append, and none suffers for another."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from gateway_doubles import Gate, TapeBetween, event, records_of
from waiting import wait_until

from infra.sink import Outcome
from infra.tape.contract import Entry, Tape, TapeRefused, TapeUnavailable
from services.gateway.intake import Intake

Start = Callable[..., Intake]


def test_callers_who_wait_for_an_append_share_the_next_one(start: Start, tape: Tape) -> None:
    between, gate = TapeBetween(tape), Gate()
    between.before = gate
    intake = start(between)
    with ThreadPoolExecutor(20) as threads:
        calls = [threads.submit(intake.accept, [event("first")])]
        assert gate.reached.wait(30)
        calls += [threads.submit(intake.accept, [event(f"e{n}")]) for n in range(19)]
        wait_until(lambda: intake.queued == 19)
        gate.open()
        outcomes = [call.result(30)[0] for call in calls]
    assert between.lots == [1, 19]
    assert [outcome.id for outcome in outcomes] == ["first", *(f"e{n}" for n in range(19))]
    on_tape = {record.offset: record.value for record in records_of(tape)}
    assert all(f'"id":"{one.id}"'.encode() in on_tape[one.offset] for one in outcomes)


def test_callers_with_the_same_event_at_the_same_time_put_it_on_the_tape_once(
    start: Start, tape: Tape
) -> None:
    between, gate = TapeBetween(tape), Gate()
    between.before = gate
    intake = start(between)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(intake.accept, [event("first")])]
        assert gate.reached.wait(30)
        calls += [threads.submit(intake.accept, [event("same")]) for _ in range(7)]
        wait_until(lambda: intake.queued == 7)
        gate.open()
        found = sorted(call.result(30)[0].status for call in calls[1:])
    assert found == ["appended", *["duplicate"] * 6]
    assert len(records_of(tape)) == 2


def test_what_the_tape_refuses_of_one_caller_does_not_hurt_the_others(
    start: Start, tape: Tape
) -> None:
    between, gate = TapeBetween(tape), Gate()

    def refuse(entries: Sequence[Entry]) -> None:
        gate(entries)
        if any(b'"bad"' in entry.value for entry in entries):
            raise TapeRefused("this one is bad")

    between.before = refuse
    intake = start(between)
    with ThreadPoolExecutor(4) as threads:
        calls = _submit(threads, intake, gate, ["first", "e1", "bad", "e2"])
        assert [calls[n].result(30)[0].status for n in (0, 1, 3)] == ["appended"] * 3
        with pytest.raises(TapeRefused, match="this one is bad"):
            calls[2].result(30)
    assert len(records_of(tape)) == 3


def test_an_error_that_nobody_foresaw_reaches_everybody_it_concerns(
    start: Start, tape: Tape
) -> None:
    between, gate = TapeBetween(tape), Gate()

    def fail(entries: Sequence[Entry]) -> None:
        gate(entries)
        if len(entries) > 1:
            raise ZeroDivisionError("nobody foresaw this")

    between.before = fail
    intake = start(between)
    with ThreadPoolExecutor(3) as threads:
        calls = _submit(threads, intake, gate, ["first", "e1", "e2"])
        assert calls[0].result(30)[0].status == "appended"
        for call in calls[1:]:
            with pytest.raises((ZeroDivisionError, RuntimeError), match="nobody foresaw this"):
                call.result(30)
    between.before = lambda entries: None
    assert [one.status for one in intake.accept([event("e1"), event("e2")])] == ["appended"] * 2


def test_callers_are_put_off_when_too_many_wait_already(start: Start, tape: Tape) -> None:
    between, gate = TapeBetween(tape), Gate()
    between.before = gate
    intake = start(between, max_waiting=10)
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(intake.accept, [event("first")])]
        assert gate.reached.wait(30)
        calls.append(threads.submit(intake.accept, [event(f"e{n}") for n in range(8)]))
        wait_until(lambda: intake.queued == 8)
        with pytest.raises(TapeUnavailable, match="8 events wait to be appended, at most 10 may"):
            intake.accept([event(f"late{n}") for n in range(3)])
        gate.open()
        for call in calls:
            call.result(30)
    assert len(records_of(tape)) == 9


def test_many_callers_at_once_lose_and_double_nothing(intake: Intake, tape: Tape) -> None:
    start = threading.Barrier(8)

    def hand_in(caller: int) -> list[Outcome]:
        start.wait(30)
        return [
            outcome
            for lot in range(10)
            for outcome in intake.accept(
                [event(f"own-{caller}-{lot}"), event(f"shared-{lot}"), event(f"own-{caller}-{lot}")]
            )
        ]

    with ThreadPoolExecutor(8) as threads:
        told = [one for found in threads.map(hand_in, range(8)) for one in found]
    assert sorted({one.status for one in told}) == ["appended", "duplicate"]
    appended = {one.offset: one.id for one in told if one.status == "appended"}
    on_tape = records_of(tape)
    assert len(on_tape) == len(appended) == 8 * 10 + 10
    assert all(appended[one.offset] == one.id for one in told)


def _submit(
    threads: ThreadPoolExecutor, intake: Intake, gate: Gate, names: Sequence[str]
) -> list[Future[list[Outcome]]]:
    """Hand in one event per caller; all but the first wait until the gate opens."""
    calls = [threads.submit(intake.accept, [event(names[0])])]
    assert gate.reached.wait(30)
    for queued, name in enumerate(names[1:], 1):
        calls.append(threads.submit(intake.accept, [event(name)]))
        wait_until(lambda queued=queued: intake.queued == queued)
    gate.open()
    return calls
