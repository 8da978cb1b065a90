"""The tape: the only truth. One contract, one adapter per size."""

from infra.tape.contract import (
    MAX_RECORD_BYTES,
    Entry,
    Positions,
    Receipt,
    Record,
    Tape,
    TapeError,
    TapeRefused,
    TapeUnavailable,
)

__all__ = [
    "MAX_RECORD_BYTES",
    "Entry",
    "Positions",
    "Receipt",
    "Record",
    "Tape",
    "TapeError",
    "TapeRefused",
    "TapeUnavailable",
]
