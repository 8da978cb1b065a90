"""`POST /events` over real HTTP on loopback, beside the tape's own appends."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import httpx
import orjson
import uvicorn

from benchmarks.measuring import Report, seconds
from benchmarks.workload import events
from infra.settings import GatewaySettings
from infra.tape import Entry, Tape
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from projections import registry
from services.gateway.app import gateway_app
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog
from services.gateway.warehouse_ledger import WarehouseLedger
from services.projector.projector import Projector

CLIENTS = 8


def measure(folder: Path, count: int) -> list[Report]:
    """Post `count` events one by one and in batches, by some clients at once."""
    told = [orjson.dumps(event) for _, event in events(count, 1_000)]
    limit_tape = open_tape(f"sqlite:///{folder / 'limit.sqlite'}")
    entries = [Entry("key", raw) for raw in told]
    limit = count / seconds(lambda: _append(limit_tape, entries))
    limit_tape.close()
    report = Report(
        f"Events taken in, {CLIENTS} clients at once, {count:,} events",
        ("how", "events/s", "of the tape's limit"),
    )
    report.add("tape alone, batches of 1,000", f"{limit:,.0f}", "1.00")
    for size in (1, 100, 1_000):
        share = told[: min(count, 4_000 * max(1, size // 4))]
        rate = _post(folder / str(size), share, size)
        report.add(f"POST /events, {size:,} a request", f"{rate:,.0f}", f"{rate / limit:.2f}")
    return [report]


def _append(tape: Tape, entries: list[Entry]) -> None:
    rest = iter(entries)
    while lot := list(islice(rest, 1_000)):
        tape.append(lot)


def _post(folder: Path, told: list[bytes], size: int) -> float:
    folder.mkdir()
    tape = open_tape(f"sqlite:///{folder / 'tape.sqlite'}")
    bodies = [b"[" + b",".join(told[at : at + size]) + b"]" for at in range(0, len(told), size)]
    headers = {"content-type": "application/cloudevents-batch+json"}
    with _served(folder, tape) as address, httpx.Client(base_url=address, timeout=60) as client:

        def send(body: bytes) -> None:
            client.post("/events", content=body, headers=headers).raise_for_status()

        with ThreadPoolExecutor(CLIENTS) as pool:
            took = seconds(lambda: list(pool.map(send, bodies)))
    tape.close()
    return len(told) / took


@contextmanager
def _served(folder: Path, tape: Tape) -> Iterator[str]:
    """Serve a gateway over the tape, with a projector following it, and yield its address."""
    rejects = RejectLog(folder / "rejects")
    with Warehouse(f"chdb://{folder.parent / 'warehouse'}") as warehouse:
        projector = Projector(tape, warehouse, registry.load())
        client = warehouse.client("admin")
        for database in ("sales", "sales_store"):
            client.command(f"DROP DATABASE IF EXISTS {database} SYNC")
        projector.prepare()
        projector.start()
        intake = Intake(tape, WarehouseLedger(warehouse.client("gateway")), rejects)
        settings = GatewaySettings(rate=10**9, burst=10**9)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(gateway_app(intake, settings, rejects), log_level="warning")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            projector.stop()
