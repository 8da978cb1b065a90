import errno
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from services.gateway.rejects import MAX_KEPT, RejectLog

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


def kept_lines(folder: Path, name: str = "rejects.jsonl") -> list[dict]:
    return [orjson.loads(line) for line in (folder / name).read_bytes().splitlines()]


def test_a_reject_says_when_why_and_how_it_began(tmp_path: Path) -> None:
    log = RejectLog(tmp_path / "new" / "folder", now=lambda: NOW)
    log.keep([log.reject(b"\xff" + b"x" * 5_000, "not JSON", "data", "/crm", "e1")])
    (line,) = kept_lines(tmp_path / "new" / "folder")
    assert line == {
        "time": "2024-03-01T12:00:00Z",
        "reason": "not JSON",
        "field": "data",
        "source": "/crm",
        "id": "e1",
        "size": 5_001,
        "value": "\\xff" + "x" * 2_047,
    }
    assert log.latest()[0].value == line["value"]


def test_the_latest_are_kept_in_memory_newest_first() -> None:
    log = RejectLog(None, now=lambda: NOW)
    log.keep(log.reject(b"", f"reason {n}") for n in range(MAX_KEPT + 5))
    assert len(log.latest()) == MAX_KEPT
    assert [one.reason for one in log.latest(2)] == ["reason 1004", "reason 1003"]


def test_the_file_is_bounded_and_one_old_one_is_kept(tmp_path: Path) -> None:
    log = RejectLog(tmp_path, max_file_bytes=1_000, now=lambda: NOW)
    for n in range(50):
        log.keep([log.reject(b"x", f"reason {n}")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rejects.1.jsonl", "rejects.jsonl"]
    assert all(path.stat().st_size <= 1_000 for path in tmp_path.iterdir())
    told = [
        one["reason"]
        for name in ("rejects.1.jsonl", "rejects.jsonl")
        for one in kept_lines(tmp_path, name)
    ]
    assert told == [f"reason {n}" for n in range(50 - len(told), 50)]
    assert len(told) > 10


def test_a_new_process_goes_on_with_the_file(tmp_path: Path) -> None:
    for n in range(2):
        log = RejectLog(tmp_path, now=lambda: NOW)
        log.keep([log.reject(b"x", f"reason {n}")])
    assert [one["reason"] for one in kept_lines(tmp_path)] == ["reason 0", "reason 1"]


def test_what_cannot_be_written_is_kept_counted_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    log = RejectLog(blocked, now=lambda: NOW)
    log.keep([log.reject(b"x", "reason")])
    assert [one.reason for one in log.latest()] == ["reason"]
    assert log.unwritten == 1
    assert "1 rejects could not be written" in caplog.text


def test_a_disk_that_is_full_hurts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = RejectLog(tmp_path, now=lambda: NOW)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log, "_write", full)
    log.keep([log.reject(b"x", "one"), log.reject(b"x", "two")])
    assert (len(log.latest()), log.unwritten) == (2, 2)
