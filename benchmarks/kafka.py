"""Salestape and its peers on the same work: one broker, the same events, the same tables.

The peers have an environment of their own (`benchmarks/peers.txt`), made under `build/`. Faust is
slow beside the rest, so it takes the first part of the events, from a topic of its own; there
Salestape runs too, and the deals that all of them end with are compared. All end with a typed
ledger and deals; Salestape runs with every table of the platform besides.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.contenders.tables import PARTITIONS
from benchmarks.measuring import Report
from benchmarks.workload import fill
from infra.kafka_broker import KafkaBroker
from infra.settings import KafkaSettings
from infra.tape.kafka import KafkaTape

ACCOUNTS = 50_000
EVENTS_OF_THE_SLOW = 200_000
OF_THE_LIMIT = 0.3
TIMES_THE_BEST_PEER = 4
MOST_BEHIND = 3.0
LIMIT_SECONDS = 3_600
ROOT = Path(__file__).parent.parent
PEERS = ROOT / "build" / "peers"


class Contender(NamedTuple):
    """One that runs."""

    title: str
    module: str
    more: tuple[str, ...] = ()
    own_packages: bool = False
    slow: bool = False
    """Whether it takes the first part of the events only."""


RAW = Contender("raw limit: aiokafka getmany, bytes inserted, nothing else", "raw")
SAME = Contender("Salestape: ledger and deals", "salestape", ("deals",))
OURS = (
    SAME,
    Contender("Salestape: every table", "salestape", ("all",)),
    Contender("Salestape: every table, derived without a pause", "salestape", ("all", "1")),
)
PEER = (
    Contender("quixstreams, state in RocksDB, batching sink", "quix", (), True),
    Contender("sentry-arroyo, batch step, state in memory", "arroyo_batches", (), True),
    Contender("faust agent, dict state", "faust_agent", ("dict",), slow=True),
    Contender("faust agent and Table", "faust_agent", ("table",), slow=True),
)

Told = dict[str, Any]
"""What a contender told, its share of the events included, as `count`."""


def measure(folder: Path, count: int) -> list[Report]:
    """Fill a topic with `count` events, another with the first of them; let everyone work."""
    interpreter = _interpreter_of_peers()
    share = min(count, EVENTS_OF_THE_SLOW)
    with KafkaBroker(folder / "broker") as broker:
        for events in {count, share}:
            settings = KafkaSettings(partitions=PARTITIONS)
            tape = KafkaTape([broker.address], _topic(events), settings)
            fill(tape, events, ACCOUNTS)
            tape.close()

        def run(contender: Contender, events: int) -> Told:
            python = str(interpreter) if contender.own_packages else sys.executable
            place = folder / f"contender-{len(list(folder.iterdir()))}"
            place.mkdir()
            return _run(python, contender, broker.address, events, place)

        before = run(RAW, count)
        ours = {one.title: run(one, count) for one in OURS}
        peers = {one.title: run(one, share if one.slow else count) for one in PEER}
        beside = ours[SAME.title] if share == count else run(SAME, share)
        after = run(RAW, count)
    raw = before | {name: (before[name] + after[name]) / 2 for name in ("seconds", "processor")}
    return [_report({RAW.title: raw, "   before": before, "   after": after}, ours, peers, beside)]


def _topic(events: int) -> str:
    return f"sales.bench.{events}"


def _run(python: str, contender: Contender, servers: str, events: int, place: Path) -> Told:
    done = subprocess.run(
        [
            *(python, "-m", f"benchmarks.contenders.{contender.module}"),
            *(servers, _topic(events), str(events), str(place), *contender.more),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=LIMIT_SECONDS,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(
            f"{contender.module} told nothing: {done.stdout[-2_000:]}\n{done.stderr[-2_000:]}"
        )
    return {"count": events, **json.loads(lines[-1])}


def _report(
    limits: Mapping[str, Told], ours: Mapping[str, Told], peers: Mapping[str, Told], beside: Told
) -> Report:
    count, share = limits[RAW.title]["count"], beside["count"]
    report = Report(
        f"From Kafka to a typed ledger and derived deals: {count:,} events",
        ("contender", "events/s", "of limit", "of best peer", "µs of CPU", "s behind", "deals"),
    )
    limit, best = _rate(limits[RAW.title]), max(map(_rate, peers.values()))

    def add(title: str, told: Told, rate: float, behind: str = "") -> None:
        deals = f"{told['deals']:,}" if "deals" in told else ""
        cost = f"{10**6 * told['processor'] / told['count']:.0f}" if told else ""
        shares = f"{rate / limit:.2f}", f"{rate / best:.1f}"
        report.add(title, f"{rate:,.0f}", *shares, cost, behind, deals)

    for title, told in limits.items():
        add(title, told, _rate(told))
    shown = dict(ours) if beside in ours.values() else {**ours, f"   {share:,} events": beside}
    for title, told in shown.items():
        add(title, told, _rate(told), f"{told['behind']:.1f}")
        add("   appended", {}, told["count"] / told["appended_seconds"])
    for title, told in peers.items():
        few = "" if told["count"] == count else f" ({told['count']:,} events)"
        add(f"{title}{few}", told, _rate(told))
    same = ours[SAME.title]
    report.reach(f"{OF_THE_LIMIT} of the raw limit", _rate(same) / limit >= OF_THE_LIMIT)
    report.reach(
        f"{TIMES_THE_BEST_PEER} times the best peer", _rate(same) / best >= TIMES_THE_BEST_PEER
    )
    report.reach(f"never more than {MOST_BEHIND:g} s behind", same["behind"] <= MOST_BEHIND)
    everyone = [*ours.values(), *peers.values(), beside]
    report.reach("every event in every ledger", all(t["rows"] == t["count"] for t in everyone))
    alike = {(told["count"], told["deals"], told["digest"]) for told in everyone}
    report.reach("the same deals from all of them", len(alike) == len({count, share}))
    return report


def _rate(told: Told) -> float:
    return float(told["count"] / told["seconds"])


def _interpreter_of_peers() -> Path:
    """Return the interpreter of the peers' environment, made where it is missing or another."""
    python = PEERS / "bin" / "python"
    wanted, made = ROOT / "benchmarks" / "peers.txt", PEERS / "installed"
    if not made.exists() or made.read_text() != wanted.read_text():
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
        subprocess.run(
            [*pip, "install", "--no-deps", "--require-hashes", "-r", str(wanted)], check=True
        )
        made.write_text(wanted.read_text())
    return python
