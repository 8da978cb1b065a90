"""What both sizes of warehouse have in common: roles of clients, their settings, their errors."""

from typing import Literal

Role = Literal["append", "derive", "gateway", "read", "import", "admin"]

SESSION_SETTINGS = {
    "async_insert": "0",
    "enable_shared_storage_snapshot_in_query": "1",
    "session_timezone": "UTC",
    "join_use_nulls": "0",
    "optimize_on_insert": "0",
}
"""What every statement runs under, in the engine and on a server."""


MERGES_YIELD = "os_threads_nice_value_merge_mutate=10"
"""What the embedded engine is started with: parts are merged in what time others leave."""


def engine_at(path: str) -> str:
    """Return how the embedded engine of a folder is named to who connects to it."""
    return f"{path}?{MERGES_YIELD}"


class WarehouseError(Exception):
    """The warehouse cannot be opened; the message names it and says what to do."""


class WarehouseUnavailable(WarehouseError):
    """It cannot be opened now; the same may pass when it is tried again."""


class WarehouseRefused(WarehouseError):
    """It cannot be opened until somebody changes something."""
