"""Chance: seeded streams of numbers, one for each account, lead and rep.

A stream depends on the seed and its own name alone, so what befalls one account is the same
whoever else is there. Only `Random.random` is used, whose sequence Python promises to keep, and
only plain arithmetic on it, which is exact everywhere; the one logarithm is rounded to seconds.
Not for anything that must not be guessed.
"""

import hashlib
import math
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Stream:
    """Numbers drawn one after another, always the same for the same seed and name."""

    __slots__ = ("random",)

    def __init__(self, seed: int, *name: str | int) -> None:
        text = "/".join(map(str, (seed, *name)))
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        source = random.Random(int.from_bytes(digest))  # noqa: S311 - a simulation, no secret
        self.random = source.random

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return self.random() < probability

    def skewed(self, mean: float, spread: float) -> float:
        """Return a number around a mean, more often a little below it, sometimes far above.

        With `u` even between 0 and 1 it is `mean * (1 - spread + 3 * spread * u**2)`: its mean is
        exactly `mean`, it never leaves `mean * (1 - spread)` to `mean * (1 + 2 * spread)`, and its
        standard deviation is `mean * spread * sqrt(4 / 5)`.
        """
        even = self.random()
        return mean * (1 - spread + 3 * spread * even * even)

    def between(self, low: float, high: float) -> float:
        """Return a number anywhere from low to high."""
        return low + (high - low) * self.random()

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self.random() * len(options))]

    def wait(self, rate: float) -> int:
        """Return the whole seconds until something that happens `rate` times a second (> 0).

        Rounding hides the last digit of the logarithm, in which platforms differ.
        """
        return round(-math.log(1 - self.random()) / rate)


def per_second(probability: float, days: float) -> float:
    """Return how often a second something happens that happens within days with a probability.

    The constant hazard `-ln(1 - probability) / days`, as a rate for `Stream.wait`.
    """
    return -math.log1p(-probability) / (days * 86_400)
