"""Finds the platform a command is about: the one that runs on the data folder, else the data.

Where tape and warehouse are shared with other processes, a command works on them directly, whoever
has the folder; an embedded warehouse is opened by one process alone.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from infra.lock import FolderInUse, Holder, read_holder
from services.cli.failures import Served

if TYPE_CHECKING:
    from services.cli.platform import Platform

PLATFORMS = frozenset({"up", "gateway"})
"""The commands whose address answers events and questions."""
WAREHOUSE = "warehouse"


def data_folder(given: Path | None) -> Path:
    """Return the data folder: what was given, else the setting."""
    from infra.settings import DataSettings, load

    return load(DataSettings, data=given).data


def running_address(folder: Path) -> str | None:
    """Return where the platform serves that has a folder; None where none does.

    The folder may be free then, or another command may have it.
    """
    holder = read_holder(folder)
    return holder.address if holder is not None and holder.command in PLATFORMS else None


def open_platform(given: Path | None, command: str) -> "Platform":
    """Return the platform of a data folder; `command` is what others are told meanwhile.

    Raises `FolderInUse` or `Served` when a process has the folder that is to be opened.
    """
    from infra.settings import DataSettings, load
    from services.cli.urls import held_by_one

    data = load(DataSettings, data=given)
    address = running_address(data.data)
    if address is not None:
        return _remote(address)
    if held_by_one(data.tape, data.warehouse) is None:
        from services.cli.cluster import Cluster

        return Cluster.open(data.data, command)
    from services.cli.embedded import Embedded

    try:
        return Embedded.open(data.data, command)
    except FolderInUse as error:
        address = running_address(data.data)  # somebody was quicker
        if address is None:
            raise _refusal(error) from error
        return _remote(address)


def _refusal(error: FolderInUse) -> Exception:
    """Return what to say of a folder that another command has; a warehouse can be worked with."""
    holder: Holder | None = error.holder
    if holder is None or holder.command != WAREHOUSE or holder.address is None:
        return error
    place = holder.address.partition("://")[2]
    return Served(
        f"the data folder {error.folder} is served by {holder.in_words()}: stop it, or work beside "
        f"it with SALESTAPE_WAREHOUSE=clickhouse://writer:KEY@{place} and a tape on Kafka"
    )


def _remote(address: str) -> "Platform":
    from services.cli.remote import Remote

    return Remote.connect(address)
