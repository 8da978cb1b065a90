"""The embedded size at a given number of events: from the tape to all derived rows, and asked.

The raw limit is the same engine taking the same records of the same tape as bytes, with nothing
validated and nothing derived. It is taken before and after the platform's own run, and the mean of
both times counts, so that a machine that grows busier or idler in between does not decide; and in
processes of its own, as the tape is made, so that the memory told is the platform's.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from clickhouse_connect.driver.client import Client

from benchmarks.contenders.tables import BYTES, byte_rows
from benchmarks.measuring import Report, best, peak_memory, seconds
from benchmarks.workload import fill
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from projections import registry
from services.projector import store
from services.projector.projector import Projector

ACCOUNTS = 50_000
BATCH = 20_000
LIMIT_OF_MEMORY = 10**9
FOLLOWED = ("churn_signals", "deal_history", "funnel", "quota_attainment")
"""The questions that people look at all day."""
LIMIT_OF_FOLLOWED = 0.150
LIMIT_OF_A_QUESTION = 0.500
LIMIT_OF_THE_MEDIAN = 0.100


def measure(folder: Path, count: int) -> list[Report]:
    """Fill a tape with `count` events and measure all that follows from it."""
    url = f"sqlite:///{folder / 'tape.sqlite'}"
    _in_another_process(_fill, url, count)
    before = _in_another_process(_append_bytes, url, folder / "before")
    tape = open_tape(url)
    with Warehouse(f"chdb://{folder / 'warehouse'}") as warehouse:
        throughput = Report(
            f"From the tape to the warehouse: {count:,} events, {ACCOUNTS:,} accounts at random",
            ("what", "events/s", "of the raw limit"),
        )
        projector = Projector(tape, warehouse, registry.load(), batch_size=BATCH)
        projector.prepare()
        appended, derived = _follow(projector, count)
        memory = peak_memory()
        after = _in_another_process(_append_bytes, url, folder / "after")
        raw = 2 * count / (before + after)
        throughput.add("raw limit: bytes appended, nothing else", f"{raw:,.0f}", "1.00")
        for when, took in (("before", before), ("after", after)):
            throughput.add(f"   {when}", f"{count / took:,.0f}", f"{count / took / raw:.2f}")
        throughput.add(
            "appended, while derivation follows", f"{appended:,.0f}", f"{appended / raw:.2f}"
        )
        throughput.add("until all rows are derived", f"{derived:,.0f}", f"{derived / raw:.2f}")
        throughput.add("most memory, MB", f"{memory / 10**6:,.0f}", "")
        throughput.reach("0.25 of the raw limit appended", appended / raw >= 0.25)
        throughput.reach("memory under 1 GB", memory < LIMIT_OF_MEMORY)
        reports = [throughput, _derive_costs(projector, count), _questions(projector, count)]
    tape.close()
    return reports


def _in_another_process(work: Callable[..., Any], *given: object) -> Any:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def _fill(url: str, count: int) -> None:
    tape = open_tape(url)
    fill(tape, count, ACCOUNTS)
    tape.close()


def _append_bytes(url: str, folder: Path) -> float:
    """Return how many seconds it takes to insert a tape's records as they are."""
    tape = open_tape(url)
    with Warehouse(f"chdb://{folder}") as warehouse:
        client = warehouse.client("admin")
        client.command("CREATE DATABASE raw ENGINE = Atomic")
        client.command(BYTES % "raw.records")

        def append() -> None:
            position = {0: 0}
            while records := tape.read(position, BATCH):
                client.insert_arrow("records", byte_rows(records), database="raw")
                position = {0: records[-1].offset + 1}
            client.command("DROP DATABASE raw SYNC")

        took = seconds(append)
    tape.close()
    return took


def _follow(projector: Projector, count: int) -> tuple[float, float]:
    """Run both loops as the platform does; return events/s appended, and until all is derived."""
    done = threading.Event()

    def watch() -> None:
        if projector.append.position.get(0, 0) >= count and projector.derive.caught_up():
            done.set()

    projector.on_derived = watch
    appended: list[float] = []

    def run() -> None:
        projector.start()
        appended.append(seconds(lambda: _wait_appended(projector, count, done)))
        done.wait()

    derived = seconds(run)
    projector.stop()
    return count / appended[0], count / derived


def _wait_appended(projector: Projector, count: int, done: threading.Event) -> None:
    while projector.append.position.get(0, 0) < count and not done.wait(0.01):
        pass


def _derive_costs(projector: Projector, count: int) -> Report:
    """Derive again what a number of touched accounts need: the last so many of the tape."""
    report = Report(
        f"Deriving what was touched, {count:,} events in the ledger",
        ("records since", "accounts touched", "seconds a round", "ms an account"),
    )
    loop = projector.derive
    end = {0: count}
    for wanted in (10, 100, 1_000, 10_000):
        start = {0: max(0, count - wanted)}
        for followed in loop.followed:
            loop.positions[followed.generation] = dict(start)
        took = seconds(loop.step)
        (accounts,) = loop.client.query(
            f"SELECT uniqExact(key) FROM sales_store.tape WHERE {store.touched_range(start, end)}"
        ).result_rows[0]
        report.add(f"{wanted:,}", f"{accounts:,}", f"{took:.3f}", f"{1000 * took / accounts:.2f}")
    return report


def _settle(client: Client) -> None:
    while client.query("SELECT count() FROM system.merges").result_rows[0][0]:
        threading.Event().wait(0.5)


def _questions(projector: Projector, count: int) -> Report:
    """Ask every question as of now, all of it and of one account or deal.

    What the run has left to merge in the background is merged first: no question causes it.
    """
    _settle(projector.warehouse.client("admin"))
    report = Report(f"Questions at {count:,} events", ("question", "ms", "of the limit"))
    client = projector.warehouse.client("read")
    asked = {name: f"SELECT * FROM sales.{name}" for name in projector.definitions.questions}
    asked["deal_history"] += " WHERE deal = 'deal-000042-0'"
    asked["deal_history, the first 100"] = "SELECT * FROM sales.deal_history LIMIT 100"
    asked["deals of one account"] = "SELECT * FROM sales.deals WHERE account = 'acct-000042'"
    asked["events of one account"] = "SELECT * FROM sales.events WHERE account = 'acct-000042'"
    asked["funnel as of a day"] = (
        "SELECT * FROM sales.funnel_at(as_of = '2024-02-01', known_at = '2100-01-01')"
    )
    taken = []
    for name, sql in asked.items():
        took = best(lambda sql=sql: client.raw_query(sql, fmt="Native"))  # type: ignore[misc]
        limit = LIMIT_OF_FOLLOWED if name in FOLLOWED else LIMIT_OF_A_QUESTION
        report.add(name, f"{1000 * took:,.0f}", f"{took / limit:.2f}")
        if name in projector.definitions.questions:
            taken.append(took)
            report.reach(f"{name} under {1000 * limit:.0f} ms", took < limit)
    report.reach("the median question under 100 ms", median(taken) < LIMIT_OF_THE_MEDIAN)
    return report
