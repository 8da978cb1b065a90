"""The working tables of a derive loop: in memory, made anew in every round, nobody else's.

Their names end with the worker's, so that loops side by side do not meet.
"""

from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

KINDS = ("touched", "plain", "judged", "held", "crowded", "slice")
"""What they hold; their names begin so."""

ABANDONED = f"""
SELECT arrayJoin(groupArray(name))
FROM system.tables
WHERE database = 'sales_store' AND match(name, '^({"|".join(KINDS)})_')
GROUP BY replaceRegexpOne(name, '^[a-z]+_', '') AS worker
HAVING max(metadata_modification_time) < now() - INTERVAL 1 HOUR
"""
"""The working tables of workers that made none of theirs for an hour."""


@dataclass(frozen=True, slots=True)
class WorkingTables:
    """Those of one loop."""

    client: Client
    worker: str

    def name(self, kind: str) -> str:
        """Return the full name of one."""
        return f"sales_store.{kind}_{self.worker}"

    def fill(self, kind: str, select: str) -> str:
        """Make one anew with what a statement returns; return its name."""
        name = self.name(kind)
        self.client.command(f"CREATE OR REPLACE TABLE {name} ENGINE = Memory AS {select}")
        return name

    def empty(self, kind: str) -> None:
        """Give back the memory of one before its loop makes it anew."""
        self.client.command(f"TRUNCATE TABLE {self.name(kind)}")

    def drop(self) -> None:
        """Leave nothing behind that only this loop needs."""
        for kind in KINDS:
            self.client.command(f"DROP TABLE IF EXISTS {self.name(kind)}")

    def drop_abandoned(self) -> None:
        """Drop those of workers that died. For the leader.

        One that works makes its tables again and again; where one does so after all, its round
        fails and is repeated.
        """
        for (name,) in self.client.query(ABANDONED).result_rows:
            self.client.command(f"DROP TABLE IF EXISTS sales_store.{name}")
