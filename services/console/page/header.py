"""The header: whose page it is, how the platform is, which pipeline and which clocks are shown."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nicegui import ui

from services.console import formats
from services.console.clocks import ClockError, Clocks, as_given, in_words, moment_given
from services.console.pulse import Beat

ICON = Path(__file__).parent.parent / "icon.svg"
ALL_PIPELINES = "All pipelines"
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "salestape_theme"
_DARK = {"auto": None, "light": False, "dark": True}
_THEME_ICONS = {"auto": "brightness_auto", "light": "light_mode", "dark": "dark_mode"}


class Header:
    """The header of one session."""

    def __init__(
        self,
        title: str,
        theme: str,
        clocks: Clocks,
        pipeline: str,
        on_clocks: Callable[[Clocks], None],
        on_pipeline: Callable[[str], None],
    ) -> None:
        """Draw the header into the current slot."""
        self._on_clocks = on_clocks
        self._on_pipeline = on_pipeline
        self._last_event_at: datetime | None = None
        with ui.element("header").classes("top"):
            with ui.element("div").classes("brand"):
                ui.html(ICON.read_text(), sanitize=False).classes("logo").props("aria-hidden=true")
                with ui.element("h1"):
                    ui.label(title)
            self._draw_pulse()
            ui.element("div").classes("stretch")
            self._pipeline = (
                ui.select(
                    [ALL_PIPELINES, *([pipeline] if pipeline else [])],
                    value=pipeline or ALL_PIPELINES,
                    label="Pipeline",
                    on_change=lambda event: self._choose_pipeline(str(event.value)),
                )
                .props('dense outlined options-dense aria-label="Pipeline"')
                .classes("pick")
            )
            self._draw_clocks(clocks)
            self._draw_theme(theme)
        with ui.element("div").classes("banner").props("role=status") as self._banner:
            self._banner_text = ui.label()
            ui.button("Back to now", on_click=lambda: self._choose_clocks(Clocks())).props(
                "flat dense no-caps"
            )
        self.show_clocks(clocks)

    def _draw_pulse(self) -> None:
        with ui.element("div").classes("pulse"):
            with ui.element("span").classes("state unknown").props("role=status") as self._state:
                self._word = ui.label("Connecting").classes("word")
                ui.label("Offline").classes("offline-word")
            self._figures = {}
            for name, unit in (("events", "events"), ("lag", "lag"), ("rate", "/s")):
                with ui.element("span").classes(f"figure {name}") as figure:
                    self._figures[name] = ui.label(formats.NONE).classes("value")
                    ui.label(unit).classes("unit").move(figure, 0 if name == "lag" else -1)

    def _draw_clocks(self, clocks: Clocks) -> None:
        with (
            ui.button(icon="schedule")
            .props('outline no-caps aria-haspopup=dialog aria-label="Clocks"')
            .classes("clock-button") as self._clock_button
        ):
            self._clock_label = ui.label()
            with ui.menu().classes("clock-menu") as self._menu:
                self._fill_menu()
        self._set_inputs(clocks)

    def _fill_menu(self) -> None:
        with ui.element("form").classes("clock-form").props("novalidate") as form:
            ui.label("As of").classes("clock-title")
            ui.label("what has happened until then").classes("muted")
            with ui.element("div").classes("clock-row"):
                self._as_of = _day_input("As of day")
                self._as_of_time = _time_input("As of time")
            ui.label("Known at").classes("clock-title")
            ui.label("what the tape had learnt by then").classes("muted")
            with ui.element("div").classes("clock-row"):
                self._known_at = _day_input("Known at day")
                self._known_at_time = _time_input("Known at time")
            ui.label(
                "UTC. An empty day is now, an empty time the end of the day. The clocks move the "
                "panels; the feed stays live."
            ).classes("muted note")
            self._clock_error = ui.label().classes("error-text").props("role=alert")
            with ui.element("div").classes("clock-actions"):
                ui.button("Now", on_click=lambda: self._choose_clocks(Clocks())).props(
                    "flat no-caps type=button"
                )
                ui.button("Last event", on_click=self._at_last_event).props(
                    "flat no-caps type=button"
                ).tooltip("As of the day of the latest event on the tape")
                ui.button("Show").props("unelevated no-caps type=submit")
        form.on("submit.prevent", self._submit_clocks)

    def _draw_theme(self, theme: str) -> None:
        self._theme = theme if theme in THEMES else "auto"
        self._dark = ui.dark_mode(_DARK[self._theme])
        self._theme_button = (
            ui.button(icon=_THEME_ICONS[self._theme], on_click=self._next_theme)
            .props("flat round dense")
            .classes("theme")
        )
        self._tell_theme()

    def show_beat(self, beat: Beat) -> None:
        """Show how the platform is."""
        self._last_event_at = beat.last_event_at
        self._state.classes(replace=f"state {beat.state}")
        self._state.props["title"] = beat.reason
        self._word.set_text(beat.word)
        for name, value in (("events", beat.events), ("lag", beat.lag), ("rate", beat.rate)):
            self._figures[name].set_text(value)

    def show_pipelines(self, names: Sequence[str]) -> None:
        """Offer these pipelines, and the one that is chosen."""
        chosen = str(self._pipeline.value)
        options = [ALL_PIPELINES, *names]
        if chosen not in options:
            options.append(chosen)
        if options != self._pipeline.options:
            self._pipeline.set_options(options, value=chosen)

    def show_clocks(self, clocks: Clocks) -> None:
        """Say where the clocks stand."""
        self._clock_label.set_text("Now" if clocks.live else _short(clocks))
        self._clock_button.classes(add="" if clocks.live else "moved", remove="moved" * clocks.live)
        self._banner.set_visibility(not clocks.live)
        self._banner_text.set_text(f"The panels show what was true {clocks.describe()}.")

    def _choose_pipeline(self, name: str) -> None:
        self._on_pipeline("" if name == ALL_PIPELINES else name)

    def _choose_clocks(self, clocks: Clocks) -> None:
        self._clock_error.set_text("")
        self._set_inputs(clocks)
        self._menu.close()
        self.show_clocks(clocks)
        self._on_clocks(clocks)

    def _set_inputs(self, clocks: Clocks) -> None:
        for moment, day, time in (
            (clocks.as_of, self._as_of, self._as_of_time),
            (clocks.known_at, self._known_at, self._known_at_time),
        ):
            given, _, at = as_given(moment).partition("T")
            day.set_value(given)
            time.set_value(at)

    def _submit_clocks(self) -> None:
        try:
            clocks = Clocks(
                _given(self._as_of, self._as_of_time), _given(self._known_at, self._known_at_time)
            )
        except ClockError as error:
            self._clock_error.set_text(str(error))
            return
        self._choose_clocks(clocks)

    def _at_last_event(self) -> None:
        if self._last_event_at is None:
            self._clock_error.set_text("There is no event on the tape yet.")
            return
        day = self._last_event_at.astimezone(UTC).date()
        self._choose_clocks(Clocks(as_of=moment_given(f"{day}")))

    def _next_theme(self) -> None:
        self._theme = THEMES[(THEMES.index(self._theme) + 1) % len(THEMES)]
        self._dark.set_value(_DARK[self._theme])
        self._theme_button.props(f"icon={_THEME_ICONS[self._theme]}")
        self._tell_theme()
        ui.run_javascript(
            f'document.cookie = "{THEME_COOKIE}={self._theme}; path=/; max-age=31536000; '
            'samesite=strict"'
        )

    def _tell_theme(self) -> None:
        words = f"Colours: {self._theme}"
        self._theme_button.props(f'aria-label="{words}" title="{words}"')


def _day_input(label: str) -> ui.input:
    return ui.input().props(f'type=date dense outlined aria-label="{label}"')


def _time_input(label: str) -> ui.input:
    return ui.input().props(f'type=time dense outlined aria-label="{label}"')


def _given(day: ui.input, time: ui.input) -> datetime | None:
    if not day.value and time.value:
        raise ClockError("a time needs its day")
    return moment_given(f"{day.value or ''}{'T' + time.value if time.value else ''}")


def _short(clocks: Clocks) -> str:
    told = ", ".join(
        f"{word} {in_words(moment).removeprefix('the end of ')}"
        for word, moment in (("as of", clocks.as_of), ("known at", clocks.known_at))
        if moment
    )
    return told[:1].upper() + told[1:]
