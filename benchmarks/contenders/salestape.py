"""Salestape: a worker as `salestape projector` runs it.

`python -m benchmarks.contenders.salestape SERVERS TOPIC COUNT FOLDER deals|all [SHARE]`: with the
tables that the others have, a typed ledger and deals, or with all that the platform derives; the
share is what derivation may take of the time. Beside the throughput it tells how long what was in
the ledger waited to be derived, at most. Tables are made before the time begins, as those of the
others are.
"""

import os
import signal
import sys
import threading
import time
from collections import deque
from dataclasses import replace

from benchmarks.contenders.tables import DIGEST, PARTITIONS, Stopwatch, Task, tell
from infra.settings import KafkaSettings, ProjectorSettings
from infra.tape.kafka import KafkaTape
from infra.warehouse import Warehouse
from projections import registry
from projections.registry import Definitions
from services.projector import store
from services.projector.derive import DeriveLoop
from services.projector.worker import Group, Pace, Worker

# As the peers' deals are: without what nobody told, an amount is 0.
SAME_DIGEST = DIGEST.replace("toString(amount)", "toString(ifNull(amount, 0))").replace(
    "deals FINAL", "sales.deals"
)


class Watch:
    """Looks at both loops of a worker all the time, and ends it when everything is derived."""

    def __init__(self, worker: Worker, count: int) -> None:
        self.appended_seconds = 0.0
        """From the first fetch until everything is in the ledger."""
        self.took: dict[str, float] = {}
        """The same, until everything is in every table."""
        self.behind = 0.0
        """The most seconds that something was in the ledger and not yet derived."""
        self._worker = worker
        self._count = count
        self._marks: deque[tuple[float, int]] = deque()

    def run(self) -> None:
        """Look until the end, and end the worker as its operator would."""
        still = threading.Event()
        while not self._reads():
            still.wait(0.005)
        stopwatch = Stopwatch()
        while not self._look(stopwatch):
            still.wait(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    def _reads(self) -> bool:
        appending = getattr(self._worker, "_appending", None)  # made when the worker runs
        return appending is not None and bool(appending.turn.position)

    def _look(self, stopwatch: Stopwatch) -> bool:
        moment, appended, derived = time.perf_counter(), self._appended(), self._derived()
        if appended >= self._count and not self.appended_seconds:
            self.appended_seconds = stopwatch.read()["seconds"]
        if appended > (self._marks[-1][1] if self._marks else derived):
            self._marks.append((moment, appended))
        while self._marks and self._marks[0][1] <= derived:
            self._marks.popleft()
        if self._marks:
            self.behind = max(self.behind, moment - self._marks[0][0])
        self.took = stopwatch.read()
        return derived >= self._count

    def _appended(self) -> int:
        return sum(self._worker._appending.turn.position.values())

    def _derived(self) -> int:
        derive = self._worker._derive
        reached = [derive.positions.get(f.generation, {}) for f in derive.followed]
        return min((sum(position.values()) for position in reached), default=0)


def tables(kind: str) -> Definitions:
    """Return the definitions of deals with what they need, or of everything."""
    every = registry.load()
    if kind == "all":
        return every
    deals = every.tables["deals"]
    kept = {name: every.tables[name] for name in (*deals.needs, deals.name)}
    return replace(every, tables=kept, questions={})


def run(task: Task, definitions: Definitions, share: float) -> None:
    """Run a worker over the topic."""
    servers, settings = task.servers.split(","), KafkaSettings(partitions=PARTITIONS)
    session = ProjectorSettings().session_seconds
    group = Group(servers, task.topic, settings, f"salestape-{task.folder.name}", session)
    tape = KafkaTape(servers, task.topic, settings)
    with Warehouse(f"chdb://{task.folder / 'engine'}") as warehouse:
        store.prepare(warehouse.client("admin"))
        DeriveLoop(warehouse.client("admin"), definitions).start()
        pace = Pace(derive_share=share)
        worker = Worker("bench", group, tape, warehouse, definitions, pace)
        watch = Watch(worker, task.count)
        threading.Thread(target=watch.run, daemon=True).start()
        worker.run()
        client = warehouse.client("read")
        ((deals, digest),) = client.query(SAME_DIGEST).result_rows
        ((rows,),) = (
            warehouse.client("admin").query("SELECT count() FROM sales_store.events").result_rows
        )
    tape.close()
    tell(
        **watch.took,
        appended_seconds=watch.appended_seconds,
        behind=watch.behind,
        rows=rows,
        deals=deals,
        digest=str(digest),
    )


if __name__ == "__main__":
    given = float(sys.argv[6]) if len(sys.argv) > 6 else ProjectorSettings().derive_share
    run(Task.given(), tables(sys.argv[5]), given)
