"""Runs the platform over `Distributed` tables in one engine: `cluster_of_one.py FOLDER`.

Ends with 0 where tables and questions answer as on one server. Every shard is this engine. In the
cluster `one` answers must be the same; in `pair` each row is met twice, so that the engine treats
statements as for many shards, and what does not sum over rows must be the same. It leaves out: a
second machine, Keeper (rows are not replicated), and ON CLUSTER, which needs it.
"""

import re
import sys
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
SUMS = frozenset(
    {
        "accounts",
        "budget_use",
        "campaign_return",
        "churn_rule_quality",
        "concentration",
        "conversion",
        "cost_of_customers",
        "cost_per_sale",
        "funnel",
        "hand_off_results",
        "hand_offs",
        "lead_comparisons",
        "lead_conversion",
        "lead_response",
        "leads",
        "leaks",
        "pipelines",
        "quota_attainment",
        "referral_revenue",
        "rep_days",
        "repeat_purchases",
        "retention_cohorts",
        "sales_cycle",
        "satisfaction_trend",
        "signals",
        "slippage",
        "time_in_stage",
        "unready_leads",
        "velocity",
        "waterfall",
        "win_rate",
    }
)
"""What sums over rows, and so counts a row twice that is met twice."""


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


def answers(folder: Path, layout: Layout) -> dict[str, list[str]]:
    definitions = registry.load()
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


def main() -> int:
    folder = Path(sys.argv[1])
    (folder / "config.xml").write_text(CONFIG.format(shard=SHARD))
    alone = answers(folder, Layout(durable=False))
    one, pair = answers(folder, Layout("one")), answers(folder, Layout("pair"))
    differing = {f"one: {name}" for name in alone if alone[name] != one[name]}
    differing |= {
        f"pair: {name}" for name in alone if alone[name] != pair[name] and name not in SUMS
    }
    empty = {name for name in ("deals", "events", "funnel", "rep_days") if not alone[name]}
    sys.stdout.write(f"differing: {sorted(differing)}, empty: {sorted(empty)}\n")
    return 1 if differing or empty else 0


if __name__ == "__main__":
    sys.exit(main())
