"""What one statement of a reader may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one statement of a reader may cost."""

    max_seconds: float = 30
    """The longest it may run."""
    max_memory_bytes: int = 512 * 2**20
    """The most memory it may take in the engine."""
    max_rows: int = 1_000_000
    """The most rows an answer may have; a larger one is an error."""

    def settings(self) -> dict[str, str]:
        """Return the limits as settings of the engine."""
        return {
            "max_execution_time": f"{self.max_seconds:g}",
            "max_memory_usage": str(self.max_memory_bytes),
            "max_result_rows": str(self.max_rows),
        }
