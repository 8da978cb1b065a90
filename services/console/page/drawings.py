"""The parts of the page that the browser draws from a model: feed, panels, history of a deal.

Each is a small Vue component beside this module. Models are plain JSON; all choosing and writing of
numbers is done in Python, where it is tested.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui


class Drawing(ui.element):
    """Draws a model."""

    def __init__(self, **props: Any) -> None:
        super().__init__()
        for name, value in props.items():
            self._props[name] = value

    def draw(self, **props: Any) -> None:
        """Set what is drawn, and send it where it differs from what the browser has."""
        changed = {name: value for name, value in props.items() if self._props.get(name) != value}
        if changed:
            self._props.update(changed)
            self.update()


class FunnelDrawing(Drawing, component="funnel.js"):
    """Pipelines with their stages. Props: `model`, `pipeline`."""


class QuotaDrawing(Drawing, component="quotas.js"):
    """Reps of a period against their quotas. Props: `model`. Emits `rep`."""


class ChurnDrawing(Drawing, component="churn.js"):
    """Accounts with signals. Props: `model`. Emits `account`."""


class HistoryDrawing(Drawing, component="history.js"):
    """The history of a deal. Props: `model`."""


class FeedDrawing(Drawing, component="feed.js"):
    """The lines of the feed, newest first. Emits `deal`, `account` and `actor`."""

    def add(self, lines: Sequence[Mapping[str, Any]], left_out: int) -> None:
        """Add new lines, oldest first; `left_out` events came before them and are only counted."""
        self.run_method("add", lines, left_out)

    def show(self, lines: Sequence[Mapping[str, Any]], empty: str) -> None:
        """Replace all lines; `empty` is said where there are none."""
        self.run_method("show", lines, empty)
