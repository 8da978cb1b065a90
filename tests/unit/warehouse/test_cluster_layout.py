"""The tables on a cluster: rendered from the files for one server, and read by the engine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from infra.warehouse import Layout, Warehouse, layout_of
from projections import registry
from services.projector import store

CLUSTER = Layout("sales")
FILES = {name: (store.STORE / f"{name}.sql").read_text() for name in store.TABLES} | {
    table.name: table.table_sql.replace("$table", f"IF NOT EXISTS sales_store.{table.generation}")
    for table in registry.load().tables.values()
}
TABLES = [name for name, sql in FILES.items() if "MATERIALIZED VIEW" not in sql]
RUN = Path(__file__).with_name("cluster_of_one.py")


def parsed(client: Client, sql: str) -> str:
    return str(
        client.query("SELECT formatQuery({sql:String})", parameters={"sql": sql}).result_rows
    )


@pytest.mark.parametrize("name", FILES)
def test_the_engine_reads_what_is_rendered(warehouse: Warehouse, name: str) -> None:
    for layout in (CLUSTER, Layout(), Layout(durable=False)):
        for sql in layout.table(FILES[name]):
            told = parsed(warehouse.client("admin"), sql)
            assert ("ON CLUSTER" in told) == bool(layout.cluster)


@pytest.mark.parametrize("name", TABLES)
def test_rows_that_replace_each_other_go_to_one_shard(name: str) -> None:
    held, spread = CLUSTER.table(FILES[name])
    named = re.findall(r"\w+", re.search(r"^ORDER BY (.+)$", held, re.MULTILINE)[1])
    shard = re.search(
        r"Distributed\('sales', 'sales_store', '(\w+)_local', cityHash64\((.+)\)\)", spread
    )

    assert set(re.findall(r"\w+", shard[2])) <= set(named)
    assert shard[2] == "key" or "key" not in named
    assert f"sales_store.{shard[1]}_local ON CLUSTER" in held


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_replicated_and_never_taken_for_repeats(name: str) -> None:
    held, _ = CLUSTER.table(FILES[name])
    arguments = re.search(r"ENGINE = ReplacingMergeTree\(?([^)\n]*)", FILES[name])[1]

    place = r"'/clickhouse/tables/sales/\{shard\}/sales_store/\w+', '\{replica\}'"
    ending = f", {re.escape(arguments)}" if arguments else ""
    assert re.search(rf"ENGINE = ReplicatedReplacingMergeTree\({place}{ending}\)", held)
    assert "replicated_deduplication_window = 0" in held
    assert "fsync" not in held


@pytest.mark.parametrize("name", sorted(FILES.keys() - set(TABLES)))
def test_the_second_reading_is_kept_where_the_rows_it_copies_lie(name: str) -> None:
    (view,) = CLUSTER.table(FILES[name])

    assert f"{name} ON CLUSTER 'sales' TO sales_store.events_by_day_local" in view
    assert "FROM sales_store.events_local" in view


def test_on_one_server_what_is_written_is_on_the_disk_unless_it_is_to_be_thrown_away() -> None:
    for name, sql in FILES.items():
        if name in TABLES:
            (durable,) = Layout().table(sql)
            assert "fsync_after_insert = 1, fsync_part_directory = 1" in durable
            assert durable.count("SETTINGS ") == 1
            assert Layout(durable=False).table(sql) == [sql]


def test_a_dropped_table_leaves_nothing_behind_that_its_next_one_would_meet() -> None:
    assert Layout().without_table("a.b") == ["DROP TABLE IF EXISTS a.b"]
    assert CLUSTER.without_table("a.b") == [
        "DROP TABLE IF EXISTS a.b ON CLUSTER 'sales' SYNC",
        "DROP TABLE IF EXISTS a.b_local ON CLUSTER 'sales' SYNC",
    ]


def test_a_text_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="no CREATE TABLE that can be spread"):
        CLUSTER.table("CREATE TABLE a.b (n UInt8) ENGINE = Log\nCOMMENT 'x'")


def test_a_client_knows_how_tables_lie_where_it_leads_to(warehouse: Warehouse) -> None:
    assert layout_of(warehouse.client("admin")) == Layout(durable=False)


def test_the_platform_runs_over_distributed_tables(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, RUN, tmp_path],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
