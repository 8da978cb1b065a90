"""The public data sets, imported and derived, for questions about them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from emptied import SHIPPED, swept

from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog
from services.gateway.warehouse_ledger import WarehouseLedger
from services.importers import run
from services.projector.projector import Projector

FOLDERS = {
    "maven-crm": "maven_crm",
    "adventureworks": "adventureworks",
    "online-retail": "online_retail",
}


class Imported:
    """A platform in this process, with data sets in it."""

    def __init__(
        self, warehouse: Warehouse, folder: Path, data_sets: Path, names: Iterable[str] = FOLDERS
    ) -> None:
        swept(warehouse)
        self.data_sets = data_sets
        self.tape = open_tape(f"sqlite:///{folder / 'tape.sqlite'}")
        self.projector = Projector(self.tape, warehouse, SHIPPED)
        self.projector.prepare()
        self.intake = Intake(
            self.tape, WarehouseLedger(warehouse.client("gateway")), RejectLog(folder / "rejects")
        )
        self.importing: Client = warehouse.client("import")
        self.reading: Client = warehouse.client("read")
        for name in names:
            summary = self.run(name)
            assert summary.appended > 0
            assert summary.rejected == summary.conflicts == 0

    def run(self, name: str) -> Any:
        summary = run(name, [self.data_sets / FOLDERS[name]], self.intake, self.importing)
        self.projector.catch_up()
        assert self.projector.health().failures == {}
        return summary

    def row(self, query: str) -> tuple[Any, ...]:
        rows = self.rows(query)
        assert len(rows) == 1
        return rows[0]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        answer = self.reading.query(query)
        return [tuple(row) for row in answer.result_rows]

    def digests(self) -> dict[str, tuple[Any, ...]]:
        """Rows and a digest over all of them, for every table."""
        digest = "count(), sum(cityHash64(toString(tuple(*))))"
        tables = ("deals", "accounts", "rep_days", "quotas", "pipelines")
        return {name: self.row(f"SELECT {digest} FROM sales.{name}") for name in tables}
