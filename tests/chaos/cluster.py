"""A platform of many processes on a real broker, any of which can be killed, stopped and cut off.

Gateway and projectors reach the warehouse over a link that can be made to fail. Everything is on
loopback and ends with the test; only processes started here are ended, by their id.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import clickhouse_connect
import forking
import httpx
import planted
from clickhouse_connect.driver.client import Client
from faulty_link import FaultyLink
from forking import Forked
from killed_platform import PATIENCE
from loopback import HTTP, free_port
from plain_fold import QUERIES, Row

from infra import clock
from infra.kafka_broker import KafkaBroker
from infra.settings import KafkaSettings
from infra.tape.kafka import KafkaTape
from infra.warehouse import FAILURES

KEY = "a-key-for-those-who-write"
LEFT_BEHIND = "left behind; the next worker goes on from there"


class Process:
    """A command of the platform that serves `/health` or `/ping` on a port of its own."""

    def __init__(
        self, name: str, folder: Path, arguments: list[str], environment: dict[str, str], path: str
    ) -> None:
        self.name = name
        self.port = free_port()
        self._log = folder / f"{name}.log"
        self._command = [*arguments, "--port", str(self.port)]
        self._environment = environment
        self._path = path
        self._process: Forked | None = None
        self.fault = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start it; it may not serve yet. With a `fault`, one is planted in it."""
        with self._log.open("ab") as log:
            self._process = Forked(
                planted.program(self.fault),
                self._command,
                self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> None:
        """Start it and wait until it serves."""
        self.launch()
        self.wait()

    def wait(self) -> None:
        """Wait until it serves; one that gave up is started again, as a supervisor does."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not self.is_running:
                self.launch()
            if self._answers() == 200:
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.name} did not become healthy: {self.printed()}")

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> int | None:
        """Return what its health answers with, 0 where nothing comes, None where nobody listens."""
        try:
            return HTTP.get(self.address + self._path, timeout=5).status_code
        except httpx.ConnectError:
            return None
        except httpx.TransportError:
            return 0

    def stop(self) -> None:
        """End it as its operator would.

        One that is still loading its code ends by the signal. One that cannot write in time, since
        the warehouse was away or much is at work, says so and leaves it to the next.
        """
        if self._process is not None and self.is_running:
            listens = self._answers() is not None
            self._process.send_signal(signal.SIGTERM)
            code = self._process.wait(PATIENCE)
            late = code == 1 and LEFT_BEHIND in self.printed()[-300:]
            loading = code == -signal.SIGTERM and not listens
            assert code == 0 or late or loading, f"{self.name} ended with {code}: {self.printed()}"

    def printed(self) -> str:
        return self._log.read_text(errors="replace")[-3_000:] if self._log.exists() else ""


class Cluster:
    """Broker, warehouse endpoint, gateway and projectors. Use it as a context manager."""

    def __init__(self, broker: KafkaBroker, folder: Path, *, workers: int = 2, few: bool) -> None:
        """`few` leaves most questions out, as `planted.py` says."""
        self.broker = broker
        self.folder = folder
        plain = {k: v for k, v in os.environ.items() if not k.startswith("SALESTAPE_")}
        self.warehouse = Process(
            "warehouse",
            folder,
            ["warehouse", "--data", str(folder / "warehouse")],
            plain | {"SALESTAPE_WAREHOUSE_WRITER_KEY": KEY},
            "/ping",
        )
        self.link = FaultyLink(self.warehouse.port)
        self.topic = f"sales.{clock.new_id()}"  # others told theirs to the same broker
        self.tape_url = f"kafka://{broker.address}/{self.topic}"
        self.environment = plain | {
            "SALESTAPE_TAPE": self.tape_url,
            "SALESTAPE_WAREHOUSE": f"clickhouse://writer:{KEY}@127.0.0.1:{self.link.port}",
            "SALESTAPE_KAFKA_PARTITIONS": "4",
            "SALESTAPE_GATEWAY_RATE": "1000000",
            "SALESTAPE_PROJECTOR_SESSION_SECONDS": "6",
            "FEW_QUESTIONS": "1" if few else "",
        }
        self.gateway = Process(
            "gateway",
            folder,
            ["gateway", "--data", str(folder / "gateway")],
            self.environment,
            "/health",
        )
        self.projectors = [
            Process(f"projector-{n}", folder, ["projector"], self.environment, "/health")
            for n in range(workers)
        ]
        self._stack = ExitStack()
        self._client: Client | None = None

    @property
    def processes(self) -> list[Process]:
        return [self.warehouse, self.gateway, *self.projectors]

    def __enter__(self) -> "Cluster":
        with ExitStack() as stack:  # ends everything where it does not come up whole
            stack.callback(self.link.close)
            for process in self.processes:
                stack.callback(process.kill)
                stack.callback(process.go_on)
            self.tape = KafkaTape([self.broker.address], self.topic, KafkaSettings(partitions=4))
            stack.callback(self.tape.close)
            self.warehouse.start()
            for process in (self.gateway, *self.projectors):
                process.launch()
            for process in (self.gateway, *self.projectors):
                process.wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def mend(self) -> None:
        """Let everything be as it should: running, going on, connected."""
        self.link.set("sound")
        self.broker.go_on()
        self.broker.start()
        for process in self.processes:
            process.go_on()
            process.wait()

    def empty_the_warehouse(self) -> None:
        """Lose the warehouse with everything in it; the projectors make it anew from the tape."""
        self.warehouse.kill()
        shutil.rmtree(self.folder / "warehouse")
        for projector in self.projectors:
            projector.kill()
        self.mend()

    def wait_until_followed(self) -> None:
        """Wait until everything on the tape is in every table that is shown."""
        deadline = time.monotonic() + PATIENCE
        behind: object = None
        while time.monotonic() < deadline:
            ends = {part: end for part, end in self.tape.ends().items() if end}
            try:
                behind = self._behind(ends)
            except FAILURES as error:  # a kept connection may have been cut as well
                behind = error
            if not behind:
                return
            time.sleep(0.5)
        printed = "\n".join(f"{p.name}: {p.printed()[-1_500:]}" for p in self.processes)
        raise AssertionError(f"still behind after {PATIENCE:g} s: {behind}\n{printed}")

    def _behind(self, ends: dict[int, int]) -> dict[str, int]:
        rows = self.rows(
            "SELECT name, partition, position FROM ("
            "SELECT '' AS name, partition, max(position) AS position FROM sales_store.appended "
            "GROUP BY partition UNION ALL "
            "SELECT generation AS name, partition, max(position) AS position "
            "FROM sales_store.positions GROUP BY generation, partition)"
        )
        stored = self.rows(
            "SELECT name FROM system.tables "
            "WHERE database = 'sales_store' AND match(name, '__[0-9a-f]{8}(_[0-9]+)?$')"
        )
        seen = {name for (name,) in self.rows("SHOW TABLES FROM sales")}
        positions: dict[str, dict[int, int]] = {
            name: {} for name in ("", *(name for (name,) in stored))
        }
        for name, partition, position in rows:
            if name in positions:  # who derives late may leave a position of what was dropped
                positions[name][partition] = position
        return dict.fromkeys(QUERIES.keys() - seen, -1) | {
            f"{name or 'ledger'}/{part}": end - at.get(part, 0)
            for name, at in positions.items()
            for part, end in ends.items()
            if at.get(part, 0) < end
        }

    def tables(self) -> dict[str, list[Row]]:
        """Return what the derived tables hold, the columns that the plain fold answers for."""
        return {
            name: self.rows(f"SELECT {columns} FROM sales.{name}")
            for name, columns in QUERIES.items()
        }

    def rows(self, sql: str) -> list[Row]:
        """Ask the endpoint itself, not over the link."""
        if self._client is None:
            self._client = clickhouse_connect.get_client(
                host="127.0.0.1",
                port=self.warehouse.port,
                username="writer",
                password=KEY,
                autogenerate_session_id=False,  # two threads may ask at once
            )
            self._stack.callback(self._client.close)
        return [tuple(row) for row in self._client.query(sql).result_rows]

    def run(self, *arguments: str, data: Path) -> "subprocess.CompletedProcess[Any]":
        """Run a command of the platform on the cluster, with a data folder of its own."""
        arguments = (*arguments, "--data", str(data))
        return forking.run(planted.program(), arguments, self.environment, timeout=PATIENCE * 3)
