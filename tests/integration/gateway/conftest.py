"""The gateway on a real tape, with a ledger in memory that is told when to catch up."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from gateway_doubles import NOW, MemoryLedger

from infra.tape.contract import Tape
from infra.tape.opening import open_tape
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog


@pytest.fixture
def tape(tmp_path: Path) -> Generator[Tape, None, None]:
    opened = open_tape(f"sqlite://{tmp_path}/tape.sqlite", lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def ledger(tape: Tape) -> MemoryLedger:
    return MemoryLedger(tape)


@pytest.fixture
def rejects(tmp_path: Path) -> RejectLog:
    return RejectLog(tmp_path / "rejects", now=lambda: NOW)


@pytest.fixture
def start(tape: Tape, ledger: MemoryLedger, rejects: RejectLog) -> Callable[..., Intake]:
    """Start an intake on the same tape and ledger, as a new process would."""

    def started(on: Tape = tape, **options: int) -> Intake:
        return Intake(on, ledger, rejects, now=lambda: NOW, **options)

    return started


@pytest.fixture
def intake(start: Callable[..., Intake]) -> Intake:
    return start()
