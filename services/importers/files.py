"""Which file a user named is which input of an importer.

Only what is named is ever read: a file, or the files that lie directly in a named folder. What is
in a file is `services.importers.staging`'s matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from services.importers.errors import ImporterError
from services.importers.folder import Format, Importer, Input

_ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
PACKED = (".gz", ".bz2", ".xz")
"""The ends of names of packed text files, which are read as they are."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The files of every input, in the order of their names, and the files nothing asks for."""

    files: dict[str, list[Path]]
    unused: list[Path]


def assign(importer: Importer, paths: Sequence[str | Path]) -> Assignment:
    """Give every input its files.

    A path is a file, a folder, or ``input=file``, which says which input a file is whatever its
    name. Raises `ImporterError` when a file is not there, is none of the inputs, or is one too
    many, and when an input that is needed has none.
    """
    inputs = importer.about.inputs
    files: dict[str, list[Path]] = {name: [] for name in inputs}
    unused: list[Path] = []
    for given in paths:
        name, path = _split(str(given), inputs)
        if name is not None:
            _add(files[name], path)
        elif path.is_dir():
            for file in sorted(path.iterdir()):
                if file.is_file() and not file.name.startswith("."):
                    found = _input_of(file, inputs)
                    _add(files[found] if found is not None else unused, file)
        else:
            found = _input_of(path, inputs)
            if found is None:
                raise ImporterError(
                    f"{path} is none of the inputs of {importer.name} by its name; they are "
                    f"{_patterns(inputs)}. Write INPUT={path} to say which one it is"
                )
            _add(files[found], path)
    for name, wanted in inputs.items():
        _check_count(importer, name, wanted, files[name])
    return Assignment(files, unused)


def format_of(path: Path, wanted: Input) -> Format:
    """Return how a file is written: as its input says, else by the end of its name."""
    if wanted.format is not None:
        return wanted.format
    name = path.name.lower()
    for ending in PACKED:
        name = name.removesuffix(ending)
    found = _ENDINGS.get(Path(name).suffix)
    if found is None:
        raise ImporterError(
            f"{path}: the end of its name does not say how it is written; in about.toml give its "
            'input a format: "csv", "tsv", "jsonl" or "parquet"'
        )
    return found


def _split(given: str, inputs: dict[str, Input]) -> tuple[str | None, Path]:
    path = Path(given)
    name, equals, rest = given.partition("=")
    if not path.exists() and equals and name in inputs:
        path = Path(rest)
    else:
        name = ""
    if not path.exists():
        raise ImporterError(f"{path}: there is no such file or folder")
    if name and not path.is_file():
        raise ImporterError(f"{given}: {path} is not a file")
    return name or None, path


def _input_of(path: Path, inputs: dict[str, Input]) -> str | None:
    file = path.name.lower()
    names = [
        name
        for name, wanted in inputs.items()
        if any(fnmatch(file, pattern.lower()) for pattern in wanted.patterns)
    ]
    if len(names) > 1:
        raise ImporterError(
            f"{path} could be any of the inputs {', '.join(names)} by its name; "
            f"write {names[0]}={path} to say which one it is"
        )
    return names[0] if names else None


def _add(files: list[Path], path: Path) -> None:
    if not any(path.samefile(other) for other in files):
        files.append(path)


def _check_count(importer: Importer, name: str, wanted: Input, files: list[Path]) -> None:
    if not files and not wanted.optional:
        raise ImporterError(
            f"{importer.name} needs a file for its input {name!r}, named like "
            f"{' or '.join(wanted.patterns)}; none of the files given is"
        )
    if len(files) > 1 and not wanted.many:
        raise ImporterError(
            f"the input {name!r} of {importer.name} is one file, but there are {len(files)}: "
            f"{', '.join(map(str, files))}. Name the one to import"
        )


def _patterns(inputs: dict[str, Input]) -> str:
    return ", ".join(f"{name} ({' or '.join(i.patterns)})" for name, i in inputs.items())
