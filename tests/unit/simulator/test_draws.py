"""Chance that is the same each time, and has the shape it promises."""

import math
from statistics import fmean, pstdev

from hypothesis import given
from hypothesis import strategies as st

from services.simulator.draws import Stream, per_second


def test_a_stream_depends_on_its_seed_and_name_alone() -> None:
    def drawn(seed: int, *name: str | int) -> list[float]:
        stream = Stream(seed, *name)
        return [stream.random() for _ in range(5)]

    assert drawn(1, "lead", 7) == drawn(1, "lead", 7)
    assert len({tuple(drawn(*named)) for named in [(1, "a", 1), (1, "a", 2), (2, "a", 1)]}) == 3


@given(st.integers(), st.floats(0.01, 1e9), st.floats(0, 1))
def test_a_skewed_number_stays_within_its_bounds(seed: int, mean: float, spread: float) -> None:
    stream = Stream(seed)
    for _ in range(20):
        found = stream.skewed(mean, spread)
        assert mean * (1 - spread) <= found * (1 + 1e-12)
        assert found <= mean * (1 + 2 * spread) * (1 + 1e-12)


def test_skewed_numbers_have_the_mean_and_deviation_they_promise() -> None:
    stream = Stream(3)
    found = [stream.skewed(10, 0.5) for _ in range(40_000)]
    deviation = 10 * 0.5 * math.sqrt(0.8)
    assert abs(fmean(found) - 10) < 4 * deviation / math.sqrt(len(found))
    assert abs(pstdev(found) / deviation - 1) < 0.02


def test_half_of_what_happens_within_a_month_at_one_half_has_happened_after_it() -> None:
    stream, rate = Stream(4), per_second(0.5, 30)
    waits = [stream.wait(rate) for _ in range(20_000)]
    within = sum(wait <= 30 * 86_400 for wait in waits) / len(waits)
    assert abs(within - 0.5) < 4 * math.sqrt(0.25 / len(waits))


def test_whole_numbers_reach_both_ends_and_go_no_further() -> None:
    stream = Stream(5)
    assert {stream.whole(2, 4) for _ in range(200)} == {2, 3, 4}
    assert {stream.pick("abc") for _ in range(200)} == set("abc")
