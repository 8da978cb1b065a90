"""Replaying a deal from the ledger: every record of it, judged and folded in Python."""

from collections.abc import Sequence
from datetime import datetime

from clickhouse_connect.driver.client import Client

from projections.moments import moment_of
from services.audit.fold import DealEvent, DealState, evolve
from services.audit.history import DealReplay, Line, UnknownDeal
from services.audit.judging import Judged, judge
from services.audit.records import LedgerRecord, deals_near, records_of


def replay(
    client: Client,
    deal: str,
    at: str | datetime | None = None,
    known: str | datetime | None = None,
) -> DealReplay:
    """Return the history of a deal: what happened up to `at`, as the tape knew it at `known`.

    Times are ISO 8601, in UTC where they say nothing else; a bare day means its end. Raises
    `UnknownDeal`, or `ValueError` for a time that cannot be read.
    """
    until = None if at is None else moment_of(at)
    learnt = None if known is None else moment_of(known)
    records = records_of(client, deal)
    if not records:
        raise _unknown(deal, deals_near(client, deal))
    return replay_of(deal, records, until, learnt)


def replay_of(
    deal: str,
    records: Sequence[LedgerRecord],
    at: datetime | None = None,
    known: datetime | None = None,
) -> DealReplay:
    """Return the history of a deal out of its records, in the order the tape learnt them.

    `known` bounds what goes into judging, `at` what comes out of it: the other way round, an event
    corrected to before `at` would be missing. Raises `UnknownDeal` where `known` leaves nothing.
    """
    learnt = [r for r in records if known is None or r.place.recorded_at <= known]
    if not learnt:
        first = min(record.place for record in records).recorded_at
        raise UnknownDeal(
            deal, [], f"the tape learnt of the deal {deal!r} only at {first:%Y-%m-%d %H:%M:%S} UTC"
        )
    judged, unmatched = judge(deal, learnt)
    happened = [one for one in judged if at is None or one.time <= at]
    lines, states = _folded(happened)
    return DealReplay(
        deal=deal,
        at=at,
        known=known,
        lines=lines,
        states=states,
        unmatched=tuple(one for one in unmatched if at is None or one.target_time <= at),
        notes=_notes(happened),
    )


def _folded(judged: Sequence[Judged]) -> tuple[tuple[Line, ...], dict[str, DealState]]:
    """Fold each home by itself: a deal that lies in two has two rows, until it is moved."""
    running: dict[str, DealState] = {}
    lines = []
    for one in judged:
        home = one.event.key
        if one.standing in ("live", "corrected"):
            running[home] = evolve(running.get(home, DealState()), _event(one))
        state = running.get(home)
        lines.append(_line(one, state if state and state.own_events else None))
    return tuple(lines), {home: state for home, state in running.items() if state.own_events}


def _event(one: Judged) -> DealEvent:
    event = one.event
    return DealEvent(
        type=event.type,
        time=one.time,
        sequence=event.sequence,
        source=event.source,
        id=event.id,
        account=event.account or None,
        actor=event.actor or None,
        payload=one.payload,
    )


def _line(one: Judged, state: DealState | None) -> Line:
    event = one.event
    return Line(
        standing=one.standing,
        time=one.time,
        sequence=event.sequence,
        source=event.source,
        id=event.id,
        type=event.type,
        account=event.account or None,
        actor=event.actor or None,
        payload=one.payload,
        home=event.key,
        place=event.place,
        told_time=event.time,
        told_payload=event.payload,
        known_since=one.known_since,
        amendments=one.amendments,
        repeats=one.repeats,
        conflicts=one.conflicts,
        state=state,
    )


def _notes(judged: Sequence[Judged]) -> tuple[str, ...]:
    notes = []
    homes = sorted({one.event.key for one in judged if one.standing in ("live", "corrected")})
    if len(homes) > 1:
        notes.append(
            f"the deal lies in {len(homes)} homes ({', '.join(homes)}), each with a state of its "
            "own; to move it, retract its events in one and append them in the other"
        )
    for one in judged:
        if one.standing == "moved":
            owner = f"deal {one.winner.deal}" if one.winner.deal else "no deal"
            notes.append(
                f"{one.event.source} {one.event.id} counts for {owner}: the tape learnt that first"
            )
    return tuple(notes)


def _unknown(deal: str, near: list[str]) -> UnknownDeal:
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return UnknownDeal(deal, near, f"no event names the deal {deal!r}{hint}")
