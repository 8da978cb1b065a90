"""Laws of every history on every floor, whatever its settings."""

from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.envelope import AnyEvent
from events.parsing import Rejection, parse_events
from services.simulator.config import STAGES, Conversion, FloorConfig
from services.simulator.floor import simulate

AFTER_A_DEAL = ("sales.purchase.made.v1", "sales.payment.")

rates = st.floats(0, 1)
configs = st.builds(
    FloorConfig,
    seed=st.integers(0, 2**63 - 1),
    days=st.integers(1, 250),
    accounts=st.integers(1, 12),
    customers_at_start=rates,
    territories=st.integers(1, 5),
    teams=st.integers(1, 5),
    reps=st.integers(1, 6),
    sdrs=st.integers(0, 4),
    turnover_per_year=st.sampled_from([0, 0.2, 0.99]),
    leads_per_account_per_year=st.sampled_from([0.0, 5.0, 40.0]),
    inbound_share=rates,
    lead_ready_share=rates,
    conversion=st.builds(Conversion, **{stage: st.floats(0.5, 1) for stage in STAGES}),
    churn_per_month=st.sampled_from([0, 0.02, 0.9]),
    subscription_share=rates,
    quota_period=st.sampled_from(["month", "quarter"]),
    late_payment_share=rates,
    failed_payment_share=rates,
    return_share=rates,
    ticket_share=rates,
    survey_share=rates,
)


def told(config: FloorConfig) -> list[AnyEvent]:
    events = parse_events(list(simulate(config)))
    assert not any(isinstance(event, Rejection) for event in events)
    return events  # type: ignore[return-value]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs)
def test_every_history_keeps_the_laws_of_a_sales_floor(config: FloorConfig) -> None:
    events = told(config)
    deals_follow_the_pipeline(events)
    actors_are_there(events)
    accounts_come_before_what_befalls_them(events)
    customers_follow_wins(events)
    assert [event.time for event in events] == sorted(event.time for event in events)


def deals_follow_the_pipeline(events: list[AnyEvent]) -> None:
    stage: dict[str, str] = {}
    owner: dict[str, str | None] = {}
    for event in events:
        deal = event.deal
        if deal is None or event.type == "sales.lead.converted.v1":
            continue
        if event.type == "sales.deal.opened.v1":
            assert deal not in stage
            stage[deal], owner[deal] = event.data.stage, event.actor
            assert event.data.stage == STAGES[0]
            continue
        if stage[deal] in ("won", "lost"):
            assert event.type.startswith(AFTER_A_DEAL)
            continue
        if event.type == "sales.deal.owner_changed.v1":
            assert event.data.previous_owner == owner[deal]
            owner[deal] = event.actor
        assert event.actor == owner[deal]
        if event.type == "sales.deal.stage_changed.v1":
            assert event.data.previous_stage == stage[deal]
            assert STAGES.index(event.data.stage) == STAGES.index(stage[deal]) + 1
            stage[deal] = event.data.stage
        elif event.type == "sales.deal.won.v1":
            assert stage[deal] == STAGES[-1]
            stage[deal] = "won"
        elif event.type == "sales.deal.lost.v1":
            stage[deal] = "lost"


def actors_are_there(events: list[AnyEvent]) -> None:
    there: set[str] = set()
    for event in events:
        if event.type == "sales.rep.joined.v1":
            assert event.actor is not None
            there.add(event.actor)
        elif event.type != "sales.rep.hired.v1" and event.actor is not None:
            assert event.actor in there
        if event.type == "sales.rep.left.v1":
            there.remove(event.actor or "")


def accounts_come_before_what_befalls_them(events: list[AnyEvent]) -> None:
    created: set[str] = set()
    leads: dict[str, str] = {}
    for event in events:
        if event.account is None:
            continue
        if event.type == "sales.account.created.v1":
            assert event.account not in created
            created.add(event.account)
        assert event.account in created
        if event.type == "sales.lead.captured.v1":
            assert event.data.lead not in leads
            leads[event.data.lead] = event.account
        elif (lead := getattr(event.data, "lead", None)) and not event.type.endswith("created.v1"):
            assert leads[lead] == event.account


def customers_follow_wins(events: list[AnyEvent]) -> None:
    orders: dict[str, tuple[str | None, str]] = {}
    won: dict[str, str] = {}
    subscribed: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.type == "sales.deal.won.v1":
            won[event.deal or ""] = event.data.amount
        elif event.type == "sales.purchase.made.v1":
            assert event.data.order not in orders
            orders[event.data.order] = (event.account, event.data.amount)
            if event.deal is not None:
                assert won.pop(event.deal) == event.data.amount
        elif event.type.startswith("sales.payment.") or event.type == "sales.purchase.returned.v1":
            assert orders[event.data.order] == (event.account, event.data.amount)
        elif event.type == "sales.subscription.started.v1":
            assert event.data.subscription not in subscribed[event.account or ""]
            subscribed[event.account or ""].add(event.data.subscription)
        elif event.type.startswith("sales.subscription."):
            assert event.data.subscription in subscribed[event.account or ""]
    assert not won
