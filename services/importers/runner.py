"""Runs an import: files to rows to events to a sink, in lots, and says what became of them.

Numbered as in the code: (1) give every input its file, (2) stage the files, (3) check every
statement and count what it makes, (4) hand the events in. Until (4) nothing has been appended;
from then on a failure leaves what was appended, and the same import again adds only the rest,
because an event's id comes from its content.
"""

import json
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from infra.sink import Outcome, Sink
from infra.tape.contract import TapeError
from services.importers.engine import SETTINGS, ClickHouseError, Client, reason_of
from services.importers.errors import ImporterError, ImportStopped
from services.importers.files import assign
from services.importers.folder import Importer, Script, find
from services.importers.rehearsal import Rehearsal
from services.importers.staging import Staged, Stager
from services.importers.statement import Statement, inputs_clause, prepare
from services.importers.summary import (
    FileRead,
    Progress,
    ProgressCallback,
    Reject,
    RejectsLedger,
    Summary,
)

LOT = 5_000
"""How many events are handed to the sink at once."""

_START = 16


def run(
    importer: Importer | str | Path,
    paths: Sequence[str | Path],
    sink: Sink,
    client: Client,
    *,
    dry_run: bool = False,
    progress: ProgressCallback | None = None,
    rejects: Path | None = None,
) -> Summary:
    """Import files and return what came of it.

    `importer` is one that was read, a shipped name or a folder. `paths` are files, folders or
    ``input=file``. `client` is a client of any chDB engine of this process, used by this import
    alone while it runs; nothing is created in it. `rejects` is where every reject is written as a
    JSON line. With `dry_run` the sink is left alone and events are only checked.

    Raises `ImporterError` before anything was appended and `ImportStopped` afterwards.
    """
    if not isinstance(importer, Importer):
        importer = find(importer)
    summary = Summary(importer.name, dry_run=dry_run, notes=list(importer.about.notes))
    report = progress if progress is not None else _silent
    with (
        tempfile.TemporaryDirectory(prefix="salestape-import-") as folder,
        RejectsLedger(summary, rejects) as ledger,
    ):
        inputs = _read(importer, paths, Path(folder), ledger, summary, report)
        statements = [prepare(script, importer, inputs, client) for script in importer.scripts]
        report(Progress("counting", importer.name, 0))
        total, repeated = _count(statements, inputs, client)
        delivery = _Delivery(
            Rehearsal() if dry_run else sink, summary, ledger, report, total, repeated
        )
        for statement in statements:
            delivery.deliver(statement, inputs, client)
    return summary


def _silent(_progress: Progress) -> None:
    """Show nothing."""


def _read(
    importer: Importer,
    paths: Sequence[str | Path],
    folder: Path,
    ledger: RejectsLedger,
    summary: Summary,
    report: ProgressCallback,
) -> str:
    """(1), (2) Stage the files the user named and return the WITH clause over them."""
    assignment = assign(importer, paths)
    summary.unused = [str(path) for path in assignment.unused]
    stager = Stager(folder, ledger.add, report)
    staged: dict[str, list[Staged]] = {}
    for name, files in assignment.files.items():
        wanted = importer.about.inputs[name]
        staged[name] = [stager.stage(path, name, wanted) for path in files]
        summary.files += [FileRead(name, str(file.path), file.rows) for file in staged[name]]
    return inputs_clause(importer, staged)


def _count(statements: Sequence[Statement], inputs: str, client: Client) -> tuple[int, set[str]]:
    """(3) Return how many events there will be, and the starts of hashes that come more than once.

    This makes every event once without handing it in, so that a statement that fails stops the
    import before anything is appended; and only repeated hashes need be remembered in (4). Eight
    bytes of each are counted, half of what all would take: that two different hashes share them
    costs a little memory and changes no id.
    """
    every = " UNION ALL ".join(
        f"SELECT toFixedString(unhex(left(hash, {_START})), {_START // 2}) AS start "
        f"FROM ({each.query})"
        for each in statements
    )
    try:
        total, repeated = client.query(
            f"{inputs} SELECT sum(times), groupArrayIf(lower(hex(start)), times > 1) "
            f"FROM (SELECT start, count() AS times FROM ({every}) GROUP BY start)",
            settings=SETTINGS,
        ).result_rows[0]
    except ClickHouseError as error:
        raise _blame(statements, inputs, client, error) from error
    return int(total or 0), set(repeated)


def _blame(
    statements: Sequence[Statement], inputs: str, client: Client, error: ClickHouseError
) -> ImporterError:
    """Find the script that fails, running each alone."""
    for each in statements:
        try:
            client.query(f"{inputs} SELECT max(hash) FROM ({each.query})", settings=SETTINGS)
        except ClickHouseError as found:
            return ImporterError(f"{each.script.name}: {reason_of(found)}")
    return ImporterError(reason_of(error))


@dataclass(slots=True)
class _Made:
    """One row of a statement's query."""

    raw: bytes
    type: str
    file: str
    row: int


@dataclass(slots=True)
class _Delivery:
    """(4) Hands events in, lot by lot, and counts what becomes of them."""

    sink: Sink
    summary: Summary
    ledger: RejectsLedger
    report: ProgressCallback
    total: int
    repeated: set[str]
    seen: dict[str, int] = field(default_factory=dict)

    def deliver(self, statement: Statement, inputs: str, client: Client) -> None:
        """Hand in all events of one script."""
        try:
            # Closed at once, also on an error: an open stream would block the client.
            with closing(self._events(statement, inputs, client)) as events:
                for lot in _lots(events):
                    self._hand_in(statement.script, lot)
        except ClickHouseError as error:
            raise self._stopped(f"{statement.script.name}: {reason_of(error)}") from error
        except TapeError as error:
            raise self._stopped(f"the tape takes no events: {error}") from error
        except KeyboardInterrupt as error:
            raise self._stopped("stopped by the user") from error

    def _events(
        self, statement: Statement, inputs: str, client: Client
    ) -> Generator[_Made, None, None]:
        query = f"{inputs} SELECT event, hash, type, file, row FROM ({statement.query})"
        with client.query_column_block_stream(query, settings=SETTINGS) as blocks:
            for block in blocks:
                for event, digest, kind, file, row in zip(*block, strict=True):
                    yield _Made(self._identified(event, digest), kind, file, row)

    def _identified(self, event: str, digest: str) -> bytes:
        """Give an event without an id its hash, and the number it is among equal ones."""
        if not digest:
            return event.encode()
        if digest[:_START] in self.repeated:
            number = self.seen[digest] = self.seen.get(digest, 0) + 1
            if number > 1:
                digest = f"{digest}-{number}"
        return f'{{"id":"{digest}",{event[1:]}'.encode()

    def _hand_in(self, script: Script, lot: Sequence[_Made]) -> None:
        outcomes = self.sink.accept([made.raw for made in lot])
        for made, outcome in zip(lot, outcomes, strict=True):
            self._count(script, made, outcome)
        self.report(Progress("importing", script.name, self.summary.events, self.total))

    def _count(self, script: Script, made: _Made, outcome: Outcome) -> None:
        summary = self.summary
        summary.produced[made.type] = summary.produced.get(made.type, 0) + 1
        if made.type not in summary.samples:
            summary.samples[made.type] = json.loads(made.raw)
        if outcome.status == "appended":
            summary.appended += 1
        elif outcome.status == "duplicate":
            summary.already_there += 1
        elif outcome.status == "conflict":
            summary.conflicts += 1
        else:
            self.ledger.add(
                Reject(
                    outcome.reason or "refused without a reason",
                    file=made.file or None,
                    row=made.row or None,
                    field=outcome.field,
                    script=script.name,
                    event=made.raw.decode(errors="replace"),
                )
            )

    def _stopped(self, reason: str) -> ImportStopped:
        done = f"at least {self.summary.appended:,} of {self.total:,} events had been appended"
        return ImportStopped(
            f"{reason}. The import stopped when {done}; run it again to go on: "
            "what is already there is not added twice",
            self.summary,
        )


def _lots(events: Iterator[_Made]) -> Iterator[list[_Made]]:
    lot: list[_Made] = []
    for made in events:
        lot.append(made)
        if len(lot) == LOT:
            yield lot
            lot = []
    if lot:
        yield lot
