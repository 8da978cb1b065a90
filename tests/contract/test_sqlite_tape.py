"""The SQLite tape: the contract, and what can go wrong with a file on a disk."""

import re
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tape_contract import LIMIT_SECONDS, TapeContract, read_all

from infra.tape import sqlite_file
from infra.tape.contract import Entry, Tape, TapeRefused, TapeUnavailable
from infra.tape.opening import open_tape
from infra.tape.sqlite import SQLiteTape
from infra.tape.sqlite_file import Datastore

ENTRY = Entry("account-1", b"value")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tape.sqlite"


class TestSQLiteTape(TapeContract):
    @pytest.fixture
    def url(self, path: Path) -> str:
        return f"sqlite://{path}"


def fill(path: Path, count: int = 3) -> None:
    with closing(SQLiteTape(path)) as tape:
        tape.append([Entry("account-1", b"%d" % n) for n in range(count)])


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


# Opening


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("kafka-typo://localhost:9092", "kafka-typo"),
        ("/var/lib/tape.sqlite", "sqlite:///"),
        ("", "sqlite:///"),
        ("sqlite://relative/tape.sqlite", "three slashes"),
        ("sqlite://", "three slashes"),
        ("sqlite:///tape.sqlite?mode=ro", "names no file"),
    ],
)
def test_a_url_that_names_no_tape_is_refused(url: str, reason: str) -> None:
    with pytest.raises(TapeRefused, match=re.escape(reason)):
        open_tape(url)


@pytest.mark.parametrize(
    "name", ["with space", "50%25", "Ünïcødé", "a%23b", "a%3Fb", ":memory:", "mode=memory"]
)
def test_a_path_may_have_any_characters(tmp_path: Path, name: str) -> None:
    url = f"sqlite://{tmp_path}/{name}/tape.sqlite"
    with closing(open_tape(url)) as tape:
        tape.append([ENTRY])
    with closing(open_tape(url)) as tape:
        assert len(read_all(tape)) == 1
    assert len(list(tmp_path.glob("*/tape.sqlite"))) == 1


def test_offsets_have_no_gaps(path: Path) -> None:
    for _ in range(3):
        fill(path, 5)
    with closing(SQLiteTape(path)) as tape:
        assert [record.offset for record in read_all(tape)] == list(range(15))
        assert tape.ends() == {0: 15}


def test_openers_of_a_new_tape_do_not_get_into_each_others_way(path: Path) -> None:
    def write(number: int) -> None:
        with closing(SQLiteTape(path)) as tape:
            tape.append([Entry("account-1", b"%d" % number)])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    with closing(SQLiteTape(path)) as tape:
        assert sorted(int(record.value) for record in read_all(tape)) == list(range(8))


def test_a_tape_that_is_made_while_another_opener_looks_is_no_stranger(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite_file._connect
    looking: list[bool] = []

    class Look:
        """A connection during whose first look somebody else opens the tape."""

        def __init__(self, native: sqlite3.Connection) -> None:
            self._native = native
            self.close = native.close

        def execute(self, sql: str) -> sqlite3.Cursor:
            found = self._native.execute(sql)
            if sql == "PRAGMA application_id" and not looking:
                row = found.fetchone()
                monkeypatch.setattr(sqlite_file, "_connect", connect)
                looking.append(True)
                with suppress(TapeUnavailable), closing(SQLiteTape(path, seconds=0.1)):
                    pass
                found = self._native.execute(f"SELECT {row[0]}")
            return found

    monkeypatch.setattr(sqlite_file, "_connect", lambda *given: Look(connect(*given)))
    with closing(SQLiteTape(path)) as tape:
        assert tape.ends() == {0: 0}
    assert looking == [True]


def test_every_connection_syncs_at_every_commit(path: Path) -> None:
    fill(path)
    with closing(Datastore(path, 1.0)) as datastore:
        for _ in range(2):
            with datastore.transaction(commit=False) as outer:
                outer.execute("PRAGMA synchronous")
                assert outer.fetchone() == (2,)
                with datastore.transaction(commit=False) as inner:
                    inner.execute("PRAGMA synchronous")
                    assert inner.fetchone() == (2,)
                    inner.execute("PRAGMA journal_mode")
                    assert inner.fetchone() == ("wal",)


# The time of recording


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def test_the_time_of_recording_is_the_clocks_to_the_microsecond(path: Path) -> None:
    clock = Clock()
    with closing(SQLiteTape(path, now=clock)) as tape:
        (receipt,) = tape.append([ENTRY])
        assert receipt.recorded_at == clock.time == read_all(tape)[0].recorded_at


def test_a_clock_that_is_set_back_does_not_take_the_tape_along(path: Path) -> None:
    clock = Clock()
    first = clock.time
    with closing(SQLiteTape(path, now=clock)) as tape:
        tape.append([ENTRY])
        clock.time -= timedelta(days=1)
        tape.append([ENTRY])
    with closing(SQLiteTape(path, now=clock)) as tape:  # nor does one set back while it was closed
        tape.append([ENTRY, ENTRY])
        clock.time = first + timedelta(microseconds=1)
        tape.append([ENTRY])
        times = [record.recorded_at for record in read_all(tape)]
    assert times == [first] * 4 + [clock.time]


def test_times_before_1970_and_in_other_zones_are_kept(path: Path) -> None:
    then = datetime.fromisoformat("1969-12-31T23:59:59.999999+05:30")
    with closing(SQLiteTape(path, now=lambda: then)) as tape:
        tape.append([ENTRY])
        (record,) = read_all(tape)
    assert record.recorded_at == then
    assert record.recorded_at.tzinfo is UTC


# Waiting and locks


def test_waiting_does_not_wait_for_the_next_look_when_this_process_appends(path: Path) -> None:
    with (
        ThreadPoolExecutor(1) as threads,
        closing(SQLiteTape(path, poll=10 * LIMIT_SECONDS)) as tape,
    ):
        waiting = threads.submit(tape.wait, {}, 10 * LIMIT_SECONDS)
        tape.append([ENTRY])
        assert waiting.result(LIMIT_SECONDS)


def test_a_tape_that_stays_locked_is_unavailable_and_then_takes_the_append(path: Path) -> None:
    with closing(SQLiteTape(path, seconds=0.05)) as tape:
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TapeUnavailable, match="locked") as caught:
                tape.append([ENTRY])
            assert str(path) in str(caught.value)
            assert read_all(tape) == []  # readers need no lock
        tape.append([ENTRY])
        assert len(read_all(tape)) == 1


def test_a_reader_in_the_middle_keeps_nobody_from_appending(path: Path) -> None:
    fill(path)
    with closing(SQLiteTape(path, seconds=0.05)) as tape:
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM stored_events").fetchone()
            tape.append([ENTRY])
        assert len(read_all(tape)) == 4


def test_an_append_under_way_when_the_tape_is_closed_is_finished(path: Path) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def now() -> datetime:
        entered.set()
        assert go_on.wait(LIMIT_SECONDS)
        return datetime(2026, 3, 1, tzinfo=UTC)

    tape = SQLiteTape(path, now=now)
    with ThreadPoolExecutor(2) as threads:
        appending = threads.submit(tape.append, [ENTRY])
        assert entered.wait(LIMIT_SECONDS)
        ending = threads.submit(tape.close)
        while not refuses(tape):
            assert not appending.done()
        go_on.set()
        assert len(appending.result(LIMIT_SECONDS)) == 1
        ending.result(LIMIT_SECONDS)
    with closing(SQLiteTape(path)) as again:
        assert len(read_all(again)) == 1


def refuses(tape: Tape) -> bool:
    try:
        tape.ends()
    except TapeRefused:
        return True
    return False


def test_an_append_that_breaks_off_does_not_keep_the_tape_locked(path: Path) -> None:
    def broken() -> datetime:
        raise ArithmeticError

    with closing(SQLiteTape(path, now=broken)) as tape, closing(SQLiteTape(path)) as other:
        for _ in range(3):
            with pytest.raises(ArithmeticError):
                tape.append([ENTRY])
        other.append([ENTRY])
        assert len(read_all(tape)) == 1


# Files from elsewhere


def _text(path: Path) -> None:
    path.write_text("id,amount\n1,12.50\n")


def _long_text(path: Path) -> None:
    path.write_text("id,amount\n" + "1,12.50\n" * 10_000)


def _folder(path: Path) -> None:
    path.mkdir()


def _other_database(path: Path) -> None:
    change(path, "CREATE TABLE customers (id INTEGER)")


def _event_store(path: Path) -> None:
    change(
        path,
        "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT,"
        " state BLOB, PRIMARY KEY (originator_id, originator_version))",
    )


def _named_by_another_application(path: Path) -> None:
    change(path, "PRAGMA application_id = 252006674")  # of Fossil, from the list of `file`


def _newer(path: Path) -> None:
    fill(path)
    change(path, "PRAGMA user_version = 2")


def _without_its_table(path: Path) -> None:
    fill(path)
    change(path, "DROP TABLE stored_events")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_text, "not a tape"),
        (_long_text, "not a tape"),
        (_folder, "is a folder"),
        (_other_database, "another SQLite database, with customers"),
        (_event_store, "another application of the eventsourcing library"),
        (_named_by_another_application, "another SQLite database"),
        (_newer, "format 2"),
        (_without_its_table, "stored_events is missing"),
    ],
)
def test_what_is_not_a_tape_is_refused_and_left_as_it_is(
    path: Path, make: Callable[[Path], None], reason: str
) -> None:
    make(path)
    before = None if path.is_dir() else path.read_bytes()
    with pytest.raises(TapeRefused, match=re.escape(reason)) as caught:
        SQLiteTape(path)
    assert str(path) in str(caught.value)
    assert before == (None if path.is_dir() else path.read_bytes())
    assert [place.name for place in path.parent.iterdir()] == [path.name]


def test_an_empty_file_becomes_a_tape(path: Path) -> None:
    path.touch()
    fill(path)
    with closing(SQLiteTape(path)) as tape:
        assert len(read_all(tape)) == 3


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TapeRefused, match="file"):
        SQLiteTape(tmp_path / "file" / "tape.sqlite")


# Damage


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("DELETE FROM stored_events WHERE rowid = 2", "offset 1 is missing"),
        ("UPDATE stored_events SET rowid = 9 WHERE rowid = 3", "damaged"),
        ("UPDATE stored_events SET originator_version = 7 WHERE rowid = 2", "damaged"),
        ("UPDATE stored_events SET topic = 'salestape.record.v9' WHERE rowid = 2", "v9"),
        ("UPDATE stored_events SET state = x'00' WHERE rowid = 2", "damaged at offset 1"),
        (
            "UPDATE stored_events SET state = x'0000000000000000ffff' WHERE rowid = 2",
            "damaged at offset 1",
        ),
    ],
)
def test_a_damaged_tape_says_where_instead_of_skipping(
    path: Path, damage: str, reason: str
) -> None:
    fill(path)
    change(path, damage)
    with (
        closing(SQLiteTape(path)) as tape,
        pytest.raises(TapeRefused, match=re.escape(reason)) as caught,
    ):
        read_all(tape)
    assert str(path) in str(caught.value)


def test_a_torn_page_is_named(path: Path) -> None:
    fill(path, 2000)
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 4)
    with closing(SQLiteTape(path)) as tape, pytest.raises(TapeRefused, match="damaged"):
        read_all(tape)


@pytest.mark.parametrize("replace", [False, True], ids=["removed", "replaced"])
def test_a_tape_whose_file_is_gone_acknowledges_nothing(path: Path, replace: bool) -> None:
    with closing(SQLiteTape(path)) as tape:
        tape.append([ENTRY])
        path.rename(path.with_name("moved.sqlite"))
        if replace:
            path.touch()
        with pytest.raises(TapeRefused, match="removed or replaced"):
            tape.append([ENTRY])
