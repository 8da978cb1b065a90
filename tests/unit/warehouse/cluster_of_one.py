"""Runs the platform over `Distributed` tables in one engine: `cluster_of_one.py FOLDER`.

Ends with 0 where tables and questions answer as on one server. Every shard is this engine. In the
cluster `one` answers must be the same; in `pair` each row is met twice, so that the engine treats
statements as for many shards, and what does not sum over rows must be the same. It asks every
table, and questions that have every kind of clause in them that any has. It leaves out: a second
machine, Keeper (rows are not replicated), and ON CLUSTER, which needs it.
"""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

import events.examples
from infra.tape.opening import open_tape
from infra.warehouse import Layout, Role, Warehouse
from infra.warehouse.contract import SESSION_SETTINGS
from infra.warehouse.layout import lay_out
from infra.warehouse.server import CLUSTERED
from projections import registry
from projections.registry import Definitions
from services.projector import store
from services.projector.projector import Projector
from services.projector.soundness import restore_watermark
from services.projector.trial_events import example_entries

SHARD = """<shard><internal_replication>true</internal_replication>
<replica><host>127.0.0.1</host><port>9000</port></replica></shard>"""
CONFIG = """<clickhouse><tcp_port>9000</tcp_port>
<remote_servers><one>{shard}</one><pair>{shard}{shard}</pair></remote_servers></clickhouse>"""
REPLICATED = re.compile(r"Replicated(ReplacingMergeTree)\('[^']*', '[^']*'(?:, )?([^)]*)\)")
FAR = "2100-01-01"
AS_OF = ("deals", "rep_days")
"""One table of each reading, to be asked as of two clocks as well."""
MET_TWICE = (
    "churn_signals",
    "deal_history",
    "reorders",
    "rfm_segments",
    "stale_deals",
    "teams",
)
"""What is asked in `pair`: questions that do not sum over rows, to whom two of each are as one."""
CLAUSE = re.compile(r"\b(?:[A-Z]+ )*JOIN\b|\bNOT IN\b|\b[A-Z]{2,}\b")
LITERAL = re.compile(r"--.*|'[^']*'")
SUMS = frozenset({"accounts", "pipelines", "rep_days", "signals"})
"""The tables that do sum."""


class OneEngine(Warehouse):
    """Takes the engine for a server of a cluster."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        super().__init__(f"chdb://{folder / 'engine'}")
        self._config = folder / "config.xml"
        self.layout = layout

    def _open(self, role: Role) -> Client:
        settings = dict(SESSION_SETTINGS)
        if self.layout.cluster:
            settings |= {n: v for n, v in CLUSTERED.items() if "quorum" not in n}
        client = clickhouse_connect.get_client(
            interface="chdb",
            path=self._path,
            settings=settings,
            chdb_options={"config-file": str(self._config)},
        )
        command = client.command

        def without_keeper(sql: str, *arguments: Any, **named: Any) -> Any:
            sql = REPLICATED.sub(r"\1(\2)", sql.replace(self.layout.everywhere or "\0", ""))
            return command(sql, *arguments, **named)

        client.command = without_keeper
        return lay_out(client, self.layout)


def answers(folder: Path, layout: Layout, definitions: Definitions) -> dict[str, list[str]]:
    with OneEngine(folder, layout) as warehouse:
        client = warehouse.client("admin")
        for database in ("sales", "sales_store"):
            client.command(f"DROP DATABASE IF EXISTS {database} SYNC")
        tape = open_tape(f"sqlite://{folder / 'tape.sqlite'}")
        if not any(tape.ends().values()):
            paths = Path(events.examples.__file__).parent.glob("*.json")
            tape.append(example_entries({path: path.read_bytes() for path in paths})[0])
        projector = Projector(tape, warehouse, definitions)
        projector.prepare()
        projector.catch_up()
        if layout.cluster:
            projector.rebuild(["deals"])
            projector.catch_up()
        assert projector.health().failures == {}, projector.health().failures
        assert restore_watermark(client) == {}
        store.empty(client, "appended")
        assert store.watermark(client) == {}
        found = {}
        asked_at = [f"{name}_at(as_of = '{FAR}', known_at = '{FAR}')" for name in AS_OF]
        for asked in (*sorted(definitions.readable), *asked_at):
            rows = client.query(f"SELECT DISTINCT * FROM sales.{asked}").result_rows
            found[asked] = sorted(map(repr, rows))
        tape.close()
        return found


def clauses(sql: str) -> set[str]:
    """Return the kinds of clauses in a query, as `LEFT JOIN`."""
    return set(CLAUSE.findall(LITERAL.sub("", sql)))


def of_each_kind(every: Definitions) -> Definitions:
    """Leave questions out as long as another has the same kinds of clauses and reads the same."""
    has = {
        n: clauses(q.sql) | words(q.sql) & every.tables.keys() for n, q in every.questions.items()
    }
    reads = {n: words(q.sql) & every.questions.keys() - {n} for n, q in every.questions.items()}
    missing, left = set().union(*has.values()), set(MET_TWICE)
    while True:
        while more := set().union(*(reads[name] for name in left)) - left:
            left |= more
        missing -= set().union(*(has[name] for name in left))
        if not missing:
            chosen = {name: asked for name, asked in every.questions.items() if name in left}
            return replace(every, questions=chosen)  # in their order, since one reads another
        left.add(max(sorted(has), key=lambda name: (len(has[name] & missing), -len(reads[name]))))


def words(sql: str) -> set[str]:
    return set(re.findall(r"\w+", sql))


def main() -> int:
    folder = Path(sys.argv[1])
    (folder / "config.xml").write_text(CONFIG.format(shard=SHARD))
    every = registry.load()
    kinds = of_each_kind(every)
    few = replace(every, questions={name: every.questions[name] for name in MET_TWICE})
    alone = answers(folder, Layout(durable=False), kinds)
    one, pair = answers(folder, Layout("one"), kinds), answers(folder, Layout("pair"), few)
    differing = {f"one: {name}" for name in alone if alone[name] != one[name]}
    differing |= {
        f"pair: {name}" for name in pair if alone[name] != pair[name] and name not in SUMS
    }
    empty = {name for name in ("deals", "events", "funnel", "rep_days") if not alone[name]}
    sys.stdout.write(f"differing: {sorted(differing)}, empty: {sorted(empty)}\n")
    return 1 if differing or empty else 0


if __name__ == "__main__":
    sys.exit(main())
