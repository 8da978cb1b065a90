"""The platform as many real processes on loopback, for what is measured from outside of it.

A warehouse endpoint over the embedded engine, projectors, and a gateway where one is needed, on a
broker that is there already. What they print stands in files of the folder.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from infra.closing import Closing
from infra.warehouse import Warehouse

KEY = "a-key-for-those-who-write"
COMMAND = str(Path(sys.executable).with_name("salestape"))
PATIENCE = 300.0
"""Seconds that a start may take before the run is given up."""


class Site(Closing):
    """Processes of one platform, started when it is made; closing it ends them all."""

    def __init__(
        self, folder: Path, tape: str, partitions: int, projectors: int, gateway: bool
    ) -> None:
        """`tape` is its URL; the topic is made with so many partitions."""
        self._folder = folder
        self._tape = tape
        self._partitions = partitions
        self._projectors = projectors
        self._wants_gateway = gateway
        self.processes: dict[str, int] = {}
        """Name to process id."""
        self.projectors: list[str] = []
        """Where each tells its health."""
        self.gateway = ""
        self.endpoint = ""
        """Where the warehouse serves, as host:port."""
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()

    def close(self) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        self._folder.mkdir(parents=True)
        # Without certificates, whose reading costs more than what is asked.
        self._http = stack.enter_context(httpx.Client(verify=False, timeout=60))
        plain = {k: v for k, v in os.environ.items() if not k.startswith("SALESTAPE_")}
        key = {"SALESTAPE_WAREHOUSE_WRITER_KEY": KEY}
        warehouse = self._run(stack, "warehouse", plain | key, "--data", str(self._folder / "data"))
        self.endpoint = warehouse.removeprefix("http://")
        url = f"clickhouse://writer:{KEY}@{self.endpoint}"
        settings = plain | {
            "SALESTAPE_TAPE": self._tape,
            "SALESTAPE_WAREHOUSE": url,
            "SALESTAPE_KAFKA_PARTITIONS": str(self._partitions),
            "SALESTAPE_GATEWAY_RATE": "1000000",
            "SALESTAPE_GATEWAY_BURST": "1000000",
        }
        self.warehouse = stack.enter_context(Warehouse(url))
        self.projectors = [self._run(stack, "projector", settings) for _ in range(self._projectors)]
        wait("every projector to have partitions", self._shared)
        wait("the tables to be made", self._made)
        if self._wants_gateway:
            place = str(self._folder / "gateway")
            self.gateway = self._run(stack, "gateway", settings, "--data", place)
            wait("the gateway", lambda: self._http.get(f"{self.gateway}/health").is_success)

    def _run(
        self, stack: ExitStack, command: str, environment: Mapping[str, str], *more: str
    ) -> str:
        """Start a command and return the address it tells."""
        number = len(list(self._folder.iterdir()))
        log = stack.enter_context((self._folder / f"{command}-{number}.log").open("wb"))
        process = subprocess.Popen(
            [COMMAND, command, "--port", "0", "--json", *more],
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(environment),
        )
        stack.callback(_end, process)
        self.processes[f"{command}-{number}"] = process.pid
        assert process.stdout is not None
        told = process.stdout.readline()
        if not told:
            raise RuntimeError(f"{command} ended: {Path(log.name).read_text()[-2_000:]}")
        return str(json.loads(told)["address"])

    def health(self) -> list[dict[str, Any]]:
        """Return what each projector tells of itself."""
        return [self._http.get(f"{one}/health").json() for one in self.projectors]

    def _shared(self) -> bool:
        parts = [len(told["partitions"]) for told in self.health()]
        return min(parts) > 0 and sum(parts) == self._partitions

    def _made(self) -> bool:
        """Tell whether the questions are shown, which is the last that is made."""
        client = self.warehouse.client("admin")
        ((found,),) = client.query(
            "SELECT count() FROM system.tables WHERE database = 'sales' AND name = 'funnel'"
        ).result_rows
        return bool(found)


def wait(what: str, reached: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something holds. Raises `TimeoutError`, naming it."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.1)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
