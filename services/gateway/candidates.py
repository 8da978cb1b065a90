"""From bytes to candidates for the tape: parsed, digested, not from the future.

Pure: nothing here knows what is on the tape. Amendments stay drafts, since what they leave out is
known only once their target is looked up (`services.gateway.amendments`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic_core import from_json

from events.envelope import AnyEvent, digest_of, home_of
from events.parsing import Rejection, parse_events
from events.upcasts import upcast
from services.gateway.names import event_name

AHEAD = timedelta(minutes=5)
"""How far ahead of the tape's clock an event may be."""

CORRECTED, RETRACTED = "sales.event.corrected.v1", "sales.event.retracted.v1"
AMENDMENTS = frozenset({CORRECTED, RETRACTED})

_PAYLOAD = b',"data":'
_TRACE_OF_AMENDMENT = b"sales.event."
# Events are dropped as soon as their bytes are made: many alive at once cost the garbage
# collector more than parsing them in larger lots saves.
_LOT = 1_000


Pair = tuple[str, str]
"""Source and id of an event."""


class Candidate(NamedTuple):
    """An event as far as judging and appending it takes.

    `home` is its home as long as its deal has none; `partitionkey` is what the client gave;
    `target_home` is set for an amendment whose target is known.
    """

    name: bytes
    digest: bytes
    content: bytes
    pair: Pair
    deal: str | None
    home: str
    partitionkey: str | None
    amends: bool = False
    target_home: str | None = None


class Judged(NamedTuple):
    """A candidate that goes on the tape, and under which key.

    `conflicts`: its name was recorded before with another content. `settles_home`: from now on its
    deal is at home in `key`.
    """

    candidate: Candidate
    key: str
    conflicts: bool
    settles_home: bool


class Draft(NamedTuple):
    """A correction or a retraction as it came: perhaps without what its target says."""

    raw: bytes
    json: dict[str, Any]
    pair: Pair | None
    target: Pair | None


Prepared = Candidate | Draft | Rejection


def prepare(raws: Sequence[bytes], now: datetime) -> list[Prepared]:
    """Return what each input is; the answer has one entry per input, in order."""
    prepared: list[Prepared] = []
    latest = now + AHEAD
    for start in range(0, len(raws), _LOT):
        lot = raws[start : start + _LOT]
        if any(_TRACE_OF_AMENDMENT in raw for raw in lot):
            prepared += _prepare_mixed(lot, latest)
        else:
            prepared += _prepare_events(lot, latest)
    return prepared


def candidate_of(event: AnyEvent) -> Candidate:
    """Return the candidate that an event is."""
    content = event.__pydantic_serializer__.to_json(event, exclude_none=True)
    # The payload stands last; no text can hold its name, in JSON a quote within one is escaped.
    payload = content[content.index(_PAYLOAD) + len(_PAYLOAD) : -1]
    return Candidate(
        event_name(event.source, event.id),
        bytes.fromhex(digest_of(event, payload.decode())),
        content,
        (event.source, event.id),
        event.deal,
        home_of(event),
        event.partitionkey,
        event.type in AMENDMENTS,
    )


def too_early(event: AnyEvent, latest: datetime) -> Rejection | None:
    """Say so when an event, or what it corrects another to, lies after `latest`."""
    if event.time > latest:
        return _ahead("time", event.time, latest)
    if event.type == CORRECTED and event.data.corrected_time > latest:
        return _ahead("data.corrected_time", event.data.corrected_time, latest)
    return None


def _ahead(field: str, time: datetime, latest: datetime) -> Rejection:
    clock = latest - AHEAD
    return Rejection(
        f"{field}: {time:%Y-%m-%dT%H:%M:%SZ} lies more than 5 minutes ahead of the tape's clock, "
        f"which says {clock:%Y-%m-%dT%H:%M:%SZ}",
        field=field,
    )


def _prepare_events(raws: Sequence[bytes], latest: datetime) -> list[Prepared]:
    prepared: list[Prepared] = []
    for raw, event in zip(raws, parse_events(raws), strict=True):
        if isinstance(event, Rejection):
            prepared.append(event)
        elif event.type in AMENDMENTS:  # its type was written with escapes
            prepared.append(_draft_of(raw) or candidate_of(event))
        else:
            prepared.append(too_early(event, latest) or candidate_of(event))
    return prepared


def _prepare_mixed(raws: Sequence[bytes], latest: datetime) -> list[Prepared]:
    drafts = [_draft_of(raw) if _TRACE_OF_AMENDMENT in raw else None for raw in raws]
    others = [raw for raw, draft in zip(raws, drafts, strict=True) if draft is None]
    events = iter(_prepare_events(others, latest))
    return [draft or next(events) for draft in drafts]


def _draft_of(raw: bytes) -> Draft | None:
    try:
        json = upcast(from_json(raw))
    except ValueError:
        return None  # parsing says what is wrong with it
    if not isinstance(json, dict) or json.get("type") not in AMENDMENTS:
        return None
    data = json.get("data")
    target = (data.get("target_source"), data.get("target_id")) if isinstance(data, dict) else ()
    return Draft(raw, json, _pair(json.get("source"), json.get("id")), _pair(*target))


def _pair(source: Any = None, id: Any = None) -> Pair | None:  # noqa: A002
    if isinstance(source, str) and isinstance(id, str):
        return (source, id)
    return None
