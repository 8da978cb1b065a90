"""Drift: where an export of a CRM and the tape tell a deal otherwise.

The events that an importer makes of the export are folded, deal by deal, and what comes out is held
against the tape's row of `deals`. Only what the export tells is compared. Days are those of UTC,
since that is how importers read a bare day.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import NamedTuple

from events.envelope import AnyEvent, order_of, payload_json
from events.parsing import Rejection, parse_events
from infra.sink import Outcome
from services.audit.fold import DealEvent, DealState, evolve

DEAL = "deal"
"""The field of a deal that only one of the two knows."""
COMPARED = (
    "account", "pipeline", "stage", "status", "owner", "amount", "currency", "product",
    "opened", "closed", "expected_close",
)  # fmt: skip
"""The fields that are compared; `opened` and `closed` are days."""
ROW = (
    "deal, toString(account) AS account, toString(pipeline) AS pipeline, toString(stage) AS stage, "
    "toString(status) AS status, toString(owner) AS owner, toString(amount) AS amount, "
    "toString(currency) AS currency, toString(product) AS product, "
    "toString(toDate32(opened_at, 'UTC')) AS opened, "
    "toString(toDate32(closed_at, 'UTC')) AS closed, toString(expected_close) AS expected_close"
)
"""The columns of `deals` that a row to compare has, as texts."""


class Difference(NamedTuple):
    """One field that the export and the tape tell otherwise; None where one does not tell it."""

    deal: str
    field: str
    export: str | None
    tape: str | None


class Export:
    """A sink for the events of an export: keeps those about deals, and appends nothing."""

    def __init__(self) -> None:
        self._events: dict[str, list[AnyEvent]] = {}

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Take events; the answer has one outcome per input, `appended` for all that are events."""
        return [self._taken(parsed) for parsed in parse_events(raws)]

    def _taken(self, parsed: AnyEvent | Rejection) -> Outcome:
        if isinstance(parsed, Rejection):
            return Outcome("rejected", reason=parsed.reason, field=parsed.field)
        if parsed.deal is not None:
            self._events.setdefault(parsed.deal, []).append(parsed)
        return Outcome("appended", id=parsed.id, source=parsed.source)

    def states(self) -> dict[str, DealState]:
        """Return where each deal stands by the export; activities alone are no deal."""
        states = {
            deal: reduce(evolve, map(_folded, sorted(events, key=order_of)), DealState())
            for deal, events in sorted(self._events.items())
        }
        return {deal: state for deal, state in states.items() if state.own_events}


def _folded(event: AnyEvent) -> DealEvent:
    return DealEvent(
        type=event.type,
        time=event.time,
        sequence=event.sequence,
        source=event.source,
        id=event.id,
        account=event.account,
        actor=event.actor,
        payload=json.loads(payload_json(event)),
    )


def told_by(state: DealState) -> dict[str, str]:
    """Return what an export tells of a deal: field to value as text."""
    told = {
        "account": state.account,
        "pipeline": state.pipeline,
        "stage": state.stage,
        "status": state.status,
        "owner": state.owner,
        "amount": state.amount,
        "currency": state.currency,
        "product": state.product,
        "opened": state.opened_at.date() if state.opened and state.opened_at else None,
        "closed": state.closed_at.date() if state.closed_at else None,
        "expected_close": state.expected_close,
    }
    return {field: str(value) for field, value in told.items() if value is not None}


def differences(
    deal: str, state: DealState, row: Mapping[str, str | None] | None
) -> list[Difference]:
    """Return in what a deal's row on the tape (`ROW`; None where there is none) differs."""
    told = told_by(state)
    if row is None:
        return [Difference(deal, DEAL, told["status"], None)]
    return [
        Difference(deal, field, told[field], row.get(field) or None)
        for field in COMPARED
        if field in told and not _alike(told[field], row.get(field) or None)
    ]


def _alike(export: str, tape: str | None) -> bool:
    if tape is None or export == tape:
        return export == tape
    try:
        return Decimal(export) == Decimal(tape)
    except InvalidOperation:
        return False
