"""A replay as JSON."""

from typing import Any

from services.audit.history import DealReplay


def replay_as_json(replay: DealReplay) -> dict[str, Any]:
    """Return a replay as JSON has it: times ISO 8601 in UTC, amounts decimal strings."""
    raise NotImplementedError
