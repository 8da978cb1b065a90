"""One session: a browser's page, what it looks at, and how it is told what is new."""

import json
from dataclasses import replace
from pathlib import Path

from nicegui import Client, ui

from services.console.clocks import Clocks
from services.console.live import Live
from services.console.page.deal import DealDialog
from services.console.page.feed import FeedColumn
from services.console.page.header import Header
from services.console.page.panels import Panels
from services.console.page.view import View
from services.console.ports import FeedFilter
from services.console.pulse import Beat
from services.console.tail import News

SHEETS = (
    "colours", "base", "fields", "header", "floor", "feed", "funnel", "quotas", "churn", "history",
    "widths",
)  # fmt: skip
"""The style sheets beside this module, in the order in which they apply."""


class Session:
    """A watcher of the live data, from its first connection until its page is gone."""

    def __init__(self, live: Live, client: Client, view: View, title: str, theme: str) -> None:
        """Draw the page of a client."""
        self._live = live
        self._client = client
        self._view = view
        for sheet in SHEETS:
            ui.add_css(Path(__file__).with_name(f"{sheet}.css"))
        with ui.element("div").classes("console"):
            self._header = Header(
                title, theme, view.clocks, view.pipeline, self._choose_clocks, self._choose_pipeline
            )
            with ui.element("div").classes("floor"):
                self._feed = FeedColumn(live, view.filter, self._keep_filter, self._open_deal)
                with ui.element("div").classes("panels"):
                    self._panels = Panels(
                        view.pipeline,
                        view.period,
                        on_period=lambda period: self._keep(replace(self._view, period=period)),
                        on_rep=lambda rep: self._feed.narrow(actor=rep),
                        on_account=lambda account: self._feed.narrow(account=account),
                    )
            self._deal = DealDialog(live)
        client.on_connect(self._begin)
        client.on_disconnect(self._pause)
        client.on_delete(self._pause)

    @property
    def clocks(self) -> Clocks:
        """The clocks its panels show."""
        return self._view.clocks

    def show_news(self, news: News) -> None:
        """Take up new events."""
        self._feed.show_news(news)

    def show_feed_error(self, reason: str) -> None:
        """Say that the feed cannot be read; an empty reason says that it can again."""
        self._feed.show_error(reason)

    def show_beat(self, beat: Beat) -> None:
        """Show how the platform is."""
        self._header.show_beat(beat)

    def show_answers(self) -> None:
        """Show what the board knows for the clocks."""
        answers = self._live.board.answers(self.clocks)
        funnel = answers["funnel"].answer
        if funnel:
            self._header.show_pipelines([one["name"] for one in funnel["pipelines"]])
        self._panels.show(answers, self.clocks)

    def _begin(self) -> None:
        # Also when a browser comes back: it may have missed what was sent meanwhile.
        self._live.join(self)
        self._feed.begin()
        self._feed.show_error(self._live.feed_error)
        self.show_beat(self._live.beat)
        self.show_answers()

    def _pause(self) -> None:
        if not self._client.has_socket_connection or self._client.is_deleted:
            self._live.leave(self)

    def _open_deal(self, deal: str) -> object:
        return self._deal.open(deal, self.clocks)

    def _choose_clocks(self, clocks: Clocks) -> None:
        self._keep(replace(self._view, clocks=clocks))
        self.show_answers()

    def _choose_pipeline(self, pipeline: str) -> None:
        self._keep(replace(self._view, pipeline=pipeline))
        self._panels.choose_pipeline(pipeline)

    def _keep_filter(self, wanted: FeedFilter) -> None:
        self._keep(replace(self._view, filter=wanted))

    def _keep(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self._client.run_javascript(
                f"history.replaceState(null, '', {json.dumps(view.address())})"
            )
