"""The dashboards: their statements run, their metrics are told, their sources are there."""

import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml
from clickhouse_connect.driver.client import Client
from emptied import SHIPPED, swept

import events.examples
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.cli import metrics, projecting
from services.projector.projector import Projector
from services.projector.trial_events import example_entries

GRAFANA = Path(__file__).resolve().parents[3] / "infra" / "deploy" / "grafana"
BOARDS = {
    path.stem: json.loads(path.read_text()) for path in (GRAFANA / "dashboards").glob("*.json")
}
PANELS: list[tuple[str, dict[str, Any]]] = [
    (f"{name}: {panel['title']}", panel)
    for name, board in BOARDS.items()
    for panel in board["panels"]
]
STATEMENTS = {
    where: target["rawSql"]
    for where, panel in PANELS
    for target in panel["targets"]
    if "rawSql" in target
}
EXPRESSIONS = {
    where: target["expr"]
    for where, panel in PANELS
    for target in panel["targets"]
    if "expr" in target
}
OF_THE_SERVER = re.compile(r"ClickHouse(Metrics|ProfileEvents|AsyncMetrics)_\w+")
STATE = {
    "status": "running",
    "rejected": 0,
    "tape": {"ends": {"0": 1}},
    "warehouse": {"watermark": {"0": 1}, "lag": 0},
    "tables": [],
    "failing": [],
    "trouble": {},
}
STANDING = {
    "status": "running",
    "leader": True,
    "rejected": 0,
    "partitions": [],
    "tables": [],
    "failing": {},
    "trouble": {},
}


@pytest.fixture(scope="module")
def client(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Client, None, None]:
    """The engine with every example event in it."""
    opened = swept(warehouse).client("admin")
    tape = open_tape(f"sqlite://{tmp_path_factory.mktemp('boards') / 'tape.sqlite'}")
    folder = Path(events.examples.__file__).parent
    entries, _ = example_entries({path: path.read_bytes() for path in folder.glob("*.json")})
    tape.append(entries)
    projector = Projector(tape, warehouse, SHIPPED)
    projector.prepare()
    projector.catch_up()
    yield opened
    tape.close()


def as_grafana_sends(sql: str) -> str:
    """Return a statement with the macros of Grafana's data source replaced as it does."""
    return re.sub(
        r"\$__(?:timeFilter|dateFilter)\((\w+)\)", r"\1 >= '2000-01-01' AND \1 <= '2100-01-01'", sql
    )


@pytest.mark.parametrize("where", STATEMENTS)
def test_a_statement_runs(client: Client, where: str) -> None:
    sql = as_grafana_sends(STATEMENTS[where])

    assert "$__" not in sql
    assert "FINAL" not in sql
    assert set(re.findall(r"(?:FROM|JOIN) (\w+)\.", sql)) == {"sales"}
    assert client.query_arrow(sql).column_names


def test_metrics_are_ones_that_the_platform_tells() -> None:
    told = metrics.exposition(STATE, {}, {}, 0) + projecting.exposition(STANDING)
    known = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))

    for where, expression in EXPRESSIONS.items():
        asked = set(re.findall(r"\b(?:salestape|ClickHouse)\w+", expression))
        assert asked, where
        ours = {name for name in asked if not OF_THE_SERVER.fullmatch(name)}
        assert ours <= known, where


def test_panels_say_what_they_show_and_ask_sources_that_are_provisioned() -> None:
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/salestape.yml").read_text())
    provisioned = {(one["type"], one["uid"]) for one in sources["datasources"]}

    for where, panel in PANELS:
        assert panel["description"], where
        for one in (panel, *panel["targets"]):
            assert (one["datasource"]["type"], one["datasource"]["uid"]) in provisioned, where


def test_a_dashboard_can_be_told_from_the_others() -> None:
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS) == 2
    for board in BOARDS.values():
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
