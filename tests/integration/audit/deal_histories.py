"""Random histories of deals, as they might lie on a tape: told late, twice, wrongly, taken back."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.tape import Entry

EPOCH = datetime(2021, 3, 1, 8, tzinfo=UTC)
REPS = ("rep-1", "rep-2", None)
STAGES = ("research", "contact", "needs", "proposal")
AMOUNTS = ("1", "12.50", "-3", "0", "99999999999999999999999999999.999999999", "0.000000001")


@dataclass
class Neighbourhood:
    """A few deals of two accounts, whose events share ids, so that conflicts come about."""

    name: str
    random: Random
    told: list[dict[str, Any]] = field(default_factory=list)
    homes: dict[str, str] = field(default_factory=dict)

    @property
    def deals(self) -> Sequence[str]:
        return [f"{self.name}-deal-{n}" for n in range(3)]

    def records(self, count: int) -> Iterator[Entry]:
        for _ in range(count):
            event = self._next()
            value = json.dumps(event).encode()
            parsed = parse_event(value)
            assert not isinstance(parsed, Rejection), (event, parsed)
            yield Entry(self._home(event, home_of(parsed)), value)

    def _home(self, event: dict[str, Any], usual: str) -> str:
        deal = event.get("deal")
        if deal is None:
            return usual
        if self.random.random() < 0.05:
            return f"{self.name}-elsewhere"
        return self.homes.setdefault(deal, usual)

    def _next(self) -> dict[str, Any]:
        turn = self.random.random()
        if self.told and turn < 0.12:
            return self.random.choice(self.told)
        if self.told and turn < 0.4:
            return self._amendment(self.random.choice(self.told))
        event = self._event()
        self.told.append(event)
        return event

    def _event(self) -> dict[str, Any]:
        pick = self.random.choice
        kind, data = self._payload(pick(KINDS))
        event = {
            "id": f"{self.name}-e{self.random.randrange(14)}",
            "source": pick(("crm", "desk")),
            "type": kind,
            "time": self._time(),
            "sequence": self.random.randrange(2),
            "deal": pick(self.deals),
            "account": pick((f"{self.name}-acct-1", f"{self.name}-acct-2", None)),
            "actor": pick(REPS),
            "data": data,
        }
        return {name: value for name, value in event.items() if value is not None}

    def _amendment(self, target: dict[str, Any]) -> dict[str, Any]:
        data = {f"target_{name}": target[name] for name in ("source", "id", "type", "time")}
        corrects = self.random.random() < 0.6
        if corrects:
            data["corrected_time"] = self._time()
            data["payload"] = self._payload(target["type"])[1]
        data["reason"] = "a typing mistake"
        amendment = {
            "id": f"{self.name}-a{self.random.randrange(8)}",
            "source": "back-office",
            "type": f"sales.event.{'corrected' if corrects else 'retracted'}.v1",
            "time": self._time(),
            "data": data,
        }
        amendment |= {n: target[n] for n in ("deal", "account", "actor") if n in target}
        if self.random.random() < 0.1:
            amendment |= {"actor": "somebody-else", "id": f"{self.name}-w{len(self.told)}"}
        return amendment

    def _payload(self, kind: str) -> tuple[str, dict[str, Any]]:
        pick = self.random.choice
        money = {"amount": pick(AMOUNTS), "currency": pick(("EUR", "USD"))}
        match kind:
            case "sales.deal.opened.v1":
                data = {"pipeline": pick(("main", "side")), "stage": pick(STAGES)}
                data |= pick(({}, money, {"product": "paper", "lead": "lead-7"}))
                data |= pick(({}, {"expected_close": "2021-06-30"}))
            case "sales.deal.stage_changed.v1":
                data = {"stage": pick(STAGES)} | pick(({}, {"pipeline": "side"}))
            case "sales.deal.amount_changed.v1" | "sales.deal.won.v1":
                data = money | pick(({}, {"reason": "price"}))
            case "sales.deal.close_date_changed.v1":
                data = {"expected_close": pick(("2021-07-01", "2021-08-31"))}
            case "sales.deal.lost.v1":
                data = pick(({}, {"competitor": "other & sons"}, money, {"reason": "no need"}))
            case "sales.deal.reopened.v1":
                data = {"stage": pick(STAGES)}
            case "sales.call.made.v1":
                data = {"direction": "outbound"}
            case _:
                data = {}
        return kind, data

    def _time(self) -> str:
        return (EPOCH + timedelta(hours=self.random.randrange(60))).isoformat()


KINDS = (
    "sales.deal.opened.v1",
    "sales.deal.opened.v1",
    "sales.deal.stage_changed.v1",
    "sales.deal.stage_changed.v1",
    "sales.deal.amount_changed.v1",
    "sales.deal.close_date_changed.v1",
    "sales.deal.owner_changed.v1",
    "sales.deal.won.v1",
    "sales.deal.lost.v1",
    "sales.deal.reopened.v1",
    "sales.call.made.v1",
)
