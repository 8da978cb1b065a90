"""An importer as it lies on disk: a folder with `about.toml` and one SQL file per kind of event.

Reads and checks the folder alone; which files a user hands to it is `services.importers.files`'
matter, and whether its SQL is sound is `services.importers.statement`'s.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from events.values import Id
from services.importers.errors import ImporterError, nearest

SHIPPED = Path(__file__).parent / "shipped"
"""Where the importers lie that come with Salestape."""

Format = Literal["csv", "tsv", "jsonl", "parquet"]

_INPUT_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class Input(BaseModel):
    """A file, or many of one kind, that an importer reads. Its SQL knows it as a table."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True
    )

    files: str | list[str]
    """File names that belong to it, as patterns such as ``orders*.csv``; case does not matter."""
    columns: list[str] = Field(default_factory=list)
    """Columns it must have. Without a header, the names of all columns in order."""
    optional: bool = False
    """True where an import may lack it; it is then a table without rows."""
    many: bool = False
    """True where several files together are the input, such as one export a month."""
    format: Format | None = None
    """How the file is written; by default what the end of its name says."""
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    """What stands between two cells: by default a comma in csv and a tab in tsv."""
    header: bool = True
    """False where the first row of a csv or tsv file is data already."""
    encoding: str = "utf-8"
    """How a text file is encoded, such as ``cp1252`` or ``utf-16``."""

    @property
    def patterns(self) -> list[str]:
        """The patterns of its file names."""
        return [self.files] if isinstance(self.files, str) else list(self.files)


class About(BaseModel):
    """What `about.toml` says."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True
    )

    name: Id
    """How the importer is called."""
    description: str
    """What it imports, in a sentence."""
    source: Id
    """The `source` of its events, unless a SELECT gives another."""
    notes: list[str] = Field(default_factory=list)
    """What it takes for granted about the data; shown with every import."""
    inputs: dict[str, Input] = Field(min_length=1)
    """The files it reads, by the name its SQL uses."""


@dataclass(frozen=True, slots=True)
class Script:
    """One SQL file of an importer: a SELECT whose rows are events."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Importer:
    """A folder that has been read."""

    folder: Path
    about: About
    scripts: tuple[Script, ...]
    """In the order of their file names, which is the order they run in."""

    @property
    def name(self) -> str:
        """How the importer is called."""
        return self.about.name


def shipped() -> list[Importer]:
    """Return the importers that come with Salestape, by name."""
    return sorted((load(about.parent) for about in SHIPPED.glob("*/about.toml")), key=_name_of)


def find(name_or_folder: str | Path) -> Importer:
    """Return a shipped importer by its name, or the one in a folder.

    A shipped name comes first; write ``./maven-crm`` for a folder of that name. Raises
    `ImporterError` when there is neither.
    """
    wanted = str(name_or_folder)
    named = {importer.name: importer for importer in shipped()}
    if wanted in named:
        return named[wanted]
    folder = Path(wanted)
    if folder.is_dir():
        return load(folder)
    raise ImporterError(
        f"there is no importer {wanted!r}, and no folder of that name"
        f"{nearest(wanted, named)}. Importers that come with Salestape: {', '.join(named)}"
    )


def load(folder: Path) -> Importer:
    """Read an importer's folder. Raises `ImporterError` that names the file and what is wrong."""
    about_file = folder / "about.toml"
    try:
        about = About.model_validate(tomllib.loads(about_file.read_text("utf-8")))
    except FileNotFoundError:
        raise ImporterError(
            f"{folder} is no importer: it has no about.toml, which names its source and inputs"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImporterError(f"{about_file} is not readable as TOML: {error}") from error
    except ValidationError as error:
        raise ImporterError(f"{about_file}: {_in_words(error)}") from error
    _check_inputs(about_file, about)
    scripts = tuple(_script(path) for path in sorted(folder.glob("*.sql")))
    if not scripts:
        raise ImporterError(f"{folder} has no SQL file; each one is a SELECT whose rows are events")
    return Importer(folder, about, scripts)


def _script(path: Path) -> Script:
    try:
        return Script(path.name, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ImporterError(f"{path} is not readable as SQL in UTF-8: {error}") from error


def _check_inputs(about_file: Path, about: About) -> None:
    for name, wanted in about.inputs.items():
        where = f"{about_file}: inputs.{name}"
        if not _INPUT_NAME.match(name):
            raise ImporterError(f"{where}: SQL needs a name of letters, digits and underscores")
        if not wanted.header and not wanted.columns:
            raise ImporterError(f"{where}: without a header it must name its columns in order")
        if wanted.optional and not wanted.columns:
            raise ImporterError(f"{where}: an optional input must name its columns")
        try:
            "".encode(wanted.encoding)
        except LookupError:
            raise ImporterError(f"{where}.encoding: {wanted.encoding!r} is not known") from None


def _in_words(error: ValidationError) -> str:
    sentences = []
    for finding in error.errors(include_url=False):
        where = ".".join(str(part) for part in finding["loc"])
        sentences.append(f"{where}: {_finding_in_words(finding)}")
    return "; ".join(sentences)


def _finding_in_words(finding: Any) -> str:
    if finding["type"] == "extra_forbidden":
        known = Input.model_fields if finding["loc"][0] == "inputs" else About.model_fields
        return f"is not a setting{nearest(str(finding['loc'][-1]), known)}"
    if finding["type"] == "missing":
        return "is missing"
    return str(finding["msg"])


def _name_of(importer: Importer) -> str:
    return importer.name
