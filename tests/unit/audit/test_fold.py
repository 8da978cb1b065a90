"""The fold of a deal, one rule at a time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest

from services.audit.fold import DealEvent, DealState, evolve

START = datetime(2021, 5, 3, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def event(
    kind: str, at: float, actor: str | None = "ann", account: str | None = None, **payload: Any
) -> DealEvent:
    return DealEvent(f"sales.{kind}.v1", day(at), 0, "crm", f"e{at}", account, actor, payload)


def folded(*events: DealEvent) -> DealState:
    return reduce(evolve, events, DealState())


def opened(at: float = 0, **payload: Any) -> DealEvent:
    return event("deal.opened", at, **({"pipeline": "main", "stage": "contact"} | payload))


def test_a_deal_is_open_from_its_opening() -> None:
    state = folded(opened())
    assert (state.status, state.stage, state.opened_at, state.closed_at) == (
        "open",
        "contact",
        day(0),
        None,
    )


def test_what_names_a_stage_last_decides_it() -> None:
    state = folded(opened(), event("deal.stage_changed", 1, stage="needs"))
    assert (state.stage, state.stage_since) == ("needs", day(1))
    assert state.path == (("contact", day(0)), ("needs", day(1)))


def test_being_told_the_same_stage_again_is_no_new_entry() -> None:
    state = folded(opened(), event("deal.stage_changed", 2, stage="contact"))
    assert (state.stage_since, len(state.path)) == (day(0), 1)


def test_won_closes_and_tells_the_worth() -> None:
    state = folded(opened(), event("deal.won", 3, amount="12.50", currency="EUR"))
    assert (state.status, state.closed_at) == ("won", day(3))
    assert (state.amount, state.currency) == (Decimal("12.50"), "EUR")


def test_reopened_takes_back_the_close_its_reason_and_the_competitor() -> None:
    state = folded(
        opened(),
        event("deal.lost", 1, reason="price", competitor="other"),
        event("deal.reopened", 2, stage="needs"),
    )
    assert (state.status, state.closed_at, state.reason, state.competitor) == (
        "open",
        None,
        None,
        None,
    )
    assert state.opened_at == day(0)


def test_the_owner_is_who_opened_it_until_it_is_passed_on() -> None:
    moved = event("deal.stage_changed", 1, actor="bob", stage="needs")
    assert folded(opened(), moved).owner == "ann"
    assert folded(opened(), moved, event("deal.owner_changed", 2, actor="cem")).owner == "cem"


def test_without_an_opening_the_last_rep_who_acted_owns_it() -> None:
    first = event("deal.stage_changed", 1, actor="ann", stage="needs")
    second = event("deal.amount_changed", 2, actor="bob", amount="1", currency="EUR")
    assert folded(first, second).owner == "bob"


def test_an_activity_counts_and_changes_neither_stage_nor_status_nor_owner() -> None:
    call = event("call.made", 1, actor="bob", account="Acme", direction="outbound")
    before, after = folded(opened()), folded(opened(), call)
    assert (after.events, after.own_events, after.account) == (2, 1, "Acme")
    assert (after.stage, after.status, after.owner) == (before.stage, before.status, before.owner)


def test_a_deal_that_opened_after_its_first_activity_opened_when_it_opened() -> None:
    state = folded(event("call.made", 0), opened(1), opened(2))
    assert state.opened_at == day(1)


@pytest.mark.parametrize(("moment", "days"), [(1.5, 1.5), (4, 3), (-1, 0)])
def test_days_in_stage_end_with_the_close(moment: float, days: float) -> None:
    state = folded(opened(), event("deal.won", 3, amount="1", currency="EUR"))
    assert state.days_in_stage(day(moment)) == pytest.approx(days)


def test_a_deal_in_no_stage_has_no_days_in_it() -> None:
    assert folded(event("deal.owner_changed", 0)).days_in_stage(day(1)) is None
