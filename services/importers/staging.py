"""Makes a user's file ready for the engine: text becomes Parquet in a folder of the run.

Every cell of a text file stays the text it is, so nothing about a file is guessed: no number is
rounded, no date turned around. A row that does not fit the others is rejected with its place, and
the rest is read. Parquet is handed on as it lies, with its types.
"""

import codecs
import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import ENOSPC
from itertools import islice
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from services.importers.errors import ImporterError, nearest
from services.importers.files import format_of
from services.importers.folder import Format, Input
from services.importers.summary import Progress, ProgressCallback, Reject
from services.importers.text import Row, read_cells, read_objects

ROW = "_row"
"""The column with a row's number: as an editor counts it, a header being row 1; Parquet from 1."""

# Few rows are held as Python objects at once: with thousands, the garbage collector, which goes
# through all of them again and again, takes most of the time.
_ROWS = 500
_BATCHES = 40


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that the engine can read.

    `readable` is where the engine reads it: a file of the run's own, or a plain name for the
    user's, so that no character of the user's file name means anything to the engine.
    """

    path: Path
    readable: Path
    columns: list[str]
    rows: int
    """Rows of data, those rejected here counted."""
    numbered: bool
    """True where it has a column `_row`; else the engine numbers the rows."""


@dataclass(frozen=True, slots=True)
class Stager:
    """Stages the files of one run in `folder`."""

    folder: Path
    rejected: Callable[[Reject], None]
    progress: ProgressCallback

    def stage(self, path: Path, name: str, wanted: Input) -> Staged:
        """Make `path`, a file of the input `name`, readable.

        Raises `ImporterError` when it is empty, cannot be read or lacks a column.
        """
        written = format_of(path, wanted)
        readable = self.folder / f"{sum(1 for _ in self.folder.iterdir())}.parquet"
        try:
            if path.stat().st_size == 0:
                raise ImporterError(f"{path} is empty")
            if written == "parquet":
                return self._link(path, readable, name, wanted)
            return self._rewrite(path, readable, name, wanted, written)
        except UnicodeDecodeError as error:
            _raise_encoding(path, name, wanted, error)
        except (EOFError, lzma.LZMAError) as error:
            raise ImporterError(f"{path} cannot be unpacked: {error}") from error
        except OSError as error:
            if error.errno == ENOSPC:
                raise ImporterError(
                    f"there is no room in {self.folder} to make {path} ready; name a folder with "
                    "room in the environment variable TMPDIR"
                ) from error
            raise ImporterError(f"{path} cannot be read: {error.strerror or error}") from error

    def _link(self, path: Path, readable: Path, name: str, wanted: Input) -> Staged:
        try:
            with pq.ParquetFile(path) as file:
                columns, rows = list(file.schema_arrow.names), file.metadata.num_rows
        except pa.ArrowException as error:
            raise ImporterError(f"{path} is not readable as Parquet: {error}") from error
        _check_columns(path, name, wanted, columns)
        readable.symlink_to(path.resolve())
        self.progress(Progress("reading", str(path), rows, rows))
        return Staged(path, readable, columns, rows, numbered=False)

    def _rewrite(
        self, path: Path, readable: Path, name: str, wanted: Input, written: Format
    ) -> Staged:
        lost = 0

        def rejected(row: int, reason: str) -> None:
            nonlocal lost
            lost += 1
            self.rejected(Reject(reason, file=path.name, row=row))

        if written == "jsonl":
            columns, rows = read_objects(path, wanted, rejected)
        else:
            columns, rows = read_cells(path, wanted, written, rejected)
        _check_columns(path, name, wanted, columns)
        kept = self._write(path, readable, columns, rows)
        return Staged(path, readable, columns, kept + lost, numbered=True)

    def _write(self, path: Path, readable: Path, columns: list[str], rows: Iterator[Row]) -> int:
        schema = pa.schema([(ROW, pa.uint64()), *((column, pa.string()) for column in columns)])
        count = 0
        with pq.ParquetWriter(readable, schema, compression="lz4") as writer:
            arrow = _arrow(rows, schema)
            while batches := list(islice(arrow, _BATCHES)):
                writer.write_table(pa.Table.from_batches(batches))
                count += sum(batch.num_rows for batch in batches)
                self.progress(Progress("reading", str(path), count))
        return count


def _arrow(rows: Iterator[Row], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while batch := list(islice(rows, _ROWS)):
        numbers, cells = zip(*batch, strict=True)
        arrays = [pa.array(numbers, pa.uint64())]
        arrays += [pa.array(values, pa.string()) for values in zip(*cells, strict=True)]
        yield pa.record_batch(arrays, schema=schema)


def _check_columns(path: Path, name: str, wanted: Input, columns: list[str]) -> None:
    for column in wanted.columns:
        if column not in columns:
            hint = ""
            if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
                hint = f". It seems to use another delimiter: set inputs.{name}.delimiter"
            raise ImporterError(
                f"{path} has no column {column!r}{nearest(column, columns)}; "
                f"its columns are {', '.join(map(repr, columns))}{hint}"
            )
    if ROW in columns:
        raise ImporterError(f"{path} has a column {ROW!r}, the name of the number of the row")


def _raise_encoding(path: Path, name: str, wanted: Input, error: UnicodeDecodeError) -> NoReturn:
    with path.open("rb") as file:
        marked = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    bad = error.object[error.start : error.start + 1]
    after = error.object[max(0, error.start - 20) : error.start].decode(wanted.encoding, "replace")
    raise ImporterError(
        f"{path} is not encoded in {wanted.encoding}: the byte 0x{bad.hex()} after {after!r} is "
        f"none of its characters; in about.toml set, for example, "
        f'encoding = "{"utf-16" if marked else "cp1252"}" under [inputs.{name}]'
    ) from error
