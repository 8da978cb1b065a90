"""What the tests of importers share: a sink in memory, and a folder to write an importer in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from events.envelope import AnyEvent, digest_of
from events.parsing import Rejection, parse_events
from infra.sink import Outcome
from infra.tape.contract import TapeUnavailable
from services.importers import Summary, run

ABOUT = """\
name = "bench"
description = "Rows of a test."
source = "bench"
[inputs.rows]
files = "rows*"
"""


@dataclass
class MemorySink:
    """Keeps what it accepts, as a tape would: the first of a source and id, repeats told apart."""

    events: list[AnyEvent] = field(default_factory=list)
    room: int | None = None
    """How many events it takes before it is unavailable."""
    _digests: dict[tuple[str, str], str] = field(default_factory=dict)

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        if self.room is not None and len(self.events) + len(raws) > self.room:
            raise TapeUnavailable("the disk is full")
        return [self._take(parsed) for parsed in parse_events(raws)]

    def _take(self, parsed: AnyEvent | Rejection) -> Outcome:
        if isinstance(parsed, Rejection):
            return Outcome("rejected", reason=parsed.reason, field=parsed.field)
        name = (parsed.source, parsed.id)
        if name in self._digests:
            same = self._digests[name] == digest_of(parsed)
            return Outcome("duplicate" if same else "conflict")
        self._digests[name] = digest_of(parsed)
        self.events.append(parsed)
        return Outcome("appended")

    def of(self, kind: str) -> list[AnyEvent]:
        return [event for event in self.events if event.type == kind]


@dataclass
class Bench:
    """A folder for an importer of one test and the files it reads."""

    folder: Path
    client: Client
    sink: MemorySink

    def about(self, text: str) -> None:
        (self.folder / "importer" / "about.toml").write_text(text)

    def script(self, sql: str, name: str = "10_events.sql") -> None:
        (self.folder / "importer" / name).write_text(sql)

    def file(self, content: str | bytes, name: str = "rows.csv") -> Path:
        path = self.folder / "files" / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *paths: str | Path, **options: Any) -> Summary:
        given = paths or (self.folder / "files",)
        return run(self.folder / "importer", given, self.sink, self.client, **options)
