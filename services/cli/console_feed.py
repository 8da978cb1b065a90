"""The feed as the console reads it: stretches of the tape, and a search in the ledger."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC
from typing import Any

from clickhouse_connect.driver.client import Client
from pydantic_core import from_json, to_jsonable_python

from events.catalogue import CATALOGUE, FAMILIES
from events.envelope import AnyEvent
from events.parsing import Rejection, parse_events
from infra.tape import Record, Tape
from services.cli.teams import Teams
from services.console.ports import FeedFilter, FeedItem, FeedSlice

_SEARCH = """
SELECT partition, offset, recorded_at, time, type, account, deal, actor, subject, source, id, data
FROM sales_store.events
WHERE {condition}
ORDER BY recorded_at DESC, partition DESC, offset DESC
LIMIT {{limit:UInt32}}
"""


class TapeFeed:
    """The `Feed` of the console over a tape; `client` is for its searches alone."""

    def __init__(self, tape: Tape, teams: Teams, client: Client) -> None:
        self._tape = tape
        self._teams = teams
        self._client = client

    def latest(self, limit: int) -> FeedSlice:
        return self._newest({}, self._tape.ends(), limit, count_skipped=False)

    def since(self, position: Hashable, limit: int) -> FeedSlice:
        start = dict(position) if isinstance(position, tuple) else {}
        return self._newest(start, self._tape.ends(), limit, count_skipped=True)

    def _newest(
        self, start: Mapping[int, int], ends: Mapping[int, int], limit: int, *, count_skipped: bool
    ) -> FeedSlice:
        """Read what lies before `ends`, at most `limit` records of it, the newest."""
        total = sum(max(0, end - start.get(partition, 0)) for partition, end in ends.items())
        records: list[Record] = []
        for partition, end in ends.items():
            first = max(start.get(partition, 0), end - limit)
            others = {other: stop for other, stop in ends.items() if other != partition}
            found = (
                self._tape.read({**others, partition: first}, end - first) if end > first else []
            )
            records += [one for one in found if one.partition == partition and one.offset < end]
        records.sort(key=lambda one: (one.recorded_at, one.partition, one.offset))
        items = self._items(records[-limit:])
        skipped = max(0, total - limit) if count_skipped else 0
        return FeedSlice(items, tuple(sorted(ends.items())), skipped)

    def _items(self, records: Sequence[Record]) -> list[FeedItem]:
        events = parse_events([record.value for record in records])
        return [
            self._item(record, event)
            for record, event in zip(records, events, strict=True)
            if not isinstance(event, Rejection)
        ]

    def _item(self, record: Record, event: AnyEvent) -> FeedItem:
        return FeedItem(
            partition=record.partition,
            offset=record.offset,
            recorded_at=record.recorded_at,
            time=event.time,
            type=event.type,
            account=event.account or "",
            deal=event.deal or "",
            actor=event.actor or "",
            team=(self._teams.of(event.actor) if event.actor else None) or "",
            subject=event.subject or "",
            source=event.source,
            id=event.id,
            data=to_jsonable_python(event.data, exclude_none=True),
        )

    def search(self, wanted: FeedFilter, limit: int) -> Sequence[FeedItem]:
        conditions, parameters = ["1"], dict[str, Any](limit=limit)
        for column, part in (
            ("account", wanted.account),
            ("deal", wanted.deal),
            ("actor", wanted.actor),
        ):
            if part:
                conditions.append(f"positionCaseInsensitiveUTF8({column}, {{{column}:String}}) > 0")
                parameters[column] = part
        if wanted.family:
            conditions.append("type IN {types:Array(String)}")
            parameters["types"] = _types_of(wanted.family)
        if wanted.team:
            team = wanted.team.casefold()
            reps = [rep for rep, one in self._teams.of_all().items() if team in one.casefold()]
            conditions.append("actor IN {reps:Array(String)}")
            parameters["reps"] = reps
        rows = self._client.query(
            _SEARCH.format(condition=" AND ".join(conditions)), parameters=parameters
        ).result_rows
        return [self._found(row) for row in reversed(rows)]

    def _found(self, row: Sequence[Any]) -> FeedItem:
        partition, offset, recorded_at, time, kind, account, deal, actor, *rest = row
        subject, source, name, data = rest
        return FeedItem(
            partition=int(partition),
            offset=int(offset),
            recorded_at=recorded_at.replace(tzinfo=UTC),
            time=time.replace(tzinfo=UTC),
            type=kind,
            account=account,
            deal=deal,
            actor=actor,
            team=self._teams.of(actor) or "",
            subject=subject,
            source=source,
            id=name,
            data=from_json(data),
        )


def _types_of(family: str) -> list[str]:
    modules = {module.__name__ for module in FAMILIES.get(family, ())}
    return [name for name, payload in CATALOGUE.items() if payload.__module__ in modules]
