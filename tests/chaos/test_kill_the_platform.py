"""Killed at any moment under live load and started again, the platform loses and doubles nothing.

`SALESTAPE_KILLS` sets how many kills there are; `make chaos` asks for 50.
"""

import random
import threading
from collections import Counter
from pathlib import Path

import orjson
import pytest
from killed_platform import (
    KILLS,
    LONG,
    PATIENCE,
    Platform,
    Poster,
    rows,
    run,
    write_importer,
)
from waiting import wait_until

from infra.tape import Tape
from infra.tape.opening import open_tape

ORDERS = 3_000 * max(1, KILLS // 4)
BETWEEN = 0.0 if LONG else 0.5
TABLES = ("deals", "accounts", "rep_days", "quotas", "pipelines", "conflicts")


def import_until_done(data: Path, importer: Path, export: Path, done: threading.Event) -> None:
    """Import, again and again while it is broken off, as a user would."""
    while not done.is_set():
        if run(data, "import", str(importer), str(export), "--json").returncode == 0:
            done.set()


def counted(tape: Tape) -> Counter[tuple[str, str]]:
    """How often each event lies on the tape."""
    found: Counter[tuple[str, str]] = Counter()
    position = {0: 0}
    while records := tape.read(position, 10_000):
        for record in records:
            event = orjson.loads(record.value)
            found[event["source"], event["id"]] += 1
        position = {0: records[-1].offset + 1}
    return found


def told(posters: list[Poster]) -> int:
    """How many events were acknowledged so far."""
    return sum(len(poster.acknowledged) for poster in posters)


def tables(data: Path) -> list[dict[str, object]]:
    """A digest of every table, in one question: each command is a process of its own."""
    digest = "count() AS rows, sum(cityHash64(toString(tuple(*)))) AS digest"
    digests = [f"SELECT '{name}' AS name, {digest} FROM {name}" for name in TABLES]
    return rows(data, f"SELECT * FROM ({' UNION ALL '.join(digests)}) ORDER BY name")


@pytest.mark.timeout(900 + 90 * KILLS)
def test_nothing_acknowledged_is_lost_or_doubled_whenever_it_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    importer, export = write_importer(tmp_path, ORDERS)
    platform = Platform(data)
    platform.start()
    posters = [Poster(platform.address, seed, between=BETWEEN) for seed in (1, 2)]
    imported = threading.Event()
    importing = threading.Thread(target=import_until_done, args=(data, importer, export, imported))
    for poster in posters:
        poster.start()
    importing.start()
    draw = random.Random(KILLS)
    pause = threading.Event()
    try:
        for kills in range(1, KILLS + 1):
            wait_until(lambda: told(posters) >= 25 * kills, PATIENCE)  # noqa: B023 - called at once
            pause.wait(draw.uniform(0.05, 2.5))
            platform.kill()
            platform.start()
    finally:
        for poster in posters:
            poster.stop()
        importing.join(PATIENCE * 3)
        imported.set()
    platform.stop()

    assert [trouble for poster in posters for trouble in poster.trouble] == []
    tape = open_tape(f"sqlite:///{data / 'tape.sqlite'}")
    found = counted(tape)
    tape.close()
    acknowledged = {("poster", name) for poster in posters for name in poster.acknowledged}
    assert len(acknowledged) >= 25 * KILLS
    assert {name: found[name] for name in acknowledged if found[name] != 1} == {}
    assert [name for name, times in found.items() if times != 1] == []
    assert sum(source == "orders" for source, _ in found) == ORDERS

    before = tables(data)
    (counted_twice,) = rows(
        data,
        "SELECT (SELECT sum(purchases) FROM accounts) AS derived, "
        "(SELECT count() FROM events WHERE type = 'sales.purchase.made.v1') AS told",
    )
    assert counted_twice["derived"] == counted_twice["told"]
    rebuilt = run(data, "rebuild")
    assert rebuilt.returncode == 0, rebuilt
    assert tables(data) == before
