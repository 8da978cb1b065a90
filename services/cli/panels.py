"""What the console's panels are given: questions of the warehouse, and how the platform is."""

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

from infra import clock
from projections.moments import as_parameter
from services.audit.history import DealReplay, Line, UnknownDeal
from services.audit.replay import replay
from services.cli.house import House
from services.console.ports import ChurnSignals, Health, HistoryStep, Row
from services.query.answers import Answer


class WarehousePanels:
    """The questions of the page over an opened house. Safe to use from several threads."""

    def __init__(self, house: House, client: Client, version: Callable[[], Hashable]) -> None:
        """`client` is for these panels alone; who composes them closes it.

        `version` returns something that changes whenever a table has changed.
        """
        self._house = house
        self._client = client
        self._version = version
        self._last: tuple[Hashable, datetime | None] = ((), None)

    def version(self) -> Hashable:
        return self._version()

    def funnel(self, as_of: datetime | None, known_at: datetime | None) -> Sequence[Row]:
        return _rows(self._house.reader.show("funnel", *_clocks(as_of, known_at)))

    def quota_attainment(self, as_of: datetime | None, known_at: datetime | None) -> Sequence[Row]:
        return _rows(self._house.reader.show("quota_attainment", *_clocks(as_of, known_at)))

    def churn_signals(
        self, as_of: datetime | None, known_at: datetime | None, limit: int
    ) -> ChurnSignals:
        clocks = _clocks(as_of, known_at)
        rows = self._house.reader.show(
            "churn_signals", *clocks, where="notEmpty(rules)", limit=limit
        )
        read = "churn_signals"
        if clocks != (None, None):
            read += f"_at(as_of = '{clocks[0]}', known_at = '{clocks[1]}')"
        accounts, flagged, fired = self._house.reader.query(
            "SELECT count(), countIf(notEmpty(rules)), "
            f"sumMap(arrayDistinct(rules), arrayMap(_ -> 1, arrayDistinct(rules))) FROM {read}"
        ).rows[0]
        return ChurnSignals(
            rows=_rows(rows),
            accounts=int(accounts),
            flagged=int(flagged),
            fired={str(rule): int(count) for rule, count in zip(*fired, strict=True)},
        )

    def deal_history(
        self, deal: str, as_of: datetime | None, known_at: datetime | None
    ) -> Sequence[HistoryStep]:
        try:
            found = replay(self._client, deal, as_of, known_at)
        except UnknownDeal:
            return []
        return steps_of(found)

    def health(self) -> Health:
        state = self._house.health()
        return Health(
            events=sum(state.end.values()),
            lag=state.lag,
            trouble=dict(state.failures),
            last_event_at=self._last_event_at(tuple(state.position.items())),
        )

    def _last_event_at(self, position: Hashable) -> datetime | None:
        if self._last[0] != position:
            found = self._client.query(
                "SELECT maxOrNull(time) FROM sales_store.events WHERE kind = 0"
            ).result_rows[0][0]
            self._last = (position, None if found is None else found.replace(tzinfo=UTC))
        return self._last[1]


def _clocks(as_of: datetime | None, known_at: datetime | None) -> tuple[str | None, str | None]:
    """Return both clocks as text; one that stands at now is told where the other does not."""
    if as_of is None and known_at is None:
        return None, None
    present = clock.now()
    return as_parameter(as_of or present), as_parameter(known_at or present)


def _rows(answer: Answer) -> list[dict[str, Any]]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def steps_of(found: DealReplay) -> list[HistoryStep]:
    """Return a replay as the console shows it."""
    return [_step(line) for line in found.lines]


def _step(line: Line) -> HistoryStep:
    state = line.state
    amended = line.known_since if line.known_since != line.recorded_at else None
    told: dict[str, str] = {}
    if state is not None:
        told = {
            "status": state.status,
            "stage": state.stage or "",
            "amount": "" if state.amount is None else f"{state.amount:f}",
            "currency": state.currency or "",
            "owner": state.owner or "",
            "account": state.account or "",
        }
    return HistoryStep(
        time=line.time,
        recorded_at=line.recorded_at,
        type=line.type,
        actor=line.actor or "",
        payload=line.payload,
        standing=line.standing,
        amended_at=amended,
        source=line.source,
        id=line.id,
        **told,
    )
