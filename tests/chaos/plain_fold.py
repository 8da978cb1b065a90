"""The derived tables by another path: a plain fold of the tape, with no SQL and no code of ours.

Knows the event types that the chaos tests tell (`told_floor`), and nothing of keys, slices,
versions or generations: all records at once, in Python.
"""

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

Row = tuple[Any, ...]
AMENDED = ("sales.event.corrected.v1", "sales.event.retracted.v1")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

QUERIES = {
    "deals": "deal, account, pipeline, stage, status, owner, amount, currency, opened_at, "
    "closed_at, last_event_at, events",
    "accounts": "account, purchases, purchase_value, returns, return_value, first_purchase_at, "
    "last_purchase_at, last_contact_at, last_event_at, events",
    "rep_days": "rep, day, currency, calls, deals_opened, wins, won_amount, losses, purchases, "
    "purchase_amount, returns, return_amount, events",
    "quotas": "rep, measure, period_start, period_end, amount, currency",
    "conflicts": "partition, offset",
    "pipelines": "pipeline, stage",
}
"""Derived table to the columns that the fold answers for."""


class Told(NamedTuple):
    """A record of the tape that is an event."""

    recorded_at: datetime
    partition: int
    offset: int
    event: Mapping[str, Any]

    @property
    def place(self) -> tuple[datetime, int, int]:
        return self.recorded_at, self.partition, self.offset

    @property
    def name(self) -> tuple[str, str]:
        return self.event["source"], self.event["id"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def content(event: Mapping[str, Any]) -> str:
    """What tells one told event from another: contradictions differ in time. The gateway writes
    the payload out anew, with what was left out, so that is no part of it."""
    return f"{event['source']} {event['id']} {event['type']} {moment(event['time'])}"


class Fold:
    """Takes records as they come, and says what every table must hold."""

    def __init__(self) -> None:
        self.records: list[Told] = []
        self.unreadable = 0

    def add(self, records: Iterable[Any]) -> None:
        """Take records of a tape."""
        for record in records:
            try:
                event = json.loads(record.value)
                _ = event["source"], event["id"], moment(event["time"])
            except (ValueError, KeyError, TypeError):
                self.unreadable += 1
                continue
            self.records.append(Told(record.recorded_at, record.partition, record.offset, event))

    def tables(self) -> dict[str, list[Row]]:
        """Return the rows of every table, sorted as text."""
        firsts, beaten = self._judged()
        live = self._effective(firsts)
        found: dict[str, list[Row]] = {
            "conflicts": [(told.partition, told.offset) for told in beaten],
            "deals": _deals(live),
            "accounts": _accounts(live),
            "rep_days": _rep_days(live),
            "quotas": _quotas(live),
            "pipelines": _pipelines(live),
        }
        return {name: sorted(rows, key=repr) for name, rows in found.items()}

    def _judged(self) -> tuple[dict[tuple[str, str], Told], list[Told]]:
        """Return the first record of each name, and those that lost against it."""
        firsts: dict[tuple[str, str], Told] = {}
        beaten = []
        for told in sorted(self.records, key=lambda told: told.place):
            first = firsts.setdefault(told.name, told)
            if content(told.event) != content(first.event) and told.event["type"] not in AMENDED:
                beaten.append(told)
        return firsts, beaten

    def _effective(self, firsts: Mapping[tuple[str, str], Told]) -> list[dict[str, Any]]:
        """Return live events as they are after amendments, in their order."""
        latest: dict[tuple[str, str], dict[str, Any]] = {}
        for told in firsts.values():
            event = told.event
            if event["type"] in AMENDED:
                target = event["data"]["target_source"], event["data"]["target_id"]
                before = latest.get(target)
                if before is None or order_of(before) < order_of(event):
                    latest[target] = dict(event)
        found = []
        for told in firsts.values():
            event = dict(told.event)
            if event["type"] in AMENDED:
                continue
            amendment = latest.get(told.name)
            if amendment is not None and amendment["type"] == AMENDED[1]:
                continue
            if amendment is not None:
                data = amendment["data"]
                event |= {"time": data["corrected_time"], "data": data["payload"]}
            event["at"] = moment(event["time"])
            found.append(event)
        return sorted(found, key=lambda e: (e["at"], e.get("sequence", 0), e["source"], e["id"]))


def order_of(event: Mapping[str, Any]) -> tuple[datetime, str, str]:
    return moment(event["time"]), event["source"], event["id"]


def _deals(events: Iterable[Mapping[str, Any]]) -> list[Row]:
    found: dict[str, dict[str, Any]] = {}
    own = set()
    for event in events:
        name = event.get("deal")
        if not name:
            continue
        deal = found.setdefault(
            name,
            dict.fromkeys(("account", "pipeline", "stage", "owner", "currency"), "")
            | {"status": "open", "amount": None, "opened_at": None, "closed_at": None, "events": 0}
            | {"first_at": event["at"], "actor": ""},
        )
        deal["events"] += 1
        deal["last_at"] = event["at"]
        deal["account"] = event.get("account") or deal["account"]
        kind, data = event["type"], event["data"]
        if not kind.startswith("sales.deal."):
            continue
        own.add(name)
        deal["pipeline"] = data.get("pipeline", deal["pipeline"])
        if kind == "sales.deal.opened.v1":
            deal["owner"] = event.get("actor") or deal["owner"]
            deal["opened_at"] = min(deal["opened_at"] or event["at"], event["at"])
        deal["actor"] = event.get("actor") or deal["actor"]
        if kind in ("sales.deal.opened.v1", "sales.deal.stage_changed.v1"):
            deal["stage"] = data.get("stage", deal["stage"])
        if data.get("amount") is not None:
            deal["amount"], deal["currency"] = Decimal(data["amount"]), data.get("currency", "")
        if kind in ("sales.deal.won.v1", "sales.deal.lost.v1"):
            deal["status"] = kind.split(".")[2]
            deal["closed_at"] = event["at"]
        elif kind == "sales.deal.opened.v1":
            deal["status"], deal["closed_at"] = "open", None
    return [
        (
            name, deal["account"], deal["pipeline"], deal["stage"], deal["status"],
            deal["owner"] or deal["actor"], deal["amount"], deal["currency"],
            deal["opened_at"] or deal["first_at"], deal["closed_at"], deal["last_at"],
            deal["events"],
        )
        for name, deal in found.items()
        if name in own
    ]  # fmt: skip


def _accounts(events: Iterable[Mapping[str, Any]]) -> list[Row]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        if event.get("account"):
            found[event["account"]].append(event)
    rows = []
    for account, told in found.items():
        bought = [e for e in told if e["type"] == "sales.purchase.made.v1"]
        returned = [e for e in told if e["type"] == "sales.purchase.returned.v1"]
        contacts = [e["at"] for e in told if e["type"].startswith("sales.call.")]
        money = bool(bought or returned)
        rows.append(
            (
                account, len(bought), _sum(bought) if money else None, len(returned),
                -_sum(returned) if money else None,
                min((e["at"] for e in bought), default=None),
                max((e["at"] for e in bought), default=None),
                max(contacts, default=None), max(e["at"] for e in told), len(told),
            )
        )  # fmt: skip
    return rows


def _sum(events: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((Decimal(event["data"]["amount"]) for event in events), Decimal(0))


def _rep_days(events: Iterable[Mapping[str, Any]]) -> list[Row]:
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        if event.get("actor"):
            day = event["at"].date()
            found[event["actor"], day, event["data"].get("currency", "")].append(event)
    rows = []
    for key, told in found.items():
        by_type = defaultdict(list)
        for event in told:
            by_type[event["type"]].append(event)
        calls = sum(len(those) for kind, those in by_type.items() if kind.startswith("sales.call."))
        won, lost = by_type["sales.deal.won.v1"], by_type["sales.deal.lost.v1"]
        bought, returned = by_type["sales.purchase.made.v1"], by_type["sales.purchase.returned.v1"]
        rows.append(
            (
                *key, calls, len(by_type["sales.deal.opened.v1"]), len(won), _sum(won), len(lost),
                len(bought), _sum(bought), len(returned), -_sum(returned), len(told),
            )
        )  # fmt: skip
    return rows


def _quotas(events: Iterable[Mapping[str, Any]]) -> list[Row]:
    found: dict[tuple[str | int, ...], Row] = {}
    for event in events:
        if event["type"] == "sales.quota.set.v1":
            data = event["data"]
            start, end = data["period_start"], data["period_end"]
            currency = data.get("currency", "")
            days = (date.fromisoformat(end) - date.fromisoformat(start)).days + 1
            kind = bisect_left((1, 10, 45, 135, 270), days)
            key = event["actor"], data["measure"], start, kind, currency
            found[key] = (
                event["actor"], data["measure"], datetime.fromisoformat(start).date(),
                datetime.fromisoformat(end).date(), Decimal(data["amount"]), currency,
            )  # fmt: skip
    return list(found.values())


def _pipelines(events: Iterable[Mapping[str, Any]]) -> list[Row]:
    latest = {
        event["data"]["pipeline"]: event["data"]["stages"]
        for event in events
        if event["type"] == "sales.pipeline.defined.v1"
    }
    return [(name, stage["name"]) for name, stages in latest.items() for stage in stages]


def as_plain(value: Any) -> Any:
    """Return a value of the engine as the fold has it: aware times, money without scale."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return value


def differences(expected: Mapping[str, list[Row]], found: Mapping[str, list[Row]]) -> list[str]:
    """Return what of each table is missing or too much, a few rows of each."""
    told = []
    for name, rows in expected.items():
        wanted, there = map(_counted, (rows, found[name]))
        for what, some in (("missing", wanted - there), ("too much", there - wanted)):
            told += [f"{name}: {what}: {row}" for row in sorted(some, key=repr)[:3]]
    return told


def _counted(rows: Iterable[Row]) -> set[Row]:
    return {tuple(_scaled(as_plain(value)) for value in row) for row in rows}


def _scaled(value: Any) -> Any:
    return value.normalize() + 0 if isinstance(value, Decimal) else value
