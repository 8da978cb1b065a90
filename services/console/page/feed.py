"""The feed of one session: its filter, and the lines it sends to the browser."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from nicegui import background_tasks, ui

from events.catalogue import FAMILIES
from services.console.lines import is_wanted, line_of
from services.console.live import Live
from services.console.page.drawings import FeedDrawing
from services.console.ports import FeedFilter
from services.console.tail import News

SHOWN = 200
"""Lines a session has when it begins."""
PER_TICK = 5
"""New lines a session gets per tick; more cannot be read, and are counted instead."""
EVERY_FAMILY = "Every family"


class FeedColumn:
    """The activity column of one session."""

    def __init__(
        self,
        live: Live,
        wanted: FeedFilter,
        on_filter: Callable[[FeedFilter], None],
        on_deal: Callable[[str], Any],
    ) -> None:
        """Draw the column into the current slot."""
        self._live = live
        self._wanted = wanted
        self._on_filter = on_filter
        self._turn = 0
        self._ready = False
        with ui.element("section").classes("panel activity").props('aria-labelledby="activity"'):
            with ui.element("div").classes("panel-head"):
                with ui.element("h2").props("id=activity"):
                    ui.label("Activity")
                ui.label("times in UTC").classes("muted")
                self._clear = (
                    ui.button("Clear filter", on_click=lambda: self.choose(FeedFilter()))
                    .props("flat dense no-caps")
                    .classes("clear")
                )
            self._draw_filter()
            self._error = ui.label().classes("error-text").props("role=alert")
            self._drawing = FeedDrawing().classes("fill-rest")
            self._drawing.on("deal", lambda event: on_deal(str(event.args)))
            self._drawing.on("account", lambda event: self.narrow(account=str(event.args)))
            self._drawing.on("actor", lambda event: self.narrow(actor=str(event.args)))
        self._clear.set_visibility(bool(wanted))
        self.show_error(live.feed_error)

    def _draw_filter(self) -> None:
        with ui.element("div").classes("filters").props('role=group aria-label="Filter activity"'):
            self._family = ui.select(
                {"": EVERY_FAMILY} | {family: family.capitalize() for family in FAMILIES},
                value=self._wanted.family if self._wanted.family in FAMILIES else "",
                on_change=lambda event: self._changed("family", event.value),
            ).props('dense outlined options-dense aria-label="Family"')
            self._inputs = {
                name: self._text_input(name) for name in ("account", "deal", "actor", "team")
            }

    def _text_input(self, name: str) -> ui.input:
        label = "Rep" if name == "actor" else name.capitalize()
        return ui.input(
            placeholder=label,
            value=getattr(self._wanted, name),
            on_change=lambda event: self._changed(name, event.value),
        ).props(f'dense outlined clearable debounce=250 aria-label="{label}"')

    def begin(self) -> None:
        """Send all lines; the browser has none, or may have missed some."""
        self._again()

    def narrow(self, **names: str) -> None:
        """Ask for these names beside what the filter asks for already."""
        self.choose(replace(self._wanted, **names))

    def choose(self, wanted: FeedFilter) -> None:
        """Set the filter and show what passes it."""
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._family.set_value(wanted.family)
        for name, box in self._inputs.items():
            box.set_value(getattr(wanted, name))
        self._clear.set_visibility(bool(wanted))
        self._on_filter(wanted)
        self._again()

    def _changed(self, name: str, value: str | None) -> None:
        known = {field.name for field in fields(FeedFilter)}
        if name in known:
            self.choose(replace(self._wanted, **{name: (value or "").strip()}))

    def show_news(self, news: News) -> None:
        """Send what is new and wanted; what is too much to read is only counted."""
        if news.first:
            self._again()
            return
        if not self._ready:
            return
        passed = [item for item in news.items if is_wanted(item, self._wanted)]
        # What went by too fast to be looked at cannot be said to pass a filter.
        left_out = max(0, len(passed) - PER_TICK) + (0 if self._wanted else news.skipped)
        if passed or left_out:
            self._drawing.add([line_of(item) for item in passed[-PER_TICK:]], left_out)

    def show_error(self, reason: str) -> None:
        """Say that the feed cannot be read; an empty reason says that it can again."""
        self._error.set_text(f"The feed cannot be read: {reason}" if reason else "")
        self._error.set_visibility(bool(reason))

    def _again(self) -> None:
        self._turn += 1
        self._ready = False
        background_tasks.create(self._send_all(self._turn), name="console feed")

    async def _send_all(self, turn: int) -> None:
        wanted = self._wanted
        error = ""
        try:
            found = await self._live.tail.matching(wanted, SHOWN)
        # Whatever the port raises when it searches is told where the lines would be.
        except Exception as failure:  # noqa: BLE001
            found, error = [], f"Older events cannot be searched: {failure}"
        if turn != self._turn or self._drawing.is_deleted:
            return
        if not self._live.tail.begun:
            return  # the first news will come and call again
        self._ready = True
        self._drawing.show([line_of(item) for item in found], error or self._nothing())

    def _nothing(self) -> str:
        if self._wanted:
            return "No event passes the filter yet. New ones appear here as they are recorded."
        return "Nothing is on the tape yet. Events appear here as they are recorded."
