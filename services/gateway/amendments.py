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

from events.envelope import AnyEvent
from events.parsing import Rejection, parse_event
from events.values import Instant
from services.gateway.candidates import (
    AMENDMENTS,
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
    json = _filled(draft.json, {name: getattr(target, name) for name in _OF_ENVELOPE})
    json["data"] = _filled(
        json["data"], {"target_type": target.type, "target_time": target.time.isoformat()}
    )
    candidate = _candidate(parse_event(to_json(json)), latest)
    if isinstance(candidate, Candidate):
        return candidate._replace(target_home=target.key)
    return candidate


def _candidate(event: AnyEvent | Rejection, latest: datetime) -> Candidate | Rejection:
    if isinstance(event, Rejection):
        return event
    return too_early(event, latest) or candidate_of(event)


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
        return Rejection(
            f"data.target_id: names an event of type {target.type}, and an amendment may not "
            "target an amendment; amend the same target again instead",
            field="data.target_id",
        )
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


def _filled(given: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, and what the target tells where nothing was."""
    missing = {name: value for name, value in told.items() if given.get(name) is None}
    return {**given, **{name: value for name, value in missing.items() if value is not None}}


def _said(value: Any) -> str:
    if value is None:
        return "none"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _shown(pair: tuple[str, str] | None) -> str:
    source, name = pair or ("", "")
    return f"{name} of source {source}"
