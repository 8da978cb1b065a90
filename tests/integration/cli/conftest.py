"""Runs the real command in processes of its own, each test module on data of its own."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from forking import Forked

SECONDS = 300
WHOLE = """
from services.cli.main import app
app()
"""
"""The command as it is."""
PANELS = ("churn_signals", "dead_letters", "deal_history", "funnel", "quota_attainment")
"""The questions that the platform itself asks."""


def asking(*questions: str) -> str:
    """Return the command with few questions: those that the platform itself asks, these, and
    what they read.

    Most tests here are about other things, and every process that opens an engine reads the views
    of all that there are.
    """
    return f"""
from dataclasses import replace
from projections import registry
load = registry.load
def load_few(*folders, **options):
    every = load(*folders, **options)
    few = [every.questions[name] for name in {PANELS + questions}]
    read = every.read_by(few)
    left = {{name: one for name, one in every.questions.items() if one in few or name in read}}
    return replace(every, questions=left)
registry.load = load_few
{WHOLE}"""


FEW_QUESTIONS = asking()


@dataclass(slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, f"it ended with {self.code} and printed nothing: {self.err}"
        return json.loads(self.out)


@dataclass(slots=True)
class Salestape:
    """The command on one data folder."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: str = FEW_QUESTIONS
    forked: bool = True
    """Whether its processes begin with the code loaded, and not from nothing."""

    def __call__(self, *arguments: str, given: str | None = None) -> Done:
        process = self.start(arguments, given=given is not None)
        try:
            out, err = process.communicate(given, timeout=SECONDS)
        finally:
            process.kill()
        assert process.returncode is not None
        return Done(process.returncode, out, err)

    def start(
        self, arguments: Sequence[str], *, given: bool = False, text: bool = True
    ) -> "Forked | subprocess.Popen[Any]":
        """Start the command; with `given`, something is to be written to it."""
        stdin = subprocess.PIPE if given else subprocess.DEVNULL
        if "projector" not in arguments:  # which has no folder
            arguments = [*arguments, "--data", str(self.data)]
        if self.forked:
            return Forked(self.program, arguments, self.env(), stdin=stdin, text=text)
        return subprocess.Popen(
            [sys.executable, "-c", self.program, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=text,
            env=self.env(),
        )

    def env(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SALESTAPE_")}
        patient = {"COLUMNS": "200", "SALESTAPE_KAFKA_SECONDS": "60"}
        return kept | patient | self.environment

    def sql(self, query: str) -> list[dict[str, Any]]:
        done = self("sql", "--json", query)
        assert done.code == 0, done.err
        rows: list[dict[str, Any]] = done.json
        return rows


class Up:
    """A running `salestape up`, or another command that serves; waits until it does."""

    def __init__(self, salestape: Salestape, *options: str, command: str = "up") -> None:
        self.process = salestape.start([command, "--json", "--port", "0", *options])
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, err = self.process.communicate(timeout=SECONDS)
            raise AssertionError(f"{command} ended with {self.process.returncode}: {err}")
        self.address: str = json.loads(line)["address"]

    def end(self, number: int = signal.SIGTERM) -> Done:
        """Send a signal and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode is not None
        return Done(self.process.returncode, out, err)


StartUp = Callable[..., Up]


@pytest.fixture
def up() -> Generator[StartUp, None, None]:
    """Starts platforms; those that a test leaves running are ended."""
    started: list[Up] = []

    def start(salestape: Salestape, *options: str, command: str = "up") -> Up:
        started.append(Up(salestape, *options, command=command))
        return started[-1]

    yield start
    for one in started:
        one.end(signal.SIGKILL)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as the first command leaves it, with nothing recorded.

    One for all processes of a run: making the views takes longer than most of what is tested.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "prepared"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            done = Salestape(shared / "preparing")("sql", "SELECT 1")
            assert done.code == 0, done.err
            (shared / "preparing").rename(folder)
    return folder


@pytest.fixture
def salestape(prepared: Path, tmp_path: Path) -> Salestape:
    """The command on a data folder with nothing recorded."""
    return Salestape(prepared_at(tmp_path / "data", prepared))


def prepared_at(folder: Path, prepared: Path) -> Path:
    """Make a data folder with nothing recorded."""
    return Path(shutil.copytree(prepared, folder, symlinks=True))


@pytest.fixture
def newcomer(tmp_path: Path) -> Salestape:
    """The command as it is, on a data folder that is not there yet."""
    return Salestape(tmp_path / "data", program=WHOLE, forked=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A small importer of a user's own, and a file for it whose third row is no event."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "about.toml").write_text(
        'name = "shop"\n'
        'description = "Orders of a shop."\n'
        'source = "shop"\n'
        "[inputs.orders]\n"
        'files = "orders*.csv"\n'
        'columns = ["number", "customer", "day", "total"]\n'
    )
    (folder / "purchases.sql").write_text(
        "SELECT 'sales.purchase.made.v1' AS type, customer AS account,\n"
        "    number AS subject, number AS `order`, toDate(day) AS time,\n"
        "    total AS amount, 'EUR' AS currency, _file, _row\n"
        "FROM orders\n"
    )
    (folder / "orders.csv").write_text(
        "number,customer,day,total\n"
        "1,Acme,2024-01-05,10.50\n"
        "2,Acme,2024-02-05,20\n"
        "3,Bolt,2024-02-06,much\n"
        "4,Bolt,2024-03-01,7.25\n"
    )
    return folder
