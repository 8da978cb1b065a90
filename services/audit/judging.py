"""Judging the records of a deal: which is the event, which amendment holds, what lost.

The same rules as `projections/effective.sql`, said in Python and on their own, so that a test can
hold the two against each other. Pure; folding is `services.audit.fold`'s matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.audit.history import Amendment, Conflict, Standing
from services.audit.records import LedgerRecord, Place

_NAMES = ("type", "time", "account", "deal", "rep")


@dataclass(frozen=True, slots=True)
class Judged:
    """One event of a deal, with all that was said about it."""

    event: LedgerRecord
    standing: Standing
    time: datetime
    payload: Mapping[str, Any]
    known_since: datetime
    amendments: tuple[Amendment, ...]
    repeats: tuple[Place, ...]
    conflicts: tuple[Conflict, ...]
    winner: LedgerRecord
    """The record that counts for the pair; another than `event` where that one lost."""

    @property
    def order(self) -> tuple[datetime, int, str, str, str]:
        """The place among the events of the deal."""
        event = self.event
        return (self.time, event.sequence, event.source, event.id, event.key)


def judge(deal: str, records: Sequence[LedgerRecord]) -> tuple[list[Judged], list[Amendment]]:
    """Return the events of a deal in their order, and amendments whose target is not theirs.

    `records` are in the order in which the tape learnt them.
    """
    groups: dict[tuple[str, str, str], list[LedgerRecord]] = {}
    for record in records:
        groups.setdefault(record.about, []).append(record)
    judged: list[Judged] = []
    unmatched: list[Amendment] = []
    for group in groups.values():
        told = [record for record in group if record.kind == 0]
        if any(record.deal == deal for record in told):
            judged.append(_judge_event(deal, group, told))
        else:
            why = "its target is not on the tape" if not told else _elsewhere(told[0])
            unmatched += [
                _amendment(record, holds=False, why_not=why)
                for record in group
                if record.deal == deal
            ]
    return sorted(judged, key=lambda one: one.order), unmatched


def _judge_event(deal: str, group: list[LedgerRecord], told: list[LedgerRecord]) -> Judged:
    winner = told[0]
    amendments = _amendments(winner, [record for record in group if record.kind > 0])
    if winner.deal != deal:
        loser = next(record for record in told if record.deal == deal)
        return Judged(
            event=loser,
            standing="moved",
            time=loser.time,
            payload=loser.payload,
            known_since=loser.place.recorded_at,
            amendments=amendments,
            repeats=(),
            conflicts=(),
            winner=winner,
        )
    holding = next((one for one in amendments if one.holds), None)
    standing, time, payload = _after(winner, holding)
    return Judged(
        event=winner,
        standing=standing,
        time=time,
        payload=payload,
        known_since=(holding.place if holding else winner.place).recorded_at,
        amendments=amendments,
        repeats=tuple(r.place for r in told[1:] if r.digest == winner.digest),
        conflicts=tuple(_conflict(r) for r in told[1:] if r.digest != winner.digest),
        winner=winner,
    )


def _after(
    event: LedgerRecord, holding: Amendment | None
) -> tuple[Standing, datetime, Mapping[str, Any]]:
    if holding is None:
        return "live", event.time, event.payload
    if holding.kind == "retraction":
        return "retracted", event.time, event.payload
    return (
        "corrected",
        holding.corrected_time or event.time,
        holding.corrected_payload or {},
    )


def _amendments(target: LedgerRecord, records: list[LedgerRecord]) -> tuple[Amendment, ...]:
    """Judge the amendments of an event, which come in the order in which the tape learnt them."""
    why: dict[Place, str] = {}
    seen: set[tuple[str, str]] = set()
    standing = []
    for record in records:
        pair = (record.source, record.id)
        if odd := _misnamed(target, record):
            why[record.place] = f"it names another {' and '.join(odd)} than its target"
        elif pair in seen:
            why[record.place] = "an earlier record of the same source and id came before it"
        else:
            standing.append(record)
            seen.add(pair)
    holding = max(standing, key=lambda r: (r.time, r.source, r.id), default=None)
    return tuple(
        _amendment(
            record,
            holds=record is holding,
            why_not=None if record is holding else why.get(record.place, "a later one holds"),
        )
        for record in records
    )


def _misnamed(target: LedgerRecord, record: LedgerRecord) -> list[str]:
    named = (record.ref_type, record.filed_time, record.account, record.deal, record.actor)
    right = (target.type, target.time, target.account, target.deal, target.actor)
    return [name for name, one, other in zip(_NAMES, named, right, strict=True) if one != other]


def _amendment(record: LedgerRecord, *, holds: bool, why_not: str | None) -> Amendment:
    corrects = record.kind == 1
    return Amendment(
        kind="correction" if corrects else "retraction",
        source=record.source,
        id=record.id,
        time=record.time,
        actor=record.actor or None,
        place=record.place,
        target_source=record.ref_source,
        target_id=record.ref_id,
        target_time=record.filed_time,
        corrected_time=record.corrected_time if corrects else None,
        corrected_payload=record.corrected_payload if corrects else None,
        reason=record.payload.get("reason"),
        holds=holds,
        why_not=why_not,
    )


def _conflict(record: LedgerRecord) -> Conflict:
    return Conflict(
        place=record.place,
        time=record.time,
        type=record.type,
        deal=record.deal or None,
        account=record.account or None,
        actor=record.actor or None,
        payload=record.payload,
    )


def _elsewhere(target: LedgerRecord) -> str:
    return f"its target belongs to deal {target.deal}" if target.deal else "its target has no deal"
