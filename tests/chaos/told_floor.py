"""What the chaos tests tell a cluster: a little of everything that can change a derived row."""

import random
from dataclasses import dataclass, field
from typing import Any

from killed_platform import Poster
from plain_fold import content

STAGES = [{"name": name, "position": place} for place, name in enumerate("abc", 1)]


@dataclass
class FloorPoster(Poster):
    """Posts calls, purchases, deals and quotas, and amends and contradicts what it told before."""

    told: list[dict[str, Any]] = field(default_factory=list)
    contents: set[str] = field(default_factory=set)
    """What was acknowledged, as `plain_fold.content` has it."""

    def _note(self, events: list[dict[str, Any]]) -> None:
        super()._note(events)
        self.contents.update(map(content, events))

    def _event(self, draw: random.Random, number: int) -> dict[str, Any]:
        turn = draw.random()
        if self.told and turn < 0.08:
            return self._about(draw, number, draw.choice(self.told[-200:]))
        event = self._fresh(draw, number)
        if not event["type"].startswith("sales.quota."):
            self.told.append(event)
        return event

    def _about(self, draw: random.Random, number: int, target: dict[str, Any]) -> dict[str, Any]:
        """Correct an event, retract it, contradict it, or tell it again."""
        kind = draw.randrange(4)
        if kind == 0:
            return target
        if kind == 1:
            # Told once more with another content: the first counts. Named by its content, so that
            # what is posted again after a crash is the same contradiction.
            return target | {"time": f"2025-01-{1 + number % 28:02d}T11:00:00Z"}
        about = {k: target[k] for k in ("account", "deal", "actor") if k in target}
        data = {
            "target_source": target["source"],
            "target_id": target["id"],
            "target_type": target["type"],
            "target_time": target["time"],
        }
        if kind == 2:
            later = f"2025-{1 + number % 12:02d}-28T12:00:00Z"
            data |= {"corrected_time": later, "payload": target["data"]}
        return about | {
            "specversion": "1.0",
            "id": f"{self.seed}-{number}",
            "source": "poster",
            "type": "sales.event.corrected.v1" if kind == 2 else "sales.event.retracted.v1",
            "time": "2025-12-29T10:00:00Z",
            "sequence": number,
            "data": data,
        }

    def _fresh(self, draw: random.Random, number: int) -> dict[str, Any]:
        account = f"acct-{draw.randrange(300)}"
        actor = f"rep-{draw.randrange(8)}"
        month = 1 + draw.randrange(12)
        envelope = {
            "specversion": "1.0",
            "id": f"{self.seed}-{number}",
            "source": "poster",
            "time": f"2025-{month:02d}-{1 + draw.randrange(28):02d}T10:00:00Z",
            "sequence": number,
            "actor": actor,
        }
        if number % 400 == 0:
            data = {"pipeline": "main", "stages": STAGES}
            return envelope | {
                "type": "sales.pipeline.defined.v1", "subject": "main", "data": data
            }  # fmt: skip
        if number % 97 == 0:
            data = {
                "measure": "won_amount",
                "period_start": f"2025-{month:02d}-01",
                "period_end": f"2025-{month:02d}-28",
                "amount": f"{number}.00",
                "currency": "EUR",
            }
            return envelope | {"type": "sales.quota.set.v1", "subject": actor, "data": data}
        money = {"amount": f"{draw.randrange(9_999) / 100:.2f}", "currency": "EUR"}
        deal = {"deal": f"{account}/{draw.randrange(5)}"}
        opened = {"pipeline": "main", "stage": "a"} | money
        kinds: list[dict[str, Any]] = [
            {"type": "sales.call.made.v1", "data": {"direction": "outbound"}},
            {"type": "sales.purchase.made.v1", "data": money},
            {"type": "sales.purchase.returned.v1", "data": money},
            deal | {"type": "sales.deal.opened.v1", "data": opened},
            deal | {"type": "sales.deal.stage_changed.v1", "data": {"stage": "b"}},
            deal | {"type": "sales.deal.won.v1", "data": money},
            deal | {"type": "sales.deal.lost.v1", "data": {"reason": "price"}},
        ]
        return envelope | {"account": account} | draw.choice(kinds)
