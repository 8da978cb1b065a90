"""Reads text files row by row: csv, tsv and JSON lines, packed or not, in any encoding.

Every value stays the text it is, an empty cell is None, and a row that cannot be read is handed to
`rejected` with its number. Nothing here knows of the engine or of events.
"""

import bz2
import csv
import gzip
import json
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from services.importers.errors import ImporterError
from services.importers.folder import Format, Input

Row = tuple[int, list[str | None]]
"""The number of a row, as an editor counts it, and its values in the order of the columns."""

Rejected = Callable[[int, str], None]
"""Takes the number of a row and why it cannot be read."""

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def read_cells(
    path: Path, wanted: Input, written: Format, rejected: Rejected
) -> tuple[list[str], Iterator[Row]]:
    """Return the columns and the rows of a csv or tsv file.

    Raises `ImporterError`, also while rows are taken, where a quotation mark is never closed.
    """
    rows = _records(path, wanted, written, rejected)
    if not wanted.header:
        return wanted.columns, _fitting(wanted.columns, rows, rejected)
    first = next(rows, None)
    if first is None:
        raise ImporterError(f"{path} is empty")
    columns = _distinct([(cell or "").strip() for cell in first[1]])
    return columns, _fitting(columns, rows, rejected)


def read_objects(path: Path, wanted: Input, rejected: Rejected) -> tuple[list[str], Iterator[Row]]:
    """Return the columns and the rows of a file with one JSON object a line.

    A value that is an object or a list becomes its JSON text. Any line may bring a new name, so
    the file is read once for the names and once for the rows.
    """
    seen: dict[str, None] = {}
    for _, found in _objects(path, wanted, rejected):
        seen.update(dict.fromkeys(found))
    columns = list(seen) or wanted.columns
    rows = _objects(path, wanted, lambda _row, _reason: None)
    return columns, ((row, [found.get(name) for name in columns]) for row, found in rows)


def _open(path: Path, wanted: Input) -> TextIO:
    # utf-8-sig leaves out the mark that spreadsheets put at the start of a file.
    encoding = "utf-8-sig" if wanted.encoding.lower() in ("utf-8", "utf8") else wanted.encoding
    opener = _OPENERS.get(path.suffix.lower(), open)
    return cast(TextIO, opener(path, "rt", encoding=encoding, newline=""))


def _records(path: Path, wanted: Input, written: Format, rejected: Rejected) -> Iterator[Row]:
    delimiter = wanted.delimiter or ("\t" if written == "tsv" else ",")
    with _open(path, wanted) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        while True:
            row = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end of data" in str(error) or "field limit" in str(error):
                    raise ImporterError(
                        f"{path}, row {row}: a quotation mark is opened there and not closed, "
                        "so nothing after it can be read"
                    ) from error
                rejected(row, f"not readable as {written}: {error}")
                continue
            if cells:
                yield row, [cell or None for cell in cells]


def _fitting(columns: list[str], rows: Iterator[Row], rejected: Rejected) -> Iterator[Row]:
    for row, cells in rows:
        if len(cells) == len(columns):
            yield row, cells
        else:
            rejected(row, f"has {len(cells)} cells where {len(columns)} are expected")


def _distinct(names: list[str]) -> list[str]:
    """Number the names that repeat, ``amount, amount_2``, and name those without one."""
    taken: dict[str, None] = {}
    for place, name in enumerate(names, 1):
        base = name or f"column_{place}"
        distinct, number = base, 2
        while distinct in taken:
            distinct, number = f"{base}_{number}", number + 1
        taken[distinct] = None
    return list(taken)


def _objects(
    path: Path, wanted: Input, rejected: Rejected
) -> Iterator[tuple[int, dict[str, str | None]]]:
    with _open(path, wanted) as file:
        for row, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                found = _texts_of(line)
            except ValueError as error:
                rejected(row, f"not readable as a JSON object: {error}")
            else:
                if found is not None:
                    yield row, found
                else:
                    rejected(row, "is JSON, but not an object")


def _texts_of(line: str) -> dict[str, str | None] | None:
    """Return the values of an object as texts, numbers digit by digit; None for another value."""
    found = json.loads(line, parse_float=str, parse_int=str, parse_constant=_refuse)
    if not isinstance(found, dict):
        return None
    texts: dict[str, str | None] = {}
    for name, value in found.items():
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, dict | list):
            texts[name] = json.dumps(json.loads(line)[name], ensure_ascii=False)
        else:
            texts[name] = value or None
    return texts


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
