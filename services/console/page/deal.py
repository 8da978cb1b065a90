"""The dialog with the history of a deal: each event with both clocks, and the state after it."""

from nicegui import ui

from services.console.clocks import Clocks
from services.console.lines import history_model
from services.console.live import Live
from services.console.page.drawings import HistoryDrawing


class DealDialog:
    """The dialog of one session; one deal at a time."""

    def __init__(self, live: Live) -> None:
        """Draw the dialog, closed, into the current slot."""
        self._live = live
        self._deal = ""
        with (
            ui.dialog().props('aria-labelledby="deal-title"') as self._dialog,
            ui.element("div").classes("dialog").props('role=document data-dialog="deal"'),
        ):
            with ui.element("div").classes("panel-head"):
                with ui.element("h2").props("id=deal-title"):
                    self._title = ui.label()
                self._then = ui.label().classes("facts-line")
                ui.button(icon="close", on_click=self._dialog.close).props(
                    'flat round dense aria-label="Close"'
                ).classes("push-right")
            self._note = ui.label().classes("empty")
            self._error = ui.label().classes("error-text").props("role=alert")
            self._drawing = HistoryDrawing(model=None)

    async def open(self, deal: str, clocks: Clocks) -> None:
        """Open the dialog with the history of a deal, as of the clocks."""
        self._deal = deal
        self._title.set_text(f"Deal {deal}")
        self._then.set_text(clocks.describe())
        self._say(note="Asking …")
        self._dialog.open()
        panels = self._live.ports.panels
        try:
            steps = await self._live.threads.run(
                panels.deal_history, deal, clocks.as_of, clocks.known_at
            )
        # Whatever the port raises is told in the dialog.
        except Exception as error:  # noqa: BLE001
            if deal == self._deal:
                self._say(error=f"The history of the deal cannot be read: {error}")
            return
        if deal != self._deal or self._dialog.is_deleted:
            return  # another deal was opened meanwhile, or the session is gone
        if not steps:
            then = f" {clocks.describe()}" if not clocks.live else ""
            self._say(note=f"There is no event of deal {deal}{then}.")
            return
        self._say()
        self._drawing.set_visibility(True)
        self._drawing.draw(model=history_model(deal, steps))

    def _say(self, note: str = "", error: str = "") -> None:
        for label, text in ((self._note, note), (self._error, error)):
            label.set_text(text)
            label.set_visibility(bool(text))
        self._drawing.set_visibility(False)
