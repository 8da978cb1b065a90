"""Which team each rep is in now, kept in memory for the feed, which asks for every event."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from clickhouse_connect.driver.client import Client

from infra.warehouse import FAILURES, brief, code_of

log = logging.getLogger(__name__)

REFRESH_SECONDS = 2.0
_NOT_THERE = (60, 81)  # no such table, no such database: a projector is about to make them
_TYPES = "('sales.rep.team_assigned.v1', 'sales.rep.joined.v1')"
_LAST = f"SELECT count(), max((partition, offset)) FROM sales_store.tape WHERE type IN {_TYPES}"
_TEAMS = f"""
SELECT actor, argMax(assumeNotNull(team), (time, sequence, source, id))
FROM sales.events
WHERE type IN {_TYPES} AND actor != '' AND team IS NOT NULL
    AND key IN (SELECT key FROM sales_store.events WHERE type IN {_TYPES})
GROUP BY actor
"""


class Teams:
    """The teams of all reps, a few seconds old at most while `run` runs."""

    def __init__(self, client: Client) -> None:
        """`client` is for this alone; who composes it closes it."""
        self._client = client
        self._teams: Mapping[str, str] = {}
        self._seen: Any = None

    def of(self, rep: str) -> str | None:
        """Return the team of a rep, None where it is not known."""
        return self._teams.get(rep)

    def of_all(self) -> Mapping[str, str]:
        """Return rep to team."""
        return self._teams

    def refresh(self) -> None:
        """Ask the warehouse, where anything about teams has been recorded since."""
        last = self._client.query(_LAST).result_rows
        if last != self._seen:
            rows = self._client.query(_TEAMS).result_rows
            self._teams = {str(rep): str(team) for rep, team in rows}
            self._seen = last

    def run(self, stop: threading.Event) -> None:
        """Keep up until `stop` is set. Blocks."""
        told = ""
        while not stop.is_set():
            try:
                self.refresh()
                told = ""
            except FAILURES as error:
                if code_of(error) not in _NOT_THERE and brief(error) != told:
                    told = brief(error)
                    log.warning("which team reps are in cannot be asked: %s", told)
            stop.wait(REFRESH_SECONDS)
