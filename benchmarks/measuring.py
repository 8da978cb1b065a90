"""Measuring and printing: times as ratios of one run, memory as the process had it at most."""

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def seconds(work: Callable[[], Any]) -> float:
    """Return how long some work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def best(work: Callable[[], Any], times: int = 5) -> float:
    """Return the shortest of some runs: what the work costs when nothing gets in its way."""
    return min(seconds(work) for _ in range(times))


def peak_memory() -> int:
    """Return the most memory the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def processor_time() -> tuple[int, int]:
    """Return what all processors had to give since the machine began, and what a hypervisor took.

    Both 0 where the system does not tell.
    """
    try:
        told = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return 0, 0
    ticks = [int(one) for one in told[:8]]  # what follows is counted in these already
    return sum(ticks), ticks[7]


@dataclass
class Report:
    """One table of figures, and whether what was to be reached was reached."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def reach(self, what: str, reached: bool) -> None:
        """Note a figure that was to be reached, where it was not."""
        if not reached:
            self.missed.append(what)

    def show(self) -> None:
        table = Table(title=self.title, title_justify="left")
        for place, column in enumerate(self.columns):
            table.add_column(column, justify="left" if place == 0 else "right")
        for row in self.rows:
            table.add_row(*row)
        console = Console(width=110)
        console.print(table)
        for missed in self.missed:
            console.print(f"not reached: {missed}", style="red")
