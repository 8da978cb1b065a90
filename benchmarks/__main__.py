"""`python -m benchmarks`: print the figures, as ratios measured side by side in one run.

Each benchmark runs in a process of its own, because a process has one embedded engine and one peak
of memory. Nothing here asserts; what was to be reached and was not is said in red, and the exit
code is 1.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import embedded, growth, kafka, latency, posting, workers
from benchmarks.measuring import processor_time

BENCHMARKS = {
    "embedded": (embedded.measure, 1_000_000),
    "posting": (posting.measure, 50_000),
    "growth": (growth.measure, 100_000),
    "kafka": (kafka.measure, 1_000_000),
    "workers": (workers.measure, 200_000),
    "latency": (latency.measure, 30_000),
}


def main() -> int:
    """Run the benchmarks named, each in a child; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="which; all by default")
    parser.add_argument("--events", type=int, help="how many events; each has its own default")
    parser.add_argument("--here", action="store_true", help="in this process")
    given = parser.parse_args()
    names = given.names or list(BENCHMARKS)
    if given.here:
        return max(_run(name, given.events) for name in names)
    codes = []
    for name in names:
        command = [sys.executable, "-m", "benchmarks", "--here", name]
        command += ["--events", str(given.events)] if given.events else []
        codes.append(subprocess.run(command, check=False).returncode)
    return max(codes)


def _run(name: str, count: int | None) -> int:
    measure, usual = BENCHMARKS[name]
    whole, taken = processor_time()
    with tempfile.TemporaryDirectory(prefix="salestape-bench-") as folder:
        reports = measure(Path(folder), count or usual)
    for report in reports:
        report.show()
    whole_after, taken_after = processor_time()
    if share := (taken_after - taken) / max(1, whole_after - whole):
        print(f"({name}: a hypervisor took {100 * share:.0f} % of the processors meanwhile)")
    return int(any(report.missed for report in reports))


if __name__ == "__main__":
    sys.exit(main())
