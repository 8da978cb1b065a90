"""Histories for the law: any set of events with repeats, conflicts, amendments and late arrivals.

A history is what lies on a tape of several partitions: fixed offsets and recording times. How it
is delivered is drawn apart from it, so that the same history can be told in many ways.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.tape import Entry, Positions, Receipt, Record, Tape

EPOCH = datetime(2024, 3, 4, 9, tzinfo=UTC)
ACCOUNTS = ("acct-1", "acct-2")
DEALS = ("deal-1", "deal-2", "deal-3")
REPS = ("rep-1", "rep-2")
STAGES = ("research", "contact", "needs")
PARTITIONS = 2

amounts = st.sampled_from(["1", "12.50", "-3", "99999999999999999999999999999.999999999", "0"])
currencies = st.sampled_from(["EUR", "USD"])
moments = st.integers(0, 40).map(lambda step: EPOCH + timedelta(hours=6 * step))
money = st.fixed_dictionaries({"amount": amounts, "currency": currencies})

PAYLOADS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "sales.deal.opened.v1": st.fixed_dictionaries(
        {"pipeline": st.just("main"), "stage": st.sampled_from(STAGES)},
        optional={"product": st.just("paper"), "lead": st.just("lead-1")},
    ),
    "sales.deal.stage_changed.v1": st.fixed_dictionaries({"stage": st.sampled_from(STAGES)}),
    "sales.deal.amount_changed.v1": money,
    "sales.deal.owner_changed.v1": st.just({}),
    "sales.deal.won.v1": money,
    "sales.deal.lost.v1": st.fixed_dictionaries({}, optional={"reason": st.just("price")}),
    "sales.deal.reopened.v1": st.fixed_dictionaries({"stage": st.sampled_from(STAGES)}),
    "sales.purchase.made.v1": money,
    "sales.purchase.returned.v1": money,
    "sales.account.created.v1": st.fixed_dictionaries({}, optional={"name": st.just("Paper")}),
    "sales.call.made.v1": st.fixed_dictionaries(
        {"direction": st.just("outbound")}, optional={"lead": st.just("lead-1")}
    ),
    "sales.lead.captured.v1": st.fixed_dictionaries(
        {
            "lead": st.sampled_from(["lead-1", "lead-2"]),
            "channel": st.just("web"),
            "direction": st.just("inbound"),
        }
    ),
    "sales.rep.team_assigned.v1": st.fixed_dictionaries(
        {"team": st.sampled_from(["north", "south"])}
    ),
    "sales.exchange_rate.set.v1": st.fixed_dictionaries(
        {
            "currency": st.just("USD"),
            "quote_currency": st.just("EUR"),
            "rate": st.sampled_from(["0.9", "0.95"]),
            "valid_from": st.sampled_from(["2024-03-01", "2024-03-06"]),
        }
    ),
    "sales.quota.set.v1": st.fixed_dictionaries(
        {
            "period_start": st.sampled_from(["2024-03-01", "2024-04-01"]),
            "period_end": st.just("2024-06-30"),
            "amount": amounts,
            "currency": currencies,
            "measure": st.sampled_from(["won_amount", "purchase_amount"]),
        }
    ),
    "sales.pipeline.defined.v1": st.sampled_from(
        [
            {
                "pipeline": "main",
                "stages": [{"name": s, "position": i + 1} for i, s in enumerate(o)],
            }
            for o in (STAGES, STAGES[::-1])
        ]
    ),
}


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(PAYLOADS)))
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": draw(st.sampled_from([f"e{n}" for n in range(12)])),
        "source": draw(st.sampled_from(["crm", "shop"])),
        "type": kind,
        "time": draw(moments).isoformat(),
        "sequence": draw(st.integers(0, 1)),
        "actor": draw(st.sampled_from(REPS)),
        "data": draw(PAYLOADS[kind]),
    }
    if kind.startswith("sales.deal."):
        event["deal"] = draw(st.sampled_from(DEALS))
        if account := draw(st.sampled_from((None, *ACCOUNTS))):
            event["account"] = account
    elif kind == "sales.pipeline.defined.v1":
        event["subject"] = "main"
        del event["actor"]
    elif kind == "sales.exchange_rate.set.v1":
        event["subject"] = "USD"
        del event["actor"]
    elif kind == "sales.lead.captured.v1":
        if draw(st.booleans()):
            event["subject"] = event["data"]["lead"]
            del event["actor"]
    elif kind not in ("sales.quota.set.v1", "sales.rep.team_assigned.v1"):
        event["account"] = draw(st.sampled_from(ACCOUNTS))
    return event


@st.composite
def amendments(draw: st.DrawFn, target: dict[str, Any]) -> dict[str, Any]:
    """An amendment of `target`, completed as the gateway would, sometimes wrongly."""
    corrects = draw(st.booleans())
    data: dict[str, Any] = {
        "target_source": target["source"],
        "target_id": target["id"],
        "target_type": target["type"],
        "target_time": target["time"],
    }
    if corrects:
        data["corrected_time"] = draw(moments).isoformat()
        data["payload"] = draw(PAYLOADS[target["type"]])
    amendment = {
        name: target[name] for name in ("account", "deal", "actor", "subject") if name in target
    }
    if draw(st.integers(0, 9)) == 0:
        amendment["actor"] = "rep-9"
    return amendment | {
        "specversion": "1.0",
        "id": f"a{draw(st.integers(0, 3))}",
        "source": "desk",
        "type": "sales.event.corrected.v1" if corrects else "sales.event.retracted.v1",
        "time": draw(moments).isoformat(),
        "data": data,
    }


@dataclass
class History:
    """The records of a tape, per partition in order of offset."""

    partitions: list[list[Record]]

    @property
    def records(self) -> list[Record]:
        return [record for partition in self.partitions for record in partition]


@st.composite
def histories(draw: st.DrawFn, most: int = 40) -> History:
    """A history: events, repeats of them, conflicts by chance of ids, amendments, bad records."""
    told: list[dict[str, Any]] = draw(st.lists(events(), min_size=1, max_size=most))
    told += [draw(amendments(draw(st.sampled_from(told)))) for _ in range(draw(st.integers(0, 12)))]
    told += draw(st.lists(st.sampled_from(told), max_size=6))
    told = draw(st.permutations(told))
    partitions: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    recorded = EPOCH + timedelta(days=30)
    for event in told:
        value = json.dumps(event).encode()
        parsed = parse_event(value)
        assert not isinstance(parsed, Rejection), (event, parsed)
        _record(partitions, draw, home_of(parsed), value, recorded)
        if draw(st.integers(0, 19)) == 0:
            _record(partitions, draw, "nowhere", b'{"not": "an event"}', recorded)
        recorded += timedelta(seconds=draw(st.integers(0, 2)))
    return History(partitions)


def _record(
    partitions: list[list[Record]], draw: st.DrawFn, key: str, value: bytes, recorded: datetime
) -> None:
    # Mostly a key keeps to its partition; after partitions were added it may lie in two.
    partition = sum(key.encode()) % PARTITIONS
    if draw(st.integers(0, 5)) == 0:
        partition = draw(st.integers(0, PARTITIONS - 1))
    into = partitions[partition]
    into.append(Record(partition, len(into), recorded, key, value))


@dataclass
class RevealedTape(Tape):
    """A tape of which only what was revealed so far can be read, one record at a time."""

    history: History
    revealed: list[int] = field(default_factory=lambda: [0] * PARTITIONS)

    def reveal(self, partition: int, count: int) -> None:
        most = len(self.history.partitions[partition])
        self.revealed[partition] = min(most, self.revealed[partition] + count)

    def reveal_all(self) -> None:
        self.revealed = [len(records) for records in self.history.partitions]

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        raise AssertionError("a history is not appended to")

    def read(self, start: Positions, limit: int) -> list[Record]:
        found = [
            record
            for partition, records in enumerate(self.history.partitions)
            for record in records[start.get(partition, 0) : self.revealed[partition]]
        ]
        return found[:limit]

    def ends(self) -> dict[int, int]:
        return dict(enumerate(self.revealed))

    def wait(self, start: Positions, timeout: float) -> bool:
        return bool(self.read(start, 1))

    def close(self) -> None:
        pass
