"""The lines of the feed and of a deal's history: what is said about one event. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from events.catalogue import CATALOGUE, FAMILIES
from services.console import formats
from services.console.ports import FeedFilter, FeedItem, HistoryStep

_FAMILY_OF_MODULE = {
    module.__name__: family for family, modules in FAMILIES.items() for module in modules
}
FAMILY_OF = {name: _FAMILY_OF_MODULE[payload.__module__] for name, payload in CATALOGUE.items()}
"""Event type to its family."""

_TELLING = (
    "stage", "reason", "outcome", "direction", "channel", "measure", "product", "purchase",
    "subscription", "rule", "campaign", "task_type", "meeting_type", "name", "topic",
    "ticket", "severity", "role", "target_type", "period_start",
)  # fmt: skip
"""Payload fields worth a word in a line, in this order."""
_WORDS_AT_MOST = 3
_LONG = 60


def family_of(event_type: str) -> str:
    """Return the family of an event type; ``other`` for one that the catalogue does not know."""
    return FAMILY_OF.get(event_type, "other")


def label_of(event_type: str) -> str:
    """Return how people call a type: ``Deal stage changed`` for ``sales.deal.stage_changed.v1``."""
    parts = event_type.split(".")
    words = " ".join(parts[1:3]) if len(parts) == 4 else event_type
    words = words.replace("_", " ")
    return words[:1].upper() + words[1:]


def is_wanted(item: FeedItem, wanted: FeedFilter) -> bool:
    """Tell whether an event passes a filter."""
    if wanted.family and family_of(item.type) != wanted.family:
        return False
    return all(
        part.casefold() in whole.casefold()
        for part, whole in (
            (wanted.account, item.account),
            (wanted.deal, item.deal),
            (wanted.actor, item.actor),
            (wanted.team, item.team),
        )
        if part
    )


def line_of(item: FeedItem) -> dict[str, Any]:
    """Return what the feed shows of an event."""
    same_day = item.time.date() == item.recorded_at.date()
    happened = formats.clock(item.time) if same_day else formats.day(item.time)
    return {
        "key": f"{item.partition}-{item.offset}",
        "time": happened,
        "title": (
            f"happened {formats.moment(item.time)} UTC, "
            f"recorded {formats.moment(item.recorded_at)} UTC, {item.type}"
        ),
        "family": family_of(item.type),
        "label": label_of(item.type),
        "tone": _tone(item.type),
        "amount": _amount(item.data),
        "account": item.account,
        "deal": item.deal,
        "actor": item.actor,
        "team": item.team,
        "detail": detail_of(item.type, item.data, item.account, item.actor),
    }


def detail_of(event_type: str, data: Mapping[str, Any], *shown: str) -> str:
    """Return the few words of a payload that tell most beside the type and what else is shown."""
    said = " ".join((label_of(event_type).casefold(), *shown))
    words = []
    previous, stage = data.get("previous_stage"), data.get("stage")
    if stage and previous:
        words.append(f"{previous} → {stage}")
    for name in _TELLING:
        value = data.get(name)
        if value in (None, "") or isinstance(value, list | dict) or (name == "stage" and previous):
            continue
        word = str(value).replace("_", " ")[:_LONG]
        if word not in said:
            words.append(word)
        if len(words) == _WORDS_AT_MOST:
            break
    return " · ".join(words)


def history_model(deal: str, steps: Sequence[HistoryStep]) -> dict[str, Any]:
    """Return what the dialog of a deal shows: where it stands, and each event with both clocks."""
    state: dict[str, str] = {}
    drawn = []
    for number, step in enumerate(steps, 1):
        drawn.append(_step(number, step, before=state))
        if step.standing in ("live", "corrected"):
            state = _state(step)
    return {
        "deal": deal,
        "events": formats.count(len(steps)),
        "now": state or None,
        "steps": drawn,
    }


def _step(number: int, step: HistoryStep, before: Mapping[str, str]) -> dict[str, Any]:
    state = _state(step)
    return {
        "number": number,
        "time": formats.moment(step.time),
        "recorded": formats.moment(step.recorded_at),
        "amended": formats.moment(step.amended_at) if step.amended_at else "",
        "standing": step.standing,
        "family": family_of(step.type),
        "label": label_of(step.type),
        "tone": _tone(step.type),
        "type": step.type,
        "actor": step.actor,
        "detail": detail_of(step.type, step.payload),
        "amount": _amount(step.payload),
        "state": state,
        "changed": {name: value != before.get(name, "") for name, value in state.items()},
        "named": f"{step.source} / {step.id}",
        "payload": json.dumps(step.payload, indent=2, ensure_ascii=False, default=str),
    }


def _state(step: HistoryStep) -> dict[str, str]:
    return {
        "status": step.status,
        "stage": step.stage,
        "amount": formats.exact(step.amount, step.currency) if step.amount else "",
        "owner": step.owner,
        "account": step.account,
    }


def _amount(data: Mapping[str, Any]) -> str:
    amount = data.get("amount")
    return formats.exact(amount, str(data.get("currency") or "")) if amount else ""


def _tone(event_type: str) -> str:
    """Return ``good``, ``bad`` or nothing: what a reader should notice without reading."""
    return _TONES.get(event_type.rpartition(".")[0], "")


_TONES = dict.fromkeys(
    (
        "sales.deal.won",
        "sales.purchase.made",
        "sales.subscription.renewed",
        "sales.subscription.started",
        "sales.contract.signed",
        "sales.payment.received",
    ),
    "good",
) | dict.fromkeys(
    (
        "sales.deal.lost",
        "sales.account.churned",
        "sales.payment.failed",
        "sales.payment.overdue",
        "sales.purchase.returned",
        "sales.subscription.cancelled",
        "sales.ticket.escalated",
        "sales.event.retracted",
    ),
    "bad",
)
