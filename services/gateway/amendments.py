"""Completes corrections and retractions with what their target says.

Pure. An amendment carries its target's account, deal, actor, type and time, so that the ledger
can file both together in either order of arrival. A client may leave them out where the gateway
knows the target, and may never contradict it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from events.catalogue import CATALOGUE
from events.envelope import AnyEvent
from events.parsing import Rejection, explain, parse_event
from events.values import Instant
from services.gateway.candidates import (
    AMENDMENTS,
    CORRECTED,
    Candidate,
    Draft,
    candidate_of,
    too_early,
)
from services.gateway.ledger import Known

_OF_ENVELOPE = ("account", "deal", "actor", "subject")
_OF_DATA = ("target_type", "target_time")

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def as_given(draft: Draft, latest: datetime) -> Candidate | Rejection:
    """Return the amendment that a draft is without anything filled in."""
    return _candidate(parse_event(draft.raw), latest)


def complete(draft: Draft, target: Known | None, latest: datetime) -> Candidate | Rejection:
    """Return the amendment, with what it leaves out filled in from its target.

    `target` is None where the target is not on the tape yet; then the amendment must say for
    itself what the target says.
    """
    if target is None:
        return _without_target(draft) or as_given(draft, latest)
    rejection = _against(draft, target)
    if rejection is not None:
        return rejection
    json = {**draft.json, **_envelope_of(target)}
    json["data"] = {
        **draft.json["data"],
        "target_type": target.type,
        "target_time": target.time.isoformat(),
    }
    candidate = _candidate(parse_event(to_json(json)), latest)
    if isinstance(candidate, Candidate):
        return candidate._replace(target_home=target.key)
    return candidate


def _candidate(event: AnyEvent | Rejection, latest: datetime) -> Candidate | Rejection:
    if isinstance(event, Rejection):
        return event
    return too_early(event, latest) or _unfit(event) or candidate_of(event)


def _unfit(event: AnyEvent) -> Rejection | None:
    """Say so when the target cannot be amended, or not to this payload."""
    kind = event.data.target_type
    if kind in AMENDMENTS:
        return _amends_amendment(kind)
    if kind not in CATALOGUE:
        return Rejection(
            f"data.target_type: {kind} is not an event type of the catalogue",
            field="data.target_type",
        )
    if event.type != CORRECTED:
        return None
    try:
        CATALOGUE[kind].model_validate_json(to_json(event.data.payload))
    except ValidationError as error:
        found = explain(error)
        where = "data.payload" + (f".{found.field}" if found.field else "")
        return Rejection(f"data.payload is no payload of {kind}: {found.reason}", field=where)
    return None


def _without_target(draft: Draft) -> Rejection | None:
    data = draft.json.get("data")
    if draft.target is None or not isinstance(data, Mapping):
        return None  # parsing says what is wrong with it
    missing = [f"data.{name}" for name in _OF_DATA if data.get(name) is None]
    if all(draft.json.get(name) is None for name in _OF_ENVELOPE):
        missing += ["account, deal, actor or subject (those that the target has)"]
    if not missing:
        return None
    return Rejection(
        f"the event {_shown(draft.target)} to be amended is not on the tape yet, so the amendment "
        f"must say where it belongs; give {', '.join(missing)}, or hand in that event first",
        field=missing[0] if missing[0].startswith("data.") else "account",
    )


def _against(draft: Draft, target: Known) -> Rejection | None:
    if target.type in AMENDMENTS:
        return _amends_amendment(target.type)
    data = draft.json["data"]
    told = {name: draft.json.get(name) for name in _OF_ENVELOPE}
    told |= {f"data.{name}": data.get(name) for name in _OF_DATA}
    true = {name: getattr(target, name) for name in _OF_ENVELOPE}
    true |= {"data.target_type": target.type, "data.target_time": target.time}
    wrong = [
        name
        for name, value in told.items()
        if value is not None and _read(name, value) not in (true[name], None)
    ]
    if not wrong:
        return None
    sentences = [f"{name}: is {told[name]}, the target has {_said(true[name])}" for name in wrong]
    return Rejection(
        f"the amendment contradicts the event {_shown(draft.target)}: {'; '.join(sentences)}; "
        "leave it out, the gateway fills it in",
        field=wrong[0],
    )


def _read(name: str, value: Any) -> Any:
    """Return a value as the target has it; None where it is none, which parsing will say."""
    if name != "data.target_time":
        return value
    try:
        return _INSTANT.validate_json(to_json(value))
    except ValidationError:
        return None


def _envelope_of(target: Known) -> dict[str, str]:
    values = {name: getattr(target, name) for name in _OF_ENVELOPE}
    return {name: value for name, value in values.items() if value is not None}


def _amends_amendment(kind: str) -> Rejection:
    return Rejection(
        f"data.target_id: names an event of type {kind}; a correction or retraction cannot be "
        "amended itself, amend its own target once more",
        field="data.target_id",
    )


def _said(value: Any) -> str:
    if value is None:
        return "none"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _shown(pair: tuple[str, str] | None) -> str:
    source, name = pair or ("", "")
    return f"{name} of source {source}"
