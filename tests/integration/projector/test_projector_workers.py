"""Workers that share a tape on Kafka, as processes: killed, added, stopped, compared with one."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import cached_property
from itertools import islice, product
from pathlib import Path
from typing import Any

import clickhouse_connect
import forking
import httpx
import orjson
import pytest
from clickhouse_connect.driver.client import Client
from few_questions import tables_with
from forking import Forked
from loopback import HTTP
from projected_floor import home_in
from waiting import wait_until

from infra import clock
from infra.settings import KafkaSettings
from infra.tape import Entry
from infra.tape.kafka import KafkaTape
from infra.tape.kafka_dead_letters import KafkaDeadLetters
from infra.warehouse import Warehouse
from services.projector import generations, store
from services.projector.projector import Projector
from services.simulator.config import FloorConfig
from services.simulator.floor import simulate

KEY = "a-key-for-those-who-write"
ASKED = ("deal_history", "funnel", "memberships", "win_rate")
"""Questions on several tables that answer alike as time goes by."""
FEW = (
    "teams",
    "account_segments",
    "memberships",
    "deal_sources",
    "deal_history",
    "funnel",
    "win_rate",
)
"""Those, and what they read, in an order in which their views can be made."""
WITH_FEW = f"""
import few_questions
from projections import registry
few = few_questions.tables_with(*{FEW})
registry.load = lambda *folders, **options: few
from services.cli.main import app
app()
"""
"""The command with those few: each worker that leads makes the views, of all for seconds."""
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("SALESTAPE_")}
SECONDS = 180
DEFINITIONS = tables_with(*FEW)
ALIKE = sorted({*DEFINITIONS.tables, "events", *ASKED})
COUNT = 3_000


class Process:
    """A command of the platform that says in one line of JSON where it is, once it is asked."""

    def __init__(self, *arguments: str, **settings: str) -> None:
        arguments = (*arguments, "--port", "0", "--json")
        self.process = Forked(WITH_FEW, arguments, ENVIRONMENT | settings)

    @cached_property
    def address(self) -> httpx.URL:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        return httpx.URL(json.loads(line)["address"])

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=SECONDS)
        return self.process.wait()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()  # which also closes the pipes

    def health(self) -> dict[str, Any]:
        told: dict[str, Any] = HTTP.get(self.address.join("/health")).json()
        return told


def entries() -> list[Entry]:
    """A floor's events, with repeats, conflicts, retractions and records that are no events."""
    floor = FloorConfig(accounts=250, days=60)
    found = [Entry(home_in(raw), raw) for raw in islice(simulate(floor), COUNT)]
    strange = [Entry(found[n].key, strange_one(n, found[n].value)) for n in range(0, COUNT, 40)]
    half = len(strange) // 2  # some lie before what they are about, some after
    return found[: COUNT // 2] + strange[half:] + found[COUNT // 2 :] + strange[:half]


def strange_one(number: int, raw: bytes) -> bytes:
    """A repeat of an event, a conflict with it, a retraction of it, or no event."""
    event = orjson.loads(raw)
    common = ("specversion", "source", "account", "deal", "actor", "time")
    retraction = {key: event[key] for key in common if key in event} | {
        "id": f"retracts-{event['id']}",
        "type": "sales.event.retracted.v1",
        "data": {
            "target_source": event["source"],
            "target_id": event["id"],
            "target_type": event["type"],
            "target_time": event["time"],
        },
    }
    conflict = event | {"time": "2024-01-01T00:00:00Z"}
    return orjson.dumps((event, conflict, retraction, {"no": "event"})[number // 40 % 4])


@pytest.fixture
def tape(kafka: str) -> Iterator[KafkaTape]:
    settings = KafkaSettings(partitions=4)
    with closing(KafkaTape([kafka], f"test.{clock.new_id()}", settings)) as opened:
        yield opened


def answers(client: Client) -> dict[str, list[str]]:
    return {
        name: sorted(map(repr, client.query(f"SELECT * FROM sales.{name}").result_rows))
        for name in ALIKE
    }


def caught_up(workers: list[Process], ends: dict[int, int]) -> bool:
    told = [worker.health() for worker in workers]
    positions = {one["partition"]: one["position"] for each in told for one in each["partitions"]}
    behind = {
        (one["table"], one["partition"]): one["lag"] for each in told for one in each["tables"]
    }
    expected = dict.fromkeys(product(DEFINITIONS.tables, ends), 0)
    return positions == ends and behind == expected


def test_workers_that_are_killed_and_added_derive_what_one_would(
    kafka: str, tape: KafkaTape, tmp_path: Path, empty_warehouse: Warehouse
) -> None:
    left = entries()
    with ExitStack() as stack:
        served = stack.enter_context(
            Process("warehouse", "--data", str(tmp_path), SALESTAPE_WAREHOUSE_WRITER_KEY=KEY)
        )
        place = f"{served.address.host}:{served.address.port}"

        def worker() -> Process:
            return stack.enter_context(
                Process(
                    "projector",
                    SALESTAPE_TAPE=f"kafka://{kafka}/{tape.topic}",
                    SALESTAPE_WAREHOUSE=f"clickhouse://writer:{KEY}@{place}",
                    SALESTAPE_PROJECTOR_SESSION_SECONDS="6",
                    SALESTAPE_PROJECTOR_BATCH_SIZE="300",
                )
            )

        workers = [worker(), worker()]
        client = stack.enter_context(
            clickhouse_connect.get_client(
                host=served.address.host,
                port=served.address.port,
                username="writer",
                password=KEY,
            )
        )
        tape.append(left[:1000])
        wait_until(lambda: any(each.health()["leader"] for each in workers), SECONDS)
        wait_until(lambda: bool(store.watermark(client)), SECONDS)
        tape.append(left[1000:2000])
        leader = next(each for each in workers if each.health()["leader"])
        leader.end(signal.SIGKILL)
        workers.remove(leader)
        workers.append(worker())
        tape.append(left[2000:])
        # Somebody elsewhere begins a rebuild, which the workers notice.
        deals = DEFINITIONS.tables["deals"]
        anew = generations.next_generation(deals, generations.stored(client))
        generations.create(client, deals, anew)

        ends = tape.ends()
        wait_until(lambda: caught_up(workers, ends), SECONDS)
        wait_until(lambda: generations.shown(client, ["deals"]) == {"deals": anew}, SECONDS)

        positions = "SELECT count(), uniqExact(partition, offset) FROM sales_store.tape FINAL"
        assert client.query(positions).result_rows == [(len(left), len(left))]
        bad = client.query("SELECT partition, offset FROM sales_store.tape FINAL WHERE valid = 0")
        with closing(KafkaDeadLetters([kafka], tape.topic)) as letters:
            places = {tuple(notice.place) for notice in letters.notices()}
        assert places == {tuple(row) for row in bad.result_rows}
        assert len(places) == len(range(3, COUNT // 40, 4))
        told = [each.health() for each in workers]
        assert {one["status"] for one in told} == {"ok"}, [one["failing"] for one in told]
        assert sum(one["leader"] for one in told) == 1
        metrics = HTTP.get(workers[0].address.join("/metrics")).text
        assert "salestape_projector_up 1" in metrics
        assert 'salestape_append_lag_records{partition="' in metrics

        one = Projector(tape, empty_warehouse, DEFINITIONS)
        one.prepare()
        one.catch_up()
        expected = answers(empty_warehouse.client("read"))
        assert len(expected["deals"]) > 10
        assert len(expected["conflicts"]) > 0
        assert answers(client) == expected

        for each in workers:
            each.process.send_signal(signal.SIGTERM)
        assert [each.process.wait(SECONDS) for each in workers] == [0, 0]
        kinds = "touched|plain|judged|held|crowded|slice"
        working = f"SELECT name FROM system.tables WHERE match(name, '^({kinds})_')"
        names = {name for (name,) in client.query(working).result_rows}
        assert len({name.partition("_")[2] for name in names}) <= 1, "only of the one killed"


def test_what_it_cannot_share_is_refused(tmp_path: Path) -> None:
    for settings, told in (
        ({"SALESTAPE_TAPE": f"sqlite://{tmp_path}/tape.sqlite"}, "SALESTAPE_TAPE=kafka://"),
        (
            {
                "SALESTAPE_TAPE": "kafka://127.0.0.1:1",
                "SALESTAPE_WAREHOUSE": f"chdb://{tmp_path}/warehouse",
            },
            "SALESTAPE_WAREHOUSE=clickhouse://",
        ),
    ):
        done = forking.run(WITH_FEW, ["projector"], ENVIRONMENT | settings, timeout=SECONDS)
        assert done.returncode == 2
        assert told in done.stderr
