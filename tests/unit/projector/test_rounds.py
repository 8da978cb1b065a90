"""Deriving in rounds outlives what the warehouse, or the way to it, does."""

from typing import Any, cast

import pytest
from clickhouse_connect.driver.exceptions import OperationalError
from urllib3.exceptions import ProtocolError
from waiting import wait_until

from services.projector.derive import DeriveLoop
from services.projector.rounds import FRESH_SECONDS, LONGEST_PAUSE, Rounds


class Derivation:
    """Fails once, then has something to do once."""

    def __init__(self, error: Exception) -> None:
        self.errors = [error]
        self.rounds = 0

    def step(self) -> bool:
        if self.errors:
            raise self.errors.pop()
        self.rounds += 1
        return self.rounds == 1


@pytest.mark.parametrize(
    "error",
    [OperationalError("a server away"), ProtocolError("a cut"), ConnectionResetError("another")],
    ids=lambda error: type(error).__name__,
)
def test_a_round_that_failed_is_tried_again(error: Exception) -> None:
    trouble: dict[str, Any] = {}
    told: list[dict[str, Any]] = []
    rounds = Rounds(
        cast(DeriveLoop, Derivation(error)),
        lambda: False,
        trouble,
        on_derived=lambda: told.append(dict(trouble)),
    )
    rounds.start()
    try:
        wait_until(lambda: bool(told))
        assert told == [{}]  # what is over is not told while the loop pauses after the round
        assert rounds.running
    finally:
        rounds.stop(10)
    assert not rounds.running
    assert not rounds.failed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_loop_that_was_told_to_end_has_not_failed() -> None:
    rounds = Rounds(cast(DeriveLoop, Derivation(RecursionError("no way on"))), lambda: False, {})
    assert not rounds.failed
    rounds.start()
    wait_until(lambda: rounds.failed)
    rounds.stop(10)
    assert not rounds.failed


@pytest.mark.parametrize(
    ("took", "behind", "pause"),
    [
        (0.2, False, 0.2),  # half of the time is others'
        (0.2, True, FRESH_SECONDS - 0.4),  # what is appended waits no longer than that
        (2.0, True, 2.0),  # and where rounds are long, still half of the time is others'
        (60.0, False, LONGEST_PAUSE),
    ],
)
def test_rounds_leave_the_engine_to_others(took: float, behind: bool, pause: float) -> None:
    rounds = Rounds(cast(DeriveLoop, None), lambda: behind, {}, share=0.5)
    assert rounds.pause_after(took, behind) == pytest.approx(pause)
