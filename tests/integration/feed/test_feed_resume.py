"""Whoever comes back with the id seen last misses nothing and is sent nothing twice."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from feed_doubles import entry, reading

from infra.tape.contract import Tape

EVENTS = 1_500


def wanted_by_deal(number: int) -> str:
    return f"D-{number % 5}"


@pytest.mark.parametrize("wanted", [{}, {"deal": "D-3"}], ids=["everything", "one deal in five"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_reader_that_is_cut_off_at_any_moment_sees_each_event_once(
    tape: Tape, serve: Callable[..., Any], hub: Any, wanted: dict[str, str], seed: int
) -> None:
    chance = random.Random(seed)
    cuts = threading.Event()

    def write() -> None:
        written = 0
        while written < EVENTS:
            lot = min(chance.randint(1, 40), EVENTS - written)
            tape.append(
                [entry(f"e{written + n}", deal=wanted_by_deal(written + n)) for n in range(lot)]
            )
            written += lot
            cuts.wait(0.002)

    expected = [f"e{n}" for n in range(EVENTS) if not wanted or wanted_by_deal(n) == "D-3"]
    found: list[str] = []
    told: str | None = None
    tape.append([entry("before")])
    with serve(hub, keep_alive_seconds=0.01) as address, ThreadPoolExecutor(1) as threads:
        with reading(address, **wanted) as feed:
            told = feed.last_id
        writer = threads.submit(write)
        while len(found) < len(expected):
            blocks = chance.randint(0, 60)
            with reading(address, told, **wanted) as feed:
                for _ in range(blocks):
                    if len(found) == len(expected):
                        break
                    block = next(feed.blocks())
                    told = feed.last_id
                    if block is not None:
                        found.append(block.name)
        writer.result(30)
    assert found == expected
