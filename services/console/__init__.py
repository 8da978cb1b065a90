"""The console: one page on which the tape is watched live, beside what is asked most."""

from services.console.mount import mount_console
from services.console.ports import (
    ChurnSignals,
    ConsolePorts,
    Feed,
    FeedFilter,
    FeedItem,
    FeedSlice,
    Health,
    HistoryStep,
    Panels,
)

__all__ = [
    "ChurnSignals",
    "ConsolePorts",
    "Feed",
    "FeedFilter",
    "FeedItem",
    "FeedSlice",
    "Health",
    "HistoryStep",
    "Panels",
    "mount_console",
]
