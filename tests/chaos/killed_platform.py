"""A platform in a process of its own, killed and started again while it is posted and imported to.

Everything runs on loopback and stops by itself; only processes started here are ended, by their id.
"""

import json
import os
import random
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import forking
import httpx
import planted
from forking import Forked
from loopback import HTTP, free_port

KILLS = int(os.environ.get("SALESTAPE_KILLS", "2"))
LONG = KILLS > 10
ENVIRONMENT = {
    **os.environ,
    "SALESTAPE_GATEWAY_RATE": "1000000",
    "FEW_QUESTIONS": "" if LONG else "1",
}
FOLDER_IN_USE = 3
PATIENCE = 300.0
"""Seconds that a start or an end may take on a slow machine before it counts as failed."""


def run(data: Path, *arguments: str) -> "subprocess.CompletedProcess[Any]":
    """Run a command on a data folder."""
    arguments = (*arguments, "--data", str(data))
    return forking.run(planted.program(), arguments, ENVIRONMENT, timeout=PATIENCE * 3)


def rows(data: Path, query: str) -> list[dict[str, Any]]:
    asked = run(data, "sql", "--json", query)
    assert asked.returncode == 0, asked
    found: list[dict[str, Any]] = json.loads(asked.stdout)
    return found


@dataclass
class Platform:
    """`salestape up` as a process."""

    data: Path
    port: int = field(default_factory=free_port)
    process: Forked | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, again while a command that opened the folder in the meantime still has it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._start()
            if self._healthy(deadline):
                return
        raise AssertionError("the platform did not become healthy")

    def _start(self) -> None:
        with (self.data.parent / "up.log").open("ab") as log:
            where = ["--port", str(self.port), "--data", str(self.data)]
            self.process = Forked(
                planted.program(),
                ["up", "--no-simulate", *where],
                ENVIRONMENT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _healthy(self, deadline: float) -> bool:
        """Wait until it is healthy; False where it ended because the folder is in use."""
        assert self.process is not None
        while time.monotonic() < deadline:
            if (code := self.process.poll()) is not None:
                told = (self.data.parent / "up.log").read_text()[-2_000:]
                assert code == FOLDER_IN_USE, f"the platform ended with {code}: {told}"
                return False
            try:
                if HTTP.get(f"{self.address}/health", timeout=5).status_code == 200:
                    return True
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        return False

    def kill(self) -> None:
        """End it at once, with nothing put in order."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as a user would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0


@dataclass
class Poster:
    """Posts batches until told to stop, each again until it is answered."""

    address: str
    seed: int
    batch: int = 25
    between: float = 0.0
    """Seconds between an answer and the next batch: the short form leaves others the machine."""
    acknowledged: set[str] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _going: threading.Event = field(default_factory=threading.Event)
    _still: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._going.set()
        self._thread = threading.Thread(target=self._post_forever)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the batch under way is answered."""
        self._stop.set()
        assert self._thread is not None
        self._thread.join()

    def pause(self) -> None:
        """Hold on after the batch under way is answered."""
        self._going.clear()
        assert self._still.wait(PATIENCE * 2), "a batch was not answered in time"

    def go_on(self) -> None:
        self._still.clear()
        self._going.set()

    def _post_forever(self) -> None:
        draw = random.Random(self.seed)
        number = 0
        while not self._stop.is_set():
            if not self._going.is_set():
                self._still.set()
                self._going.wait(0.05)
                continue
            events = [self._event(draw, number + place) for place in range(self.batch)]
            number += self.batch
            self._post_until_answered(events)
            self._stop.wait(self.between)

    def _post_until_answered(self, events: list[dict[str, Any]]) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = HTTP.post(
                    f"{self.address}/events",
                    content=json.dumps(events),
                    headers={"content-type": "application/cloudevents-batch+json"},
                    timeout=30,
                )
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code in (200, 207):
                told = answer.json()["outcomes"]
                self.trouble += [str(one) for one in told if one["status"] == "rejected"]
                self._note(events)
                return
            if answer.status_code not in (429, 503):
                self.trouble.append(f"{answer.status_code}: {answer.text[:500]}")
                return
            time.sleep(0.05)
        self.trouble.append("a batch was not answered in time")

    def _note(self, events: list[dict[str, Any]]) -> None:
        self.acknowledged |= {event["id"] for event in events}

    def _event(self, draw: random.Random, number: int) -> dict[str, Any]:
        account = f"acct-{draw.randrange(40)}"
        envelope = {
            "specversion": "1.0",
            "id": f"{self.seed}-{number}",
            "source": "poster",
            "time": f"2025-{1 + draw.randrange(12):02d}-{1 + draw.randrange(28):02d}T10:00:00Z",
            "sequence": number,
            "account": account,
            "actor": f"rep-{draw.randrange(5)}",
        }
        deal = {"deal": f"{account}/{draw.randrange(10)}"}
        kinds: list[dict[str, Any]] = [
            {"type": "sales.call.made.v1", "data": {"direction": "outbound"}},
            {"type": "sales.purchase.made.v1", "data": {"amount": "9.99", "currency": "EUR"}},
            deal | {"type": "sales.deal.opened.v1", "data": {"pipeline": "main", "stage": "a"}},
            deal | {"type": "sales.deal.stage_changed.v1", "data": {"stage": "b"}},
            deal | {"type": "sales.deal.won.v1", "data": {"amount": "50", "currency": "EUR"}},
        ]
        return envelope | draw.choice(kinds)


def write_importer(folder: Path, count: int) -> tuple[Path, Path]:
    """Write an importer and a file of `count` rows for it; return both paths."""
    importer, export = folder / "ledger-import", folder / "orders.csv"
    importer.mkdir()
    (importer / "about.toml").write_text(
        'name = "orders"\ndescription = "Orders."\nsource = "orders"\n'
        '[inputs.orders]\nfiles = "orders*.csv"\ncolumns = ["number", "day", "customer", "total"]\n'
    )
    (importer / "10_purchases.sql").write_text(
        "SELECT 'sales.purchase.made.v1' AS type, 'order/' || number AS id, "
        "toDateTime(day, 'UTC') AS time, customer AS account, total AS amount, "
        "'EUR' AS currency FROM orders\n"
    )
    lines = [f"{n},2025-03-{1 + n % 28:02d},acct-{n % 60},{n % 90}.50" for n in range(count)]
    export.write_text("number,day,customer,total\n" + "\n".join(lines) + "\n")
    return importer, export
