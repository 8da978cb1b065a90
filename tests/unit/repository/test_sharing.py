"""What the processes of a test run share is opened once, and closed when the last has let it go."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sharing import shared

PROCESS = """
import sys
from pathlib import Path
from test_sharing import opened
from sharing import shared

folder = Path(sys.argv[1])
with shared(folder, "thing", lambda: opened("another's", folder)) as address:
    print(address, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def opened(address: str, folder: Path) -> Generator[str, None, None]:
    yield address
    (folder / "closed").write_text("late" if (folder / "let go").exists() else "too early")


def process(folder: Path) -> "subprocess.Popen[str]":
    """Start a process that says what it shares, and keeps it until it is told a line."""
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def own(folder: Path) -> AbstractContextManager[str]:
    return shared(folder, "thing", lambda: opened("mine", folder))


def test_who_opened_it_closes_it_once_the_others_have_let_go(tmp_path: Path) -> None:
    with process(tmp_path) as another:
        assert another.stdout.readline() == "another's\n"
        with own(tmp_path) as address:
            another.stdin.write("let go\n")
            another.stdin.flush()
            with own(tmp_path) as again:
                assert address == again == "another's"
            (tmp_path / "let go").touch()
        another.wait()
        assert (tmp_path / "closed").read_text() == "late"
    with own(tmp_path) as address:
        assert address == "mine"


def test_one_that_was_killed_is_waited_for_no_longer(tmp_path: Path) -> None:
    with own(tmp_path), process(tmp_path) as another:
        assert another.stdout.readline() == "mine\n"
        another.kill()
    assert (tmp_path / "closed").exists()
