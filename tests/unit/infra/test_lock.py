"""One process per data folder: who has it, who is told, and what a dead process leaves behind."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.lock import DataLock, FolderError, FolderInUse, read_holder

HOLD = """
import sys
from pathlib import Path
from infra.lock import DataLock
lock = DataLock.acquire(Path(sys.argv[1]), command="up", address=sys.argv[2] or None)
sys.stdout.write("held\\n")
sys.stdout.flush()
sys.stdin.readline()
"""


@contextmanager
def another_process(
    folder: Path, address: str = "", program: str = HOLD
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_free_folder_has_no_holder(tmp_path: Path) -> None:
    assert read_holder(tmp_path) is None
    assert read_holder(tmp_path / "not there") is None


def test_the_folder_is_made_when_it_is_not_there(tmp_path: Path) -> None:
    with DataLock.acquire(tmp_path / "a" / "b", command="up"):
        assert (tmp_path / "a" / "b").is_dir()


def test_the_holder_says_who_it_is(tmp_path: Path) -> None:
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with DataLock.acquire(tmp_path, "import maven-crm", now=lambda: since) as lock:
        holder = read_holder(tmp_path)
    assert holder == lock.holder
    assert holder is not None
    assert (holder.pid, holder.command, holder.started_at, holder.address) == (
        os.getpid(),
        "import maven-crm",
        since,
        None,
    )


def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with another_process(tmp_path, "http://127.0.0.1:8420") as process:
        with pytest.raises(FolderInUse) as caught:
            DataLock.acquire(tmp_path, command="import")
        holder = read_holder(tmp_path)
    assert holder is not None
    assert caught.value.holder == holder
    message = str(caught.value)
    assert str(tmp_path) in message
    assert f"process {process.pid}" in message
    assert "`salestape up`" in message
    assert f"{holder.started_at:%Y-%m-%d %H:%M:%S}" in message
    assert "http://127.0.0.1:8420" in message


def test_a_second_lock_of_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with DataLock.acquire(tmp_path, command="up"), pytest.raises(FolderInUse):
        DataLock.acquire(tmp_path, command="import")


def test_a_killed_process_leaves_the_folder_free(tmp_path: Path) -> None:
    with another_process(tmp_path, "http://127.0.0.1:8420") as process:
        process.kill()
        process.wait()
        left_over = (tmp_path / "lock").read_bytes()
        assert str(process.pid).encode() in left_over
        assert read_holder(tmp_path) is None
        with DataLock.acquire(tmp_path, command="import") as lock:
            assert read_holder(tmp_path) == lock.holder


def test_what_stands_in_a_file_that_nobody_holds_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"\xff not a record" * 1000)
    assert read_holder(tmp_path) is None
    with DataLock.acquire(tmp_path, command="up") as lock:
        assert read_holder(tmp_path) == lock.holder


def test_a_released_folder_can_be_taken_again(tmp_path: Path) -> None:
    lock = DataLock.acquire(tmp_path, command="up")
    lock.release()
    lock.release()
    assert read_holder(tmp_path) is None
    DataLock.acquire(tmp_path, command="import").release()


def test_a_published_address_is_what_others_read(tmp_path: Path) -> None:
    with DataLock.acquire(tmp_path, command="up") as lock:
        lock.publish("http://127.0.0.1:8420")
        holder = read_holder(tmp_path)
        assert holder is not None
        assert holder.address == "http://127.0.0.1:8420"
        lock.publish(None)
        assert read_holder(tmp_path) == lock.holder
    with pytest.raises(RuntimeError):
        lock.publish("http://127.0.0.1:1")


def test_readers_see_one_address_or_the_other_while_it_changes(tmp_path: Path) -> None:
    addresses = ["http://127.0.0.1:1", "http://a-much-longer-name.example:65535/" + "x" * 900]
    change = "while True:\n for address in sys.argv[2].split(): lock.publish(address)"
    program = HOLD.replace("sys.stdin.readline()", change)
    seen = set()
    with another_process(tmp_path, " ".join(addresses), program):
        for _ in range(2_000):
            holder = read_holder(tmp_path)
            assert holder is not None
            seen.add(holder.address)
    assert seen <= {*addresses, " ".join(addresses)}


def test_a_record_that_is_half_written_is_not_believed(tmp_path: Path) -> None:
    with DataLock.acquire(tmp_path, command="up", address="http://127.0.0.1:8420"):
        text = (tmp_path / "lock").read_bytes()
        with (tmp_path / "lock").open("r+b") as file:
            file.write(text.replace(b":8420", b":9999"))
        with pytest.raises(FolderInUse, match="another process") as caught:
            read_holder(tmp_path)
        assert caught.value.holder is None


def test_who_only_asks_never_keeps_the_folder_from_who_wants_it(tmp_path: Path) -> None:
    ask = """
import sys
from pathlib import Path
from infra.lock import FolderInUse, read_holder
sys.stdout.write("held\\n")
sys.stdout.flush()
while True:
    read_holder(Path(sys.argv[1]))
"""
    DataLock.acquire(tmp_path, command="up").release()
    with another_process(tmp_path, program=ask):
        for _ in range(2_000):
            DataLock.acquire(tmp_path, command="up").release()


def test_of_many_at_once_exactly_one_gets_the_folder(tmp_path: Path) -> None:
    ready = threading.Barrier(8)
    locks: list[DataLock] = []
    refused: list[FolderInUse] = []

    def take() -> None:
        ready.wait()
        try:
            locks.append(DataLock.acquire(tmp_path, command="up"))
        except FolderInUse as error:
            refused.append(error)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(locks), len(refused)) == (1, 7)
    locks[0].release()


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FolderError, match="file"):
        DataLock.acquire(tmp_path / "file", command="up")


def test_people_can_read_the_file(tmp_path: Path) -> None:
    with DataLock.acquire(tmp_path, command="up", address="http://127.0.0.1:8420"):
        record = json.loads((tmp_path / "lock").read_text().splitlines()[0])
    assert set(record) == {"pid", "command", "started_at", "address"}
