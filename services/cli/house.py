"""What one process has of a tape and a warehouse, and what works on them, in the two sizes.

An `EmbeddedHouse` has a data folder for itself and derives; a `ClusterHouse` works on a tape and a
server beside other processes, of which the projectors derive. What commands and `salestape up` or
`gateway` do with either is theirs.
"""

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from pathlib import Path

from infra.closing import Closing
from infra.lock import DataLock
from infra.reading.limits import Limits
from infra.settings import (
    DataSettings,
    ProjectorSettings,
    QuerySettings,
    load,
)
from infra.tape.opening import open_dead_letters, open_tape
from infra.urls import shown_url
from infra.warehouse import Warehouse
from services.cli.definitions import load_definitions
from services.cli.failures import Misused
from services.cli.following import Following
from services.cli.urls import held_by_one
from services.gateway.counters import Counters
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog
from services.gateway.warehouse_ledger import WarehouseLedger
from services.projector.deployment import Deployment
from services.projector.projector import Health, Projector
from services.query.reader import Reader


class House(Closing):
    """An opened tape and warehouse. Use it as a context manager, or `close` it."""

    def __init__(self, data: DataSettings, lock: DataLock | None) -> None:
        """Open both; `lock` is the data folder's, where this process has it, and becomes ours.

        Raises `TapeError`, `WarehouseError` or `DefinitionError`.
        """
        self.settings = data
        self.folder = data.data
        self.lock = lock
        with ExitStack() as stack:
            if lock is not None:
                stack.enter_context(lock)
            query = load(QuerySettings)
            self.definitions = load_definitions()
            self.tape = open_tape(data.tape)
            stack.callback(self.tape.close)
            self.warehouse = stack.enter_context(Warehouse(data.warehouse))
            limits = Limits(query.max_seconds, query.max_memory_bytes, query.max_rows)
            self.reader = stack.enter_context(Reader(self.warehouse, limits, self.definitions))
            self._prepare(stack)
            self._opened = stack.pop_all()
        self.rejects = RejectLog(self.folder / "rejects")
        self.counters = Counters()

    @abstractmethod
    def _prepare(self, stack: ExitStack) -> None:
        """Open what this size has besides; `stack` closes it."""

    @abstractmethod
    def health(self) -> Health:
        """Return how far the warehouse has followed the tape, and what does not work."""

    @abstractmethod
    def rebuild(self, names: Sequence[str]) -> None:
        """Have derived tables built anew beside the old ones, which serve until then."""

    @property
    @abstractmethod
    def rejected(self) -> int | None:
        """How many records were found to be no events; None where another process counts them."""

    @property
    @abstractmethod
    def last_derived_at(self) -> datetime | None:
        """When a table was derived last; None where it never was or another process knows."""

    @cached_property
    def intake(self) -> Intake:
        """The sink that writes to the tape."""
        ledger = WarehouseLedger(self.warehouse.client("gateway"))
        return Intake(self.tape, ledger, self.rejects, counters=self.counters)

    def tables_named(self, names: Sequence[str]) -> list[str]:
        """Return the derived tables named, all where none is. Raises `Misused` for another."""
        known = self.definitions.tables
        for name in names:
            if name not in known:
                raise Misused(f"there is no derived table {name!r}; there are {', '.join(known)}")
        return list(dict.fromkeys(names)) or list(known)

    def close(self) -> None:
        """Close everything and give the folder back. Closing twice is allowed."""
        self._opened.close()


class EmbeddedHouse(House):
    """A data folder that this process has for itself, with the projector that derives in it."""

    projector: Projector

    def __init__(self, folder: Path, command: str) -> None:
        """Take the folder and open everything; `command` is what others are told who has it.

        Raises what `House` raises, `FolderInUse` or `FolderError`; `Misused` where tape and
        warehouse are both shared: then projectors derive, each what the others leave to it.
        """
        data = load(DataSettings, data=folder)
        if held_by_one(data.tape, data.warehouse) is None:
            raise Misused(
                f"`salestape {command}` does everything in one process, and "
                f"{shown_url(data.tape)} and {shown_url(data.warehouse)} are for many: run "
                "`salestape gateway`, `salestape projector` and `salestape console`"
            )
        super().__init__(data, DataLock.acquire(data.data, command))

    def _prepare(self, stack: ExitStack) -> None:
        settings = load(ProjectorSettings)
        letters = open_dead_letters(self.settings.tape)
        if letters is not None:
            stack.enter_context(letters)
        self.projector = Projector(
            self.tape,
            self.warehouse,
            self.definitions,
            batch_size=settings.batch_size,
            derive_share=settings.derive_share,
            dead_letters=None if letters is None else letters.write,
        )
        self.projector.prepare()

    def health(self) -> Health:
        return self.projector.health()

    def rebuild(self, names: Sequence[str]) -> None:
        self.projector.rebuild(list(names))

    @property
    def rejected(self) -> int | None:
        return self.projector.append.rejected

    @property
    def last_derived_at(self) -> datetime | None:
        return self.projector.last_derived_at


class ClusterHouse(House):
    """A tape and a warehouse on a server, shared with other processes; here nothing is derived."""

    rejected = None
    last_derived_at = None

    def __init__(self, folder: Path, command: str, *, alone: bool = False) -> None:
        """Open both. With `alone` this process has the data folder, as one that serves must.

        Raises what `House` raises; `Misused` where tape or warehouse cannot be shared; with `alone`
        also `FolderInUse` or `FolderError`.
        """
        data = load(DataSettings, data=folder)
        if why := held_by_one(data.tape, data.warehouse):
            raise Misused(
                f"`salestape {command}` works beside other processes, and {why}, which one process "
                "has for itself: run `salestape up` instead, or set "
                "SALESTAPE_TAPE=kafka://host:port and "
                "SALESTAPE_WAREHOUSE=clickhouse://user:password@host:port (`salestape warehouse` "
                "serves an embedded one so)"
            )
        super().__init__(data, DataLock.acquire(data.data, command) if alone else None)

    def _prepare(self, stack: ExitStack) -> None:
        client = self.warehouse.fresh_client()
        stack.callback(client.close)
        self.following = Following(self.tape, client, self.definitions)

    def health(self) -> Health:
        return self.following.health()

    def version(self) -> Hashable:
        """Return something that changes with what the derived tables have followed."""
        return self.following.version()

    def rebuild(self, names: Sequence[str]) -> None:
        Deployment(self.warehouse.client("admin"), self.definitions).rebuild(list(names))
