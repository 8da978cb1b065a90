"""What an import did: rows read, events made, what became of them, and what was no event.

The figures that a person sees at the end; the work itself is `services.importers.runner`'s.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TextIO

from services.importers.errors import ImporterError

SHOWN_REJECTS = 20
"""How many rejects a summary holds; all are in the rejects file, where one is asked for."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. `total` is absent where it is not known yet."""

    phase: Literal["reading", "counting", "importing"]
    label: str
    """The file being read, or the SQL file whose events are being handed in."""
    done: int
    """Rows read of this file, or events handed in of all."""
    total: int | None = None


ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file that was read."""

    input: str
    path: str
    rows: int
    """Rows of data in it, a header not counted, those that were rejected counted."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row of a file, or a row a SELECT made of it, that is no event."""

    reason: str
    file: str | None = None
    """The file it comes from, where that is known."""
    row: int | None = None
    """The row in that file as an editor counts it, a header being row 1; from 1 in Parquet."""
    field: str | None = None
    """The field that is wrong, such as ``data.amount``."""
    script: str | None = None
    """The SQL file that made an event of it."""
    event: str | None = None
    """What was made of it, as JSON."""

    @property
    def place(self) -> str:
        """Where to look: ``deals.csv, row 18``."""
        if self.file is not None and self.row is not None:
            return f"{self.file}, row {self.row}"
        if self.file is not None:
            return self.file
        return self.script or "unknown"


@dataclass(slots=True)
class Summary:
    """The result of an import, or of one so far."""

    importer: str
    dry_run: bool = False
    files: list[FileRead] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    """Files in a named folder that the importer does not ask for."""
    produced: dict[str, int] = field(default_factory=dict)
    """Event type to the number of events the SELECTs made."""
    appended: int = 0
    """Events that are on the tape now and were not before; in a dry run, that could be."""
    already_there: int = 0
    conflicts: int = 0
    """Events whose source and id were there already with another content: kept, and listed."""
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    """The first of those rejected."""
    samples: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Event type to the first event of it."""
    notes: list[str] = field(default_factory=list)
    """What the importer takes for granted about the data."""

    @property
    def rows(self) -> int:
        """Rows read from all files."""
        return sum(read.rows for read in self.files)

    @property
    def events(self) -> int:
        """Events made of them."""
        return sum(self.produced.values())


class RejectsLedger:
    """Counts rejects into a summary and writes every one to a file of JSON lines, if asked."""

    def __init__(self, summary: Summary, path: Path | None = None) -> None:
        self._summary = summary
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._file = self._path.open("w", encoding="utf-8")
            except OSError as error:
                raise ImporterError(
                    f"{self._path}: the rejects cannot be written there: {error.strerror}"
                ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, reject: Reject) -> None:
        """Count one reject, and keep it."""
        self._summary.rejected += 1
        if len(self._summary.rejects) < SHOWN_REJECTS:
            self._summary.rejects.append(reject)
        if self._file is not None:
            kept = {
                "file": reject.file,
                "row": reject.row,
                "script": reject.script,
                "field": reject.field,
                "reason": reject.reason,
                "event": reject.event,
            }
            self._file.write(json.dumps(kept, ensure_ascii=False) + "\n")
