"""How tables lie: on one server, on the disk when an insert returns, or over a cluster.

The platform's DDL is written once, for one server. A `Layout` renders it for where a client leads
to; no other statement knows the difference. Rendering alone: nothing is run here.

On a cluster the rows of a table `x` lie in `x_local`, replicated within each shard, and `x` is the
`Distributed` table over those, so that every statement reads and writes `x` as on one server. Rows
go to a shard by `key` where that is among the columns that name a row, else by all of those: what
names a row must decide its shard, since a shard judges superseded rows among its own.
"""

import re
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from clickhouse_connect.driver.client import Client

_TABLE = re.compile(r"\bCREATE TABLE (?P<missing>IF NOT EXISTS )?(?P<name>[\w.]+)")
_ENGINE = re.compile(r"\bENGINE\s*=\s*ReplacingMergeTree(?:\((?P<arguments>[^)]*)\))?")
_ORDER = re.compile(r"\bORDER BY\s+(?:\((?P<several>.*)\)|(?P<one>\w+))\s*$", re.MULTILINE)
_SETTINGS = re.compile(r"^SETTINGS ", re.MULTILINE)
_VIEW = re.compile(
    r"\bCREATE MATERIALIZED VIEW (?P<missing>IF NOT EXISTS )?(?P<name>[\w.]+)"
    r" TO (?P<target>[\w.]+)(?P<rest>.*\bFROM )(?P<source>[\w.]+)",
    re.DOTALL,
)
_KEY = "key"

# The engine's own guard against repeated inserts would drop a block that was written before a crash
# and is sent once more, and with it what a materialized view still has to make of it.
_REPEATS = "replicated_deduplication_window = 0"
_FSYNC = "fsync_after_insert = 1, fsync_part_directory = 1"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where tables lie and what an insert into them promises."""

    cluster: str = ""
    """The cluster to spread them over; empty for one server."""
    durable: bool = True
    """On one server: whether an insert returns when it is on the disk. What a cluster has is on a
    majority of a shard's replicas, and need not be."""

    @property
    def everywhere(self) -> str:
        """What stands behind a name in DDL, so that all servers do it: `` ON CLUSTER 'sales'``."""
        return f" ON CLUSTER '{self.cluster}'" if self.cluster else ""

    def holder(self, table: str) -> str:
        """Return the table that holds the rows, for statements that `Distributed` does not take."""
        return f"{table}_local" if self.cluster else table

    def database(self, name: str) -> str:
        """Return the statement that makes a database where it is missing."""
        return f"CREATE DATABASE IF NOT EXISTS {name}{self.everywhere} ENGINE = Atomic"

    def table(self, sql: str) -> list[str]:
        """Return the statements that make what a text makes: a table or a materialized view.

        The text is for one server: ``CREATE TABLE [IF NOT EXISTS] database.name``, then
        ``ENGINE = ReplacingMergeTree``, ``ORDER BY`` at the end of a line, ``COMMENT`` last.
        Raises `ValueError` for one that has another form.
        """
        if "CREATE MATERIALIZED VIEW" in sql:
            return [self._view(sql)]
        if not self.cluster:
            return [_with_settings(sql, _FSYNC) if self.durable else sql]
        made, engine, order = _TABLE.search(sql), _ENGINE.search(sql), _ORDER.search(sql)
        if made is None or engine is None or order is None:
            raise ValueError(f"no CREATE TABLE that can be spread over a cluster: {sql[:200]}")
        name, missing = made["name"], made["missing"] or ""
        held = _TABLE.sub(f"CREATE TABLE {missing}{self.holder(name)}{self.everywhere}", sql, 1)
        held = _ENGINE.sub(lambda _: self._replicated(name, engine["arguments"]), held, 1)
        spread = (
            f"CREATE TABLE {missing}{name}{self.everywhere} AS {self.holder(name)}\n"
            f"ENGINE = Distributed('{self.cluster}', '{name.partition('.')[0]}', "
            f"'{self.holder(name).partition('.')[2]}', {_shard_of(order)})"
            f"{_comment_of(sql)}"
        )
        return [_with_settings(held, _REPEATS), spread]

    def column(self, table: str, definition: str) -> list[str]:
        """Return the statements that add a column to a table that is older than it."""
        names = [self.holder(table), table] if self.cluster else [table]
        return [
            f"ALTER TABLE {one}{self.everywhere} ADD COLUMN IF NOT EXISTS {definition}"
            for one in names
        ]

    def without_table(self, name: str) -> list[str]:
        """Return the statements that drop a table with all it holds."""
        names = [name, self.holder(name)] if self.cluster else [name]
        # What a dropped table had in Keeper must be gone before one of the same name is made.
        ending = " SYNC" if self.cluster else ""
        return [f"DROP TABLE IF EXISTS {one}{self.everywhere}{ending}" for one in names]

    def _replicated(self, name: str, arguments: str | None) -> str:
        place = f"/clickhouse/tables/{self.cluster}/{{shard}}/{name.replace('.', '/')}"
        listed = ", ".join(filter(None, (f"'{place}'", "'{replica}'", arguments)))
        return f"ENGINE = ReplicatedReplacingMergeTree({listed})"

    def _view(self, sql: str) -> str:
        if not self.cluster:
            return sql
        found = _VIEW.search(sql)
        if found is None:
            raise ValueError(f"no CREATE MATERIALIZED VIEW … TO … AS SELECT … FROM: {sql[:200]}")
        # Fed and kept on each server by itself: its rows lie in the shard of those it copies.
        return (
            sql[: found.start()]
            + f"CREATE MATERIALIZED VIEW {found['missing'] or ''}{found['name']}{self.everywhere} "
            f"TO {self.holder(found['target'])}{found['rest']}{self.holder(found['source'])}"
            + sql[found.end() :]
        )


def _with_settings(sql: str, settings: str) -> str:
    """Return a CREATE TABLE with settings beside those it has."""
    if "MergeTree" not in sql:
        return sql
    sql, _, comment = sql.rstrip().rpartition("\nCOMMENT ")
    joined = ", " if _SETTINGS.search(sql) else "\nSETTINGS "
    return f"{sql}{joined}{settings}\nCOMMENT {comment}"


def _comment_of(sql: str) -> str:
    _, found, comment = sql.rstrip().rpartition("\nCOMMENT ")
    return f"\nCOMMENT {comment}" if found else ""


def _shard_of(order: re.Match[str]) -> str:
    columns = [order["one"]] if order["one"] else _listed(order["several"])
    return f"cityHash64({_KEY})" if _KEY in columns else f"cityHash64({', '.join(columns)})"


def _listed(text: str) -> list[str]:
    """Return the expressions of a list, which may have commas of their own inside parentheses."""
    parts = re.findall(r"(?:[^,()]|\([^()]*\))+", text)
    return [part.strip() for part in parts]


_LAYOUTS: WeakKeyDictionary[Client, Layout] = WeakKeyDictionary()


def lay_out(client: Client, layout: Layout) -> Client:
    """Say how tables lie where a client leads to, and return it."""
    _LAYOUTS[client] = layout
    return client


def layout_of(client: Client) -> Layout:
    """Return how tables lie where a client leads to; on one durable server unless it was said."""
    return _LAYOUTS.get(client, Layout())
