"""What the console draws, made from the rows of the questions."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from events.catalogue import CATALOGUE
from services.console import formats
from services.console.churn import churn_model
from services.console.funnel import funnel_model
from services.console.lines import (
    detail_of,
    family_of,
    history_model,
    is_wanted,
    label_of,
    line_of,
)
from services.console.ports import ChurnSignals, FeedFilter, FeedItem, HistoryStep
from services.console.quotas import MOST_REPS, QuotaBook

NOON = datetime(2025, 5, 5, 12, tzinfo=UTC)


def rung(
    pipeline: str, stage: str, position: int | None, reached: int, **more: Any
) -> dict[str, Any]:
    return {
        "pipeline": pipeline, "stage": stage, "position": position, "entered": reached,
        "reached": reached, "conversion_from_start": None, "conversion_from_previous": None,
        "won": 0, "lost": 0, "open": 0, "median_days": None, "p90_days": None,
        "open_amount": None, "won_amount": None, "currency": "EUR",
    } | more  # fmt: skip


def quota(rep: str, actual: int, start: str = "2025-04-01", end: str = "2025-06-30", **more: Any):
    return {
        "rep": rep, "measure": "won_amount", "currency": "EUR", "quota": Decimal(100),
        "period_start": date.fromisoformat(start), "period_end": date.fromisoformat(end),
        "actual": Decimal(actual), "attainment": actual / 100, "expected_by_now": Decimal(50),
    } | more  # fmt: skip


def test_stages_stand_in_their_order_and_undefined_ones_behind_them() -> None:
    rows = [
        rung("p", "zeta", None, 3, open=3),
        rung("p", "b", 2, 4, won=1),
        rung("p", "a", 1, 8, lost=2, open=2),
    ]
    (pipeline,) = funnel_model(rows)["pipelines"]
    assert [stage["name"] for stage in pipeline["stages"]] == ["a", "b", "zeta", "won"]
    assert [stage["defined"] for stage in pipeline["stages"]] == [True, True, False, True]
    assert pipeline["stages"][1]["share"] == pytest.approx(0.5)


def test_a_pipeline_adds_up_its_stages() -> None:
    rows = [
        rung("p", "a", 1, 10, lost=2, open=1),
        rung("p", "b", 2, 7, won=6, lost=1, won_amount=Decimal(1_500_000)),
    ]
    (pipeline,) = funnel_model(rows)["pipelines"]
    assert (pipeline["deals"], pipeline["win_rate"]) == (10, "66.7%")
    assert pipeline["won_value"] == "1.5m EUR"
    assert pipeline["stages"][-1]["from_previous"] == "86%"


def test_amounts_of_several_currencies_are_not_added_up() -> None:
    (pipeline,) = funnel_model([rung("p", "a", 1, 2, won=2, currency="")])["pipelines"]
    assert pipeline["won_value"] == ""


def test_the_largest_pipeline_comes_first_and_empty_ones_not_at_all() -> None:
    rows = [
        rung("small", "a", 1, 1, open=1),
        rung("none", "a", 1, 0),
        rung("big", "a", 1, 5, open=5),
    ]
    assert [one["name"] for one in funnel_model(rows)["pipelines"]] == ["big", "small"]


def test_the_current_period_is_that_of_today_else_the_last_that_began() -> None:
    rows = [
        quota("r", 1, "2024-01-01", "2024-12-31"),
        quota("r", 1),
        quota("r", 1, "2026-01-01", "2026-12-31"),
    ]
    for today, start in (
        (date(2025, 5, 5), 2025), (date(2025, 9, 1), 2025), (date(2024, 7, 1), 2024),
        (date(2023, 1, 1), 2024), (date(2030, 1, 1), 2026),
    ):  # fmt: skip
        current = QuotaBook(rows, today).current()
        assert current is not None
        assert current.start.year == start


def test_quotas_of_different_measures_are_never_added_up() -> None:
    rows = [quota("r", 60), quota("r", 7, measure="wins", currency="", quota=Decimal(10))]
    book = QuotaBook(rows, date(2025, 5, 5))
    assert {period.measure for period in book.periods} == {"wins", "won_amount"}
    assert all(len(book.model(period.key)["reps"]) == 1 for period in book.periods)


def test_reps_stand_from_best_to_worst_with_the_company_above() -> None:
    book = QuotaBook([quota("b", 20), quota("a", 130), quota("c", 50)], date(2025, 5, 5))
    model = book.model()
    assert [row["rep"] for row in model["reps"]] == ["a", "c", "b"]
    assert [row["pace"] for row in model["reps"]] == ["ahead", "ahead", "behind"]
    assert model["company"]["attainment"] == "66.7%"
    assert model["on_pace"] == 2
    assert model["when"] == "day 35/91"


def test_a_bar_never_leaves_its_track() -> None:
    model = QuotaBook([quota("a", 9_000), quota("b", -40)], date(2025, 5, 5)).model()
    assert [row["bar"] for row in model["reps"]] == [1.0, 0.0]
    assert [row["cut"] for row in model["reps"]] == [True, False]
    assert 0 < model["reps"][0]["mark"] < 1


def test_of_very_many_reps_the_best_and_the_worst_are_sent() -> None:
    rows = [quota(f"{n:04}", n) for n in range(MOST_REPS + 51)]
    model = QuotaBook(rows, date(2025, 5, 5)).model()
    assert model["left_out"] == 51
    assert len(model["reps"]) == MOST_REPS
    assert (model["reps"][0]["rep"], model["reps"][-1]["rep"]) == (f"{MOST_REPS + 50:04}", "0000")
    assert (model["count"], model["on_pace"]) == (MOST_REPS + 51, MOST_REPS + 1)


def test_a_quota_of_nothing_has_no_attainment() -> None:
    row = quota("a", 5, quota=Decimal(0), attainment=None, expected_by_now=Decimal(0))
    (drawn,) = QuotaBook([row], date(2025, 5, 5)).model()["reps"]
    assert drawn["attainment"] == formats.NONE


def test_idle_days_are_drawn_against_the_own_rhythm() -> None:
    row = {
        "account": "A", "last_purchase_at": NOON, "purchases": 5, "idle_days": 60,
        "median_gap_days": 20.0, "rules": ["off_rhythm", "payment_trouble"],
        "evidence": ["idle for 60 days", "payment overdue"],
    }  # fmt: skip
    unknown = row | {"account": "B", "median_gap_days": None}
    model = churn_model(ChurnSignals([row, unknown], 10, 2, {"off_rhythm": 2}))
    known_row, unknown_row = model["rows"]
    assert known_row["mark"] / known_row["bar"] == pytest.approx(20 / 60)
    assert (known_row["times"], known_row["usual"]) == (f"3.0{formats.TIMES}", "20 d")
    assert (unknown_row["mark"], unknown_row["bar"]) == (None, 1.0)
    assert [rule["drawn"] for rule in known_row["rules"]] == [True, False]


def test_every_type_of_the_catalogue_has_a_family_and_a_label() -> None:
    for event_type in CATALOGUE:
        assert family_of(event_type) != "other"
        assert label_of(event_type)[0].isupper()
    assert family_of("sales.unheard.of.v1") == "other"
    assert label_of("sales.deal.stage_changed.v1") == "Deal stage changed"


def test_a_line_tells_the_day_of_what_happened_another_day() -> None:
    item = FeedItem(0, 1, NOON, NOON, "sales.call.made.v1")
    late = FeedItem(0, 2, NOON, NOON - timedelta(days=3), "sales.call.made.v1")
    assert (line_of(item)["time"], line_of(late)["time"]) == ("12:00:00", "2 May 2025")


def test_a_line_says_what_the_type_does_not() -> None:
    said = detail_of("sales.email.sent.v1", {"channel": "email", "direction": "outbound"})
    assert said == "outbound"
    moved = {"previous_stage": "needs", "stage": "proposal", "reason": "budget_approved"}
    assert detail_of("sales.deal.stage_changed.v1", moved) == "needs → proposal · budget approved"


def test_a_filter_finds_parts_of_names_whatever_their_case() -> None:
    item = FeedItem(
        0, 1, NOON, NOON, "sales.deal.won.v1", account="Ünal Foods", actor="Ada", team="North"
    )
    assert is_wanted(item, FeedFilter())
    assert is_wanted(item, FeedFilter(family="deal", account="ünal", actor="AD", team="nor"))
    assert not is_wanted(item, FeedFilter(family="lead"))
    assert not is_wanted(item, FeedFilter(deal="x"))


def test_a_deal_stands_where_the_last_event_that_counts_left_it() -> None:
    def step(day: int, standing: Any, stage: str) -> HistoryStep:
        at = NOON + timedelta(days=day)
        return HistoryStep(at, at, "sales.deal.stage_changed.v1", "r", {}, standing, stage=stage)

    steps = [step(1, "live", "a"), step(2, "retracted", "a"), step(3, "corrected", "b")]
    model = history_model("D", [*steps, step(4, "moved", "b")])
    assert [one["changed"]["stage"] for one in model["steps"]] == [True, False, True, False]
    assert model["now"]["stage"] == "b"
