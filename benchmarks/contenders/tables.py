"""What every contender ends with: a typed ledger, and deals, in an embedded engine of its own.

Used by contenders that are not Salestape; needs nothing of it.
"""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import clickhouse_connect
import orjson
import pyarrow as pa

PARTITIONS = 4
BATCH = 20_000
"""Records in an insert, where a contender lets one choose: as many as Salestape takes."""

Event = Mapping[str, Any]
Deal = dict[str, Any]

LEDGER = """
CREATE TABLE ledger
(
    key String, type LowCardinality(String), time DateTime64(6, 'UTC'),
    source LowCardinality(String), id String, account String, deal String, actor String,
    data String, partition UInt32, offset UInt64
)
ENGINE = ReplacingMergeTree ORDER BY (key, deal, time, source, id, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""
DEALS = """
CREATE TABLE deals
(
    deal String, account String, stage String, status String, amount Decimal(38, 9), owner String,
    opened_at DateTime64(6, 'UTC'), events UInt64
)
ENGINE = ReplacingMergeTree(events) ORDER BY deal
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""
BYTES = """
CREATE TABLE %s (partition UInt32, offset UInt64, value String)
ENGINE = MergeTree ORDER BY (partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""
"""The table of the raw limit, under the name given."""
DIGEST = """
SELECT count(), sum(cityHash64(
    deal, account, stage, status, toString(amount), owner, toString(opened_at), events))
FROM deals FINAL
"""
"""How many deals there are, and one number of what they are."""
MOMENT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Task:
    """What a contender is asked to do."""

    servers: str
    topic: str
    count: int
    folder: Path

    @classmethod
    def given(cls) -> "Task":
        """Return the task of the command line."""
        servers, topic, count, folder = sys.argv[1:5]
        return cls(servers, topic, int(count), Path(folder))


class Stopwatch:
    """Runs from when it is made: seconds, and those of a processor that this process had of them.

    The second says what work costs, whatever else the machine does meanwhile.
    """

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Return `seconds` and `processor`."""
        began, had = self._began
        return {"seconds": time.perf_counter() - began, "processor": time.process_time() - had}


def tell(**figures: object) -> None:
    """Print what a contender found, as the one line of JSON that is read."""
    print(orjson.dumps(figures).decode(), flush=True)


class Tables:
    """Takes rows in batches; knows when it has them all, and how long that took."""

    def __init__(self, task: Task) -> None:
        self.rows = 0
        self._count = task.count
        self._watch: Stopwatch | None = None
        self._took: dict[str, float] = {}
        self._client = clickhouse_connect.get_client(
            interface="chdb", path=str(task.folder / "engine"), settings={"async_insert": "0"}
        )
        for statement in (LEDGER, DEALS):
            self._client.command(statement)

    def begin(self) -> None:
        """Begin to count the time, with the first record."""
        self._watch = self._watch or Stopwatch()

    @property
    def whole(self) -> bool:
        """True when every event is in the ledger."""
        return self.rows >= self._count

    def write(self, events: Sequence[tuple[str, int, int, Event]], deals: Iterable[Deal]) -> None:
        """Write events, each with its key, partition and offset, and deals as they are now."""
        told = [event for _, _, _, event in events]
        columns: dict[str, Any] = {
            "key": [key for key, _, _, _ in events],
            "partition": pa.array([part for _, part, _, _ in events], pa.uint32()),
            "offset": pa.array([offset for _, _, offset, _ in events], pa.uint64()),
            "time": pa.array([datetime.fromisoformat(event["time"]) for event in told], MOMENT),
            "data": [orjson.dumps(event["data"]).decode() for event in told],
        }
        for name in ("type", "source", "id"):
            columns[name] = [event[name] for event in told]
        for name in ("account", "deal", "actor"):
            columns[name] = [event.get(name, "") for event in told]
        self._client.insert_arrow("ledger", pa.table(columns))
        if states := list(deals):
            self._client.insert_arrow("deals", _deal_rows(states))
        self.rows += len(events)
        self._took = self._watch.read() if self._watch else {}

    def tell(self) -> None:
        """Print how long it took until the last write, and what the tables hold."""
        ((rows,),) = self._client.query("SELECT count() FROM ledger FINAL").result_rows
        ((deals, digest),) = self._client.query(DIGEST).result_rows
        tell(**self._took, rows=rows, deals=deals, digest=str(digest))


def byte_rows(records: Sequence[Any]) -> pa.Table:
    """Return rows of `records`, of what has a partition, an offset and a value."""
    return pa.table(
        {
            "partition": pa.array([one.partition for one in records], pa.uint32()),
            "offset": pa.array([one.offset for one in records], pa.uint64()),
            "value": pa.array([one.value for one in records], pa.binary()),
        }
    )


def _deal_rows(deals: Sequence[Deal]) -> pa.Table:
    columns: dict[str, Any] = {
        name: [deal[name] for deal in deals]
        for name in ("deal", "account", "stage", "status", "owner")
    }
    columns["amount"] = pa.array([Decimal(deal["amount"]) for deal in deals], pa.decimal128(38, 9))
    columns["opened_at"] = pa.array(
        [datetime.fromisoformat(deal["opened_at"]) for deal in deals], MOMENT
    )
    columns["events"] = pa.array([deal["events"] for deal in deals], pa.uint64())
    return pa.table(columns)


def folded(deal: Deal | None, event: Event) -> Deal:
    """Return a deal after an event about it; None is a deal that nothing was told of."""
    data = event["data"]
    if deal is None:
        deal = {
            "deal": event["deal"],
            "account": event.get("account", ""),
            "stage": "",
            "status": "open",
            "amount": "0",
            "owner": "",
            "opened_at": event["time"],
            "events": 0,
        }
    deal = deal | {"events": deal["events"] + 1}
    if event["type"] == "sales.deal.opened.v1":
        deal["owner"] = event.get("actor", "")
    deal["stage"] = data.get("stage", deal["stage"])
    deal["amount"] = data.get("amount", deal["amount"])
    if event["type"] in ("sales.deal.won.v1", "sales.deal.lost.v1"):
        deal["status"] = event["type"].split(".")[2]
    return deal
