"""The SQLite tape on a disk that is full or read-only: the kernel's own limits, in a subprocess."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from tape_contract import LIMIT_SECONDS, read_all

from infra.tape.sqlite import SQLiteTape

FILL = """
import os, resource, sys
from pathlib import Path
from infra.tape.contract import Entry, TapeUnavailable
from infra.tape.sqlite import SQLiteTape

path, limit, ballast = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
tape = SQLiteTape(path)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
acknowledged = 0
failures = []
while len(failures) < 3:
    try:
        tape.append([Entry("account-1", b"%d " % (acknowledged + n) * 300) for n in range(10)])
    except TapeUnavailable as error:
        failures.append(str(error))
    else:
        acknowledged += 10
assert len(tape.read({}, 1_000_000)) == acknowledged, "a failed append left something"
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
else:
    os.remove(ballast)
tape.append([Entry("account-1", b"%d " % (acknowledged + n) * 300) for n in range(10)])
acknowledged += 10
tape.close()
tape = SQLiteTape(path)
values = [record.value for record in tape.read({}, 1_000_000)]
tape.close()
assert values == [b"%d " % n * 300 for n in range(acknowledged)], "lost, doubled or torn"
sys.stdout.write(f"{acknowledged}\\n" + failures[0])
"""

OPEN = """
import sys
from pathlib import Path
from infra.tape.contract import TapeRefused
from infra.tape.sqlite import SQLiteTape

try:
    SQLiteTape(Path(sys.argv[1])).close()
except TapeRefused as error:
    sys.stdout.write(str(error))
"""

SMALL_DISK = 'mount -t tmpfs -o size=2m tmpfs "$0"'
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"'


def run(program: str, *arguments: object, before: Sequence[str] = ()) -> str:
    result = subprocess.run(
        [*before, sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def mounted(folder: Path, mount: str) -> list[str]:
    """Return what runs a command with `folder` mounted as told, seen by that command alone."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    before = ["unshare", "--mount", *as_root, "sh", "-c", f'{mount} && exec "$@"', str(folder)]
    try:
        tried = subprocess.run([*before, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"cannot be otherwise: no command to mount with: {error}")
    if tried.returncode != 0:
        pytest.skip(f"cannot be otherwise: mounting is not allowed here: {tried.stderr.strip()}")
    return before


def test_on_a_full_disk_appends_are_unavailable_until_there_is_space(tmp_path: Path) -> None:
    ballast = tmp_path / "ballast"
    program = f"open({str(ballast)!r}, 'wb').write(bytes(1 << 20))\n{FILL}"
    output = run(
        program, tmp_path / "tape.sqlite", 0, ballast, before=mounted(tmp_path, SMALL_DISK)
    )
    acknowledged, message = output.split("\n")
    assert int(acknowledged) > 10
    assert "is full" in message
    assert str(tmp_path) in message


def test_past_a_limit_on_files_appends_are_unavailable_until_it_is_raised(tmp_path: Path) -> None:
    path = tmp_path / "tape.sqlite"
    acknowledged, message = run(FILL, path, 1 << 20, "").split("\n")
    assert int(acknowledged) > 10
    assert "nothing was appended" in message
    assert str(tmp_path) in message
    with closing(SQLiteTape(path)) as tape:
        assert len(read_all(tape)) == int(acknowledged)


@pytest.mark.parametrize("new", [True, False], ids=["new", "existing"])
def test_on_a_read_only_disk_the_tape_is_refused_by_name(tmp_path: Path, new: bool) -> None:
    path = tmp_path / "tape.sqlite"
    if not new:
        SQLiteTape(path).close()
    message = run(OPEN, path, before=mounted(tmp_path, READ_ONLY))
    assert str(path) in message
    assert "read-only" in message


def test_in_a_folder_that_cannot_be_made_the_tape_is_refused_by_name(tmp_path: Path) -> None:
    message = run(OPEN, tmp_path / "new" / "tape.sqlite", before=mounted(tmp_path, READ_ONLY))
    assert str(tmp_path / "new") in message
    assert "Read-only file system" in message


def test_in_a_folder_of_somebody_else_the_tape_is_refused_by_name(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("cannot be otherwise: to root no folder is closed")
    tmp_path.chmod(0o555)
    message = run(OPEN, tmp_path / "tape.sqlite")
    assert str(tmp_path / "tape.sqlite") in message
    assert "another user" in message
