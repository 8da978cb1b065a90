"""One, two and four projectors on the same events: real processes, one warehouse behind HTTP.

They are ready, with their partitions, before the first event is on the tape. All of it runs on one
machine, so that more workers than cores share what there is.
"""

import time
from itertools import islice
from pathlib import Path

from benchmarks.contenders.tables import PARTITIONS
from benchmarks.measuring import Report, seconds
from benchmarks.site import Site, wait
from benchmarks.workload import entries, events
from infra.kafka_broker import KafkaBroker
from infra.settings import KafkaSettings
from infra.tape import Entry
from infra.tape.kafka import KafkaTape
from projections import registry
from services.projector import store

ACCOUNTS = 50_000
LOT = 5_000
WORKERS = (1, 2, 4)
HOURS = 3_600.0


def measure(folder: Path, count: int) -> list[Report]:
    """Let so many workers take in and derive `count` events."""
    report = Report(
        f"Workers that share a topic of {PARTITIONS} partitions: {count:,} events",
        ("workers", "appended/s", "until all is derived, events/s", "of one worker's"),
    )
    told = entries(events(count, ACCOUNTS))
    one = 0.0
    with KafkaBroker(folder / "broker") as broker:
        for workers in WORKERS:
            topic = f"sales.bench.{workers}"
            tape = f"kafka://{broker.address}/{topic}"
            with Site(folder / topic, tape, PARTITIONS, workers, gateway=False) as site:
                appended, derived = _follow(site, broker.address, topic, told)
            one = one or derived
            report.add(
                str(workers),
                f"{count / appended:,.0f}",
                f"{count / derived:,.0f}",
                f"{one / derived:.2f}",
            )
    return [report]


def _follow(site: Site, servers: str, topic: str, told: list[Entry]) -> tuple[float, float]:
    """Return the seconds from the first append until all is in the ledger, and in every table."""
    client, count = site.warehouse.client("admin"), len(told)
    tables = len(registry.load().tables)

    def appended() -> bool:
        return sum(store.watermark(client).values()) >= count

    def derived() -> bool:
        found = store.positions(client)
        reached = [sum(one.values()) >= count for one in found.values()]
        return len(reached) >= tables and all(reached)

    tape, rest = KafkaTape([servers], topic, KafkaSettings(partitions=PARTITIONS)), iter(told)
    began = time.perf_counter()
    while lot := list(islice(rest, LOT)):
        tape.append(lot)
    tape.close()
    wait("everything to be in the ledger", appended, HOURS)
    taken_in = time.perf_counter() - began
    return taken_in, taken_in + seconds(lambda: wait("everything to be derived", derived, HOURS))
