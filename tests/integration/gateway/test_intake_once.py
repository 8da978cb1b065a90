"""Each event is on the tape once, whatever is handed in again, and whatever fails between."""

import contextlib
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import orjson
import pytest
from gateway_doubles import NOW, MemoryLedger, TapeBetween, event, records_of
from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import digest_of
from events.parsing import parse_event
from infra.tape.contract import Entry, Tape, TapeUnavailable
from infra.tape.opening import open_tape
from services.gateway import recorded
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog

Start = Callable[..., Intake]


def statuses(intake: Intake, *raws: bytes) -> list[str]:
    return [outcome.status for outcome in intake.accept(raws)]


def test_an_event_is_on_the_tape_as_it_was_given_with_its_home(intake: Intake, tape: Tape) -> None:
    (outcome,) = intake.accept([event("e1", time="2024-02-01T11:00:00+01:00")])
    (record,) = records_of(tape)
    assert (outcome.status, outcome.source, outcome.id) == ("appended", "/crm", "e1")
    assert (outcome.partition, outcome.offset) == (record.partition, record.offset)
    assert record.key == "Acme"
    assert orjson.loads(record.value) == {
        **orjson.loads(event("e1")),
        "sequence": 0,
        "partitionkey": "Acme",
    }


@pytest.mark.parametrize("projected", [False, True], ids=["in the tail", "in the ledger"])
@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "after a restart"])
def test_what_is_handed_in_again_is_a_duplicate_of_the_first(
    start: Start, tape: Tape, ledger: MemoryLedger, projected: bool, restarted: bool
) -> None:
    intake = start()
    (first,) = intake.accept([event("e1")])
    if projected:
        ledger.project()
    if restarted:
        intake = start()
    again, other = intake.accept([event("e1"), event("e2")])
    assert (again.status, again.partition, again.offset) == (
        "duplicate",
        first.partition,
        first.offset,
    )
    assert other.status == "appended"
    assert len(records_of(tape)) == 2


@pytest.mark.parametrize("projected", [False, True], ids=["in the tail", "in the ledger"])
@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "after a restart"])
def test_a_conflict_is_kept_once_beside_the_first(
    start: Start, tape: Tape, ledger: MemoryLedger, projected: bool, restarted: bool
) -> None:
    intake = start()
    intake.accept([event("e1")])
    (conflict,) = intake.accept([event("e1", account="Other Ltd", deal="D-9")])
    if projected:
        ledger.project()
    if restarted:
        intake = start()
    told = intake.accept(
        [
            event("e1", account="Other Ltd", deal="D-9"),
            event("e1"),
            event("e1", actor="Grace Hopper"),
        ]
    )
    assert [one.status for one in told] == ["conflict", "duplicate", "conflict"]
    assert [one.offset for one in told] == [1, 0, 2]
    assert (conflict.status, conflict.offset) == ("conflict", 1)
    assert [record.key for record in records_of(tape)] == ["Acme", "Acme", "Acme"]


def test_repeats_and_conflicts_within_one_batch_are_told_apart(intake: Intake, tape: Tape) -> None:
    told = intake.accept(
        [event("e1"), event("e1"), event("e1", deal="D-2"), event("e1", deal="D-2"), event("e2")]
    )
    assert [(one.status, one.offset) for one in told] == [
        ("appended", 0),
        ("duplicate", 0),
        ("conflict", 1),
        ("conflict", 1),
        ("appended", 2),
    ]
    assert len(records_of(tape)) == 3


def test_a_retry_with_another_trace_is_a_duplicate(intake: Intake) -> None:
    traces = [f"00-{digit * 32}-{digit * 16}-01" for digit in "12"]
    assert statuses(intake, *(event("e1", traceparent=trace) for trace in traces)) == [
        "appended",
        "duplicate",
    ]


def test_an_append_that_failed_is_tried_again_in_full(start: Start, tape: Tape) -> None:
    between = TapeBetween(tape)
    intake = start(between)

    def fail(entries: object) -> None:
        raise TapeUnavailable("the disk is full")

    between.before = fail
    with pytest.raises(TapeUnavailable, match="disk is full"):
        intake.accept([event("e1"), event("e2")])
    between.before = lambda entries: None
    assert statuses(intake, event("e1"), event("e2")) == ["appended", "appended"]
    assert len(records_of(tape)) == 2


def test_an_append_whose_answer_was_lost_is_not_repeated(start: Start, tape: Tape) -> None:
    between = TapeBetween(tape)
    intake = start(between)

    def fail(entries: object) -> None:
        raise TapeUnavailable("the answer was lost")

    between.after = fail
    with pytest.raises(TapeUnavailable):
        intake.accept([event("e1")])
    between.after = lambda entries: None
    assert statuses(intake, event("e1"), event("e2")) == ["duplicate", "appended"]
    assert len(records_of(tape)) == 2


def test_what_somebody_else_appended_is_known(start: Start, tape: Tape) -> None:
    one, other = start(), start()
    assert statuses(one, event("e1")) == ["appended"]
    assert statuses(other, event("e1"), event("e2")) == ["duplicate", "appended"]
    assert statuses(one, event("e2"), event("e3")) == ["duplicate", "appended"]


def test_what_somebody_else_appends_at_the_same_moment_is_known(start: Start, tape: Tape) -> None:
    between, other = TapeBetween(tape), start()
    intake = start(between)
    intake.accept([event("e1")])
    between.before = lambda entries: other.accept([event("theirs")])
    intake.accept([event("e2")])
    between.before = lambda entries: None
    assert statuses(intake, event("theirs"), event("e1"), event("e2")) == ["duplicate"] * 3


def test_what_is_no_event_on_the_tape_is_passed_over(intake: Intake, tape: Tape) -> None:
    tape.append([Entry("k", b"{"), Entry("k", b"\xff"), Entry("Acme", event("e1"))])
    assert statuses(intake, event("e1"), event("e2")) == ["duplicate", "appended"]


def test_a_new_event_is_not_asked_about(intake: Intake, ledger: MemoryLedger) -> None:
    intake.accept([event("e1")])
    ledger.project()
    ledger.asked.clear()
    intake.accept([event(f"n{number}", deal=f"N-{number}") for number in range(100)])
    assert ledger.asked == []


def test_of_what_is_there_already_only_its_names_are_asked_about(
    start: Start, ledger: MemoryLedger
) -> None:
    raws = [event(f"e{number}", deal=f"D-{number}") for number in range(50)]
    start().accept(raws)
    ledger.project()
    intake = start()
    intake.follow()
    ledger.asked.clear()
    assert statuses(intake, *raws) == ["duplicate"] * 50
    assert ledger.asked == ["known"]


def test_the_filter_of_names_grows_with_them(
    start: Start, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "exponent_for", lambda names: 6)
    monkeypatch.setattr(recorded, "_KEPT", 0)
    ticks = itertools.count()
    intake = start(monotonic=ticks.__next__)
    raws = [event(f"e{number}", deal=f"D-{number}") for number in range(300)]
    for start_at in range(0, 300, 50):
        assert statuses(intake, *raws[start_at : start_at + 50]) == ["appended"] * 50
    assert statuses(intake, event("last")) == ["appended"]  # grown for all, it stays as it is
    ledger.project()
    assert statuses(start(), *raws) == ["duplicate"] * 300
    assert statuses(intake, *raws) == ["duplicate"] * 300
    assert intake.unprojected == 0


NAMES = [f"e{number}" for number in range(4)]
CONTENTS = ["100.00", "200.00", "300.00"]
HANDED_IN = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(CONTENTS)), min_size=1, max_size=6
)
STEPS = st.lists(
    st.one_of(
        HANDED_IN,
        HANDED_IN.map(lambda batch: ("fails before", batch)),
        HANDED_IN.map(lambda batch: ("fails after", batch)),
        st.sampled_from([0.0, 0.3, 0.7, 1.0]),
        st.just("restart"),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_in_any_course_of_events_each_content_is_on_the_tape_once(steps: list[object]) -> None:
    # With nothing kept, the tail is pruned whenever the ledger has caught up a little.
    with patch.object(recorded, "_KEPT", 0), tempfile.TemporaryDirectory() as folder:
        tape = open_tape(f"sqlite://{folder}/tape.sqlite", lambda: NOW)
        try:
            _take(steps, tape, Path(folder))
        finally:
            tape.close()


def _take(steps: list[object], tape: Tape, folder: Path) -> None:
    ledger, between, ticks = MemoryLedger(tape), TapeBetween(tape), itertools.count()

    def start() -> Intake:
        rejects = RejectLog(folder / "rejects")
        return Intake(between, ledger, rejects, now=lambda: NOW, monotonic=ticks.__next__)

    intake, first = start(), {}
    for step in steps:
        if isinstance(step, float):
            ledger.project(step)
        elif step == "restart":
            intake = start()
        elif isinstance(step, tuple):
            _hand_in_failing(intake, between, *step)
            _learn_firsts(first, tape)
        else:
            for (name, amount), outcome in zip(step, _hand_in(intake, step), strict=True):
                assert first.setdefault(name, amount) == amount or outcome.status == "conflict"
                assert first[name] != amount or outcome.status in ("appended", "duplicate")
    contents = [digest_of(parse_event(record.value)) for record in records_of(tape)]
    assert len(contents) == len(set(contents))
    names = {orjson.loads(record.value)["id"] for record in records_of(tape)}
    assert names == first.keys()


def _hand_in(intake: Intake, batch: list[tuple[str, str]]) -> list:
    return intake.accept(
        [event(name, data={"amount": amount, "currency": "EUR"}) for name, amount in batch]
    )


def _hand_in_failing(
    intake: Intake, between: TapeBetween, when: str, batch: list[tuple[str, str]]
) -> None:
    def fail(entries: object) -> None:
        raise TapeUnavailable(when)

    if when == "fails before":
        between.before = fail
    else:
        between.after = fail
    with contextlib.suppress(TapeUnavailable):  # or nothing of it was new
        _hand_in(intake, batch)
    between.before = between.after = lambda entries: None


def _learn_firsts(first: dict[str, str], tape: Tape) -> None:
    for record in records_of(tape):
        read = orjson.loads(record.value)
        first.setdefault(read["id"], read["data"]["amount"])
