"""A replay as JSON: times ISO 8601 in UTC, amounts decimal strings, nothing left out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.audit.fold import DealState
from services.audit.history import Amendment, Conflict, DealReplay, Line
from services.audit.records import Place


def replay_as_json(replay: DealReplay) -> dict[str, Any]:
    """Return a replay as JSON has it.

    `lines` in order, each with both clocks (`time`, `recorded_at`) and the `state` after it;
    `state` where the deal stands at the end, `states` the same per home.
    """
    last = [line for line in replay.lines if line.counts][-1:]
    return {
        "deal": replay.deal,
        "at": _moment(replay.at),
        "known": _moment(replay.known),
        "lines": [_line(line) for line in replay.lines],
        "state": _state(last[0].state, replay.at or last[0].time) if last else None,
        "states": {
            home: _state(state, replay.at or state.last_event_at)
            for home, state in replay.states.items()
        },
        "unmatched": [_amendment(amendment) for amendment in replay.unmatched],
        "notes": list(replay.notes),
    }


def _line(line: Line) -> dict[str, Any]:
    corrected = line.standing == "corrected"
    return {
        "standing": line.standing,
        "counts": line.counts,
        "time": _moment(line.time),
        **_place(line.place),
        "known_since": _moment(line.known_since),
        "sequence": line.sequence,
        "source": line.source,
        "id": line.id,
        "type": line.type,
        "account": line.account,
        "actor": line.actor,
        "home": line.home,
        "payload": line.payload,
        "told": {"time": _moment(line.told_time), "payload": line.told_payload}
        if corrected
        else None,
        "amendments": [_amendment(amendment) for amendment in line.amendments],
        "repeats": [_place(place) for place in line.repeats],
        "conflicts": [_conflict(conflict) for conflict in line.conflicts],
        "state": _state(line.state, line.time),
    }


def _state(state: DealState | None, moment: datetime | None) -> dict[str, Any] | None:
    if state is None:
        return None
    days = None if moment is None else state.days_in_stage(moment)
    return {
        "status": state.status,
        "pipeline": state.pipeline,
        "stage": state.stage,
        "stage_since": _moment(state.stage_since),
        "days_in_stage": None if days is None else round(days, 3),
        "amount": None if state.amount is None else _decimal(state.amount),
        "currency": state.currency,
        "owner": state.owner,
        "account": state.account,
        "product": state.product,
        "lead": state.lead,
        "opened_at": _moment(state.opened_at),
        "closed_at": _moment(state.closed_at),
        "expected_close": state.expected_close.isoformat() if state.expected_close else None,
        "reason": state.reason,
        "competitor": state.competitor,
        "path": [{"stage": stage, "entered_at": _moment(since)} for stage, since in state.path],
        "last_event_at": _moment(state.last_event_at),
        "events": state.events,
    }


def _amendment(amendment: Amendment) -> dict[str, Any]:
    return {
        "kind": amendment.kind,
        "source": amendment.source,
        "id": amendment.id,
        "time": _moment(amendment.time),
        "actor": amendment.actor,
        **_place(amendment.place),
        "target": {
            "source": amendment.target_source,
            "id": amendment.target_id,
            "time": _moment(amendment.target_time),
        },
        "corrected_time": _moment(amendment.corrected_time),
        "corrected_payload": amendment.corrected_payload,
        "reason": amendment.reason,
        "holds": amendment.holds,
        "why_not": amendment.why_not,
    }


def _conflict(conflict: Conflict) -> Mapping[str, Any]:
    return {
        **_place(conflict.place),
        "time": _moment(conflict.time),
        "type": conflict.type,
        "deal": conflict.deal,
        "account": conflict.account,
        "actor": conflict.actor,
        "payload": conflict.payload,
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "recorded_at": _moment(place.recorded_at),
        "partition": place.partition,
        "offset": place.offset,
    }


def _moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def _decimal(value: Decimal) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
