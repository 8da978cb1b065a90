"""What one process has of a data folder: the lock, the tape, the warehouse, and what works on them.

Commands that open the data themselves and `salestape up` both begin with this; what they do with
it is theirs.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from infra.closing import Closing
from infra.lock import DataLock
from infra.settings import (
    DataSettings,
    DefinitionSettings,
    ProjectorSettings,
    QuerySettings,
    load,
)
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from projections import registry
from services.cli.failures import Misused
from services.gateway.counters import Counters
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog
from services.gateway.warehouse_ledger import WarehouseLedger
from services.projector.projector import Projector
from services.query.answers import Limits
from services.query.reader import Reader


class House(Closing):
    """An opened data folder. Use it as a context manager, or `close` it."""

    def __init__(self, folder: Path, command: str) -> None:
        """Take the folder and open everything; `command` is what others are told who has it.

        Raises `FolderInUse`, `FolderError`, `TapeError`, `WarehouseError` or `DefinitionError`.
        """
        data = load(DataSettings, data=folder)
        projector, query = load(ProjectorSettings), load(QuerySettings)
        self.folder = data.data
        self.settings = data
        self.definitions = registry.load(*load(DefinitionSettings).folders)
        with ExitStack() as stack:
            self.lock = stack.enter_context(DataLock.acquire(self.folder, command))
            self.tape = open_tape(data.tape)
            stack.callback(self.tape.close)
            self.warehouse = stack.enter_context(Warehouse(data.warehouse))
            self.projector = Projector(
                self.tape,
                self.warehouse,
                self.definitions,
                batch_size=projector.batch_size,
                derive_share=projector.derive_share,
            )
            self.projector.prepare()
            limits = Limits(query.max_seconds, query.max_memory_bytes, query.max_rows)
            self.reader = stack.enter_context(Reader(self.warehouse, limits, self.definitions))
            self._opened = stack.pop_all()
        self.rejects = RejectLog(self.folder / "rejects")
        self.counters = Counters()

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
