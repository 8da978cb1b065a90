"""The three panels of one session: funnel, quota attainment, churn signals."""

from collections.abc import Callable

from nicegui import ui

from services.console import formats
from services.console.board import NAMES, Answers, Panel
from services.console.clocks import Clocks
from services.console.page.drawings import ChurnDrawing, FunnelDrawing, QuotaDrawing

CURRENT_PERIOD = "Current period"


class Frame:
    """A panel without its content: title, facts, time of the last update, empty and error state."""

    def __init__(self, name: str, title: str) -> None:
        """Draw the frame into the current slot."""
        with (
            ui.element("section")
            .classes(f"panel {name}-panel")
            .props(f'aria-labelledby="{name}" data-panel="{name}"')
        ):
            with ui.element("div").classes("panel-head") as self.head:
                with ui.element("h2").props(f"id={name}"):
                    ui.label(title)
                self.tools = ui.element("div").classes("tools")
                self.facts = ui.label().classes("facts-line")
                self._updated = ui.label().classes("updated muted")
            self._error = ui.label().classes("error-text").props("role=alert")
            self._empty = ui.label("Asking …").classes("empty")
            self.body = ui.element("div").classes("panel-body").props("tabindex=0")
        self._error.set_visibility(False)
        self.body.set_visibility(False)

    def show(self, panel: Panel, empty: str) -> bool:
        """Show the state of a panel; tell whether there is content to be drawn.

        `empty` is said instead of content where it is not empty itself.
        """
        self._updated.set_text(f"updated {formats.clock(panel.at)}" if panel.at else "")
        if panel.error:
            since = " What is shown is older." if panel.answer is not None else ""
            self._error.set_text(f"This panel cannot be refreshed: {panel.error}{since}")
        self._error.set_visibility(bool(panel.error))
        asked = panel.answer is not None
        self._empty.set_text(empty if asked else "" if panel.error else "Asking …")
        has_content = asked and not empty
        self._empty.set_visibility(not has_content and not (panel.error and not asked))
        self.body.set_visibility(has_content)
        return has_content


class Panels:
    """The panels of one session."""

    def __init__(
        self,
        pipeline: str,
        period: str,
        on_period: Callable[[str], None],
        on_rep: Callable[[str], None],
        on_account: Callable[[str], None],
    ) -> None:
        """Draw the panels into the current slot."""
        self._pipeline = pipeline
        self._period = period
        self._on_period = on_period
        self._answers: Answers = {name: Panel() for name in NAMES}
        self._then = ""
        self._funnel = Frame("funnel", "Funnel")
        with self._funnel.body:
            self._funnel_drawing = FunnelDrawing(model=None, pipeline=pipeline)
        self._quotas = Frame("quotas", "Quota attainment")
        self._draw_period_choice()
        with self._quotas.body:
            self._quota_drawing = QuotaDrawing(model=None)
        self._quota_drawing.on("rep", lambda event: on_rep(str(event.args)))
        self._churn = Frame("churn", "Churn signals")
        with self._churn.body:
            self._churn_drawing = ChurnDrawing(model=None)
        self._churn_drawing.on("account", lambda event: on_account(str(event.args)))

    def _draw_period_choice(self) -> None:
        with self._quotas.tools:
            self._periods = (
                ui.select(
                    {"": CURRENT_PERIOD} | ({self._period: self._period} if self._period else {}),
                    value=self._period,
                    on_change=lambda event: self._choose_period(str(event.value or "")),
                )
                .props('dense outlined options-dense aria-label="Quota period"')
                .classes("pick period")
            )

    def show(self, answers: Answers, clocks: Clocks) -> None:
        """Show what is known for these clocks."""
        self._answers = answers
        self._then = "" if clocks.live else f" {clocks.describe()}"
        self._show_funnel()
        self._show_quotas()
        self._show_churn()

    def choose_pipeline(self, pipeline: str) -> None:
        """Show one pipeline, or all for an empty name."""
        self._pipeline = pipeline
        self._show_funnel()

    def _choose_period(self, period: str) -> None:
        if period != self._period:
            self._period = period
            self._on_period(period)
            self._show_quotas()

    def _show_funnel(self) -> None:
        panel = self._answers["funnel"]
        names = [one["name"] for one in panel.answer["pipelines"]] if panel.answer else []
        empty = ""
        if not names and self._then:
            empty = f"No deal was in a pipeline{self._then}."
        elif not names:
            empty = "No deal is in a pipeline yet: the funnel fills when the first one is opened."
        elif self._pipeline and self._pipeline not in names:
            empty = f"No deal is in the pipeline {self._pipeline}{self._then}."
        if self._funnel.show(panel, empty):
            self._funnel_drawing.draw(model=panel.answer, pipeline=self._pipeline)

    def _show_quotas(self) -> None:
        panel = self._answers["quotas"]
        book = panel.answer
        empty = ""
        if book is None or not book.periods:
            empty = (
                f"No quota had been set{self._then}."
                if self._then
                else "No quota has been set yet: attainment shows when the first rep is given one."
            )
        shown = self._quotas.show(panel, empty)
        self._periods.set_visibility(shown)
        if not shown:
            self._quotas.facts.set_text("")
            return
        model = book.model(self._period)
        options = {"": CURRENT_PERIOD if self._period else model["label"]}
        options |= model["periods"]
        if self._period not in options:
            options[self._period] = model["label"]
        if options != self._periods.options:
            self._periods.set_options(options, value=self._period)
        reached = "reached it" if model["over"] else "on pace"
        self._quotas.facts.set_text(
            f"{model['when']} · {model['on_pace']} of {model['count']} {reached}"
        )
        self._quota_drawing.draw(model=model)

    def _show_churn(self) -> None:
        panel = self._answers["churn"]
        model = panel.answer
        empty = ""
        if model is not None and not model["accounts"]:
            empty = (
                f"No account had bought{self._then}."
                if self._then
                else "No account has bought yet: signals are read from how accounts buy."
            )
        elif model is not None and not model["flagged"]:
            empty = (
                f"No sign of churn: no rule fires for any of the {model['accounts_text']} accounts "
                f"that bought{self._then}."
            )
        shown = self._churn.show(panel, empty)
        self._churn.facts.set_text(
            f"{model['flagged_text']} of {model['accounts_text']} accounts ({model['share']})"
            if shown
            else ""
        )
        if shown:
            self._churn_drawing.draw(model=model)
