"""Finds the platform a command is about: the one that runs on the data folder, else the folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from infra.lock import FolderInUse, read_holder

if TYPE_CHECKING:
    from services.cli.platform import Platform


def data_folder(given: Path | None) -> Path:
    """Return the data folder: what was given, else the setting."""
    from infra.settings import DataSettings, load

    return load(DataSettings, data=given).data


def running_address(folder: Path) -> str | None:
    """Return where the platform serves that has a folder; None where nobody has it.

    Raises `FolderInUse` when a process has it that serves nothing.
    """
    holder = read_holder(folder)
    if holder is None:
        return None
    if holder.address is None:
        raise FolderInUse(folder, holder)
    return holder.address


def open_platform(given: Path | None, command: str) -> "Platform":
    """Return the platform of a data folder; `command` is what others are told meanwhile."""
    folder = data_folder(given)
    address = running_address(folder)
    if address is not None:
        return _remote(address)
    from services.cli.embedded import Embedded

    try:
        return Embedded.open(folder, command)
    except FolderInUse:
        address = running_address(folder)  # somebody was quicker
        if address is None:
            raise
        return _remote(address)


def _remote(address: str) -> "Platform":
    from services.cli.remote import Remote

    return Remote.connect(address)
