"""Where the data lies, and what is kept and asked beside what comes with Salestape."""

import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, Field

from infra.settings.concern import SHOWN_DEFAULT, Concern


def _default_data() -> Path:
    # The XDG standard says to ignore a relative path.
    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path.home() / ".local" / "share"
    return base / "salestape"


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def file_url(scheme: str, path: Path) -> str:
    """Return the URL of a path, such as ``sqlite:///var/lib/salestape/tape.sqlite``."""
    return f"{scheme}://{quote(str(path.absolute()))}"


def _default_tape(values: dict[str, Any]) -> str:
    return file_url("sqlite", values["data"] / "tape.sqlite")


def _default_warehouse(values: dict[str, Any]) -> str:
    return file_url("chdb", values["data"] / "warehouse")


class DataSettings(Concern):
    """Where the data lies."""

    data: Annotated[Path, AfterValidator(_absolute)] = Field(
        default_factory=_default_data,
        description="The data folder: what the embedded size keeps. One process at a time has it.",
        examples=["/var/lib/salestape"],
        json_schema_extra={
            SHOWN_DEFAULT: "$XDG_DATA_HOME/salestape, else ~/.local/share/salestape"
        },
    )
    tape: str = Field(
        default_factory=_default_tape,
        description="The URL of the tape.",
        examples=["sqlite:///var/lib/salestape/tape.sqlite"],
        json_schema_extra={SHOWN_DEFAULT: "tape.sqlite in the data folder"},
    )
    warehouse: str = Field(
        default_factory=_default_warehouse,
        description="The URL of the warehouse.",
        examples=["chdb:///var/lib/salestape/warehouse"],
        json_schema_extra={SHOWN_DEFAULT: "warehouse in the data folder"},
    )


class DefinitionSettings(Concern):
    """What is kept and asked beside what comes with Salestape."""

    projections: str = Field(
        default="",
        description="Folders with derived tables and questions of your own, separated by "
        f"{os.pathsep!r}.",
        examples=["/srv/salestape/projections"],
    )

    @property
    def folders(self) -> list[Path]:
        """The folders, in the order given."""
        return [_absolute(Path(name)) for name in self.projections.split(os.pathsep) if name]
