"""The facts: which events they are, and that corrections, retractions and conflicts move them."""

from dataclasses import replace
from datetime import date

import pytest
from golden import DEFINITIONS, Floor, corrected, retracted, told

from projections import forms

ALWAYS = "as_of = '2100-01-01', known_at = '2100-01-01'"
CAPTURED = {"channel": "web", "direction": "inbound"}


def days_and_types(floor: Floor, source: str = "sales.facts") -> list[tuple[date, str, str]]:
    return [
        (day, kind.removeprefix("sales.").removesuffix(".v1"), rep)
        for day, kind, rep in floor.ask(f"SELECT day, type, rep FROM {source} ORDER BY moment")
    ]


def test_what_is_rare_is_a_fact_with_or_without_a_rep(floor: Floor) -> None:
    floor.tell(
        told("lead.captured", "03-01", lead="l1", subject="l1", **CAPTURED),
        told("lead.assigned", "03-02", lead="l1", actor="ann"),
        told("exchange_rate.set", "03-03", currency="USD", quote_currency="EUR", rate="0.9",
             valid_from="2024-03-03"),
        told("call.made", "03-04", account="a", actor="ann", direction="outbound"),
        told("call.made", "03-05", account="a", actor="ann", direction="outbound", lead="l1"),
        told("purchase.made", "03-06", account="a", actor="ann", amount="1", currency="EUR"),
    )  # fmt: skip

    expected = [
        (date(2024, 3, 1), "lead.captured", ""),
        (date(2024, 3, 2), "lead.assigned", "ann"),
        (date(2024, 3, 3), "exchange_rate.set", ""),
        (date(2024, 3, 5), "call.made", "ann"),
        (date(2024, 3, 6), "purchase.made", "ann"),
    ]
    assert days_and_types(floor) == expected
    assert days_and_types(floor, f"sales.facts_at({ALWAYS})") == expected
    assert (
        days_and_types(floor, "sales.facts_at(as_of = '2024-03-02', known_at = '2100-01-01')")
        == expected[:2]
    )


def test_a_correction_moves_a_fact_changes_it_and_takes_it_away(floor: Floor) -> None:
    moved = told("lead.captured", "03-01", lead="l1", actor="ann", **CAPTURED)
    changed = told("lead.qualified", "03-01", lead="l1", actor="ann")
    unmade = told("call.made", "03-01", actor="ann", direction="outbound", lead="l1")
    made = told("call.made", "03-01 10:00", actor="ann", direction="outbound")
    gone = told("lead.converted", "03-01", lead="l1", actor="ann")
    told_first = (moved, changed, unmade, made, gone)
    floor.tell(
        *told_first,
        corrected(moved, "04-02"),
        corrected(changed, lead="l2"),
        corrected(unmade, lead=None),
        corrected(made, lead="l1"),
        retracted(gone),
    )

    expected = [
        (date(2024, 3, 1), "lead.qualified", "ann"),
        (date(2024, 3, 1), "call.made", "ann"),
        (date(2024, 4, 2), "lead.captured", "ann"),
    ]
    assert days_and_types(floor) == expected
    assert days_and_types(floor, f"sales.facts_at({ALWAYS})") == expected
    assert floor.ask(
        "SELECT JSONExtractString(data, 'lead') FROM sales.facts "
        "WHERE type = 'sales.lead.qualified.v1'"
    ) == [("l2",)]


def test_of_two_contents_the_first_recorded_is_the_fact(floor: Floor) -> None:
    first = told("lead.qualified", "03-01", lead="l1", actor="ann", id="same")
    later = told("lead.converted", "03-02", lead="l1", actor="ann", id="same")
    floor.tell(first, later)

    assert days_and_types(floor) == [(date(2024, 3, 1), "lead.qualified", "ann")]


def test_a_question_reads_the_payload_fields_that_it_names(floor: Floor) -> None:
    floor.tell(told("lead.captured", "03-01", lead="l1", actor="ann", **CAPTURED))
    sources = DEFINITIONS.questions["deal_sources"]
    question = replace(sources, sql="SELECT lead, direction FROM facts WHERE channel = 'web'")

    assert floor.ask(forms.question_in(forms.NOW, question, DEFINITIONS)) == [("l1", "inbound")]


@pytest.mark.parametrize("named", ["type = 'sales.lead.captured.v1'", "day >= '2024-03-01'"])
def test_a_type_is_read_alone(floor: Floor, named: str) -> None:
    plan = floor.ask(f"EXPLAIN indexes = 1 SELECT * FROM sales.facts WHERE {named}")
    told_keys = [line for (line,) in plan if line.strip() == "type"]

    assert bool(told_keys) == named.startswith("type")


def test_a_conflict_is_there_from_when_the_tape_learnt_it(floor: Floor) -> None:
    def sold(amount: str) -> dict[str, object]:
        return told("purchase.made", "03-06", id="p1", account="a", amount=amount, currency="EUR")

    floor.tell(sold("1"), sold("2"), sold("3"))
    learnt = floor.ask("SELECT recorded_at FROM sales_store.tape ORDER BY offset")
    assert [
        floor.ask(f"SELECT count() FROM sales.conflicts_at(as_of='2100-01-01', known_at='{at}')")
        for (at,) in learnt
    ] == [[(0,)], [(1,)], [(2,)]]


def test_the_history_of_a_deal_has_its_live_events_in_order_as_corrected(floor: Floor) -> None:
    about = {"deal": "d1", "account": "a", "actor": "ann"}
    opened = told("deal.opened", "03-01", **about, pipeline="main", stage="contact")
    won = told("deal.won", "03-09", **about, sequence=1, amount="90", currency="EUR")
    lost = told("deal.lost", "03-08", **about, reason="price")
    # Told in another order than it happened: won for 100 and a day later, and never lost.
    floor.tell(
        won,
        told("deal.stage_changed", "03-09", **about, stage="closing"),
        lost,
        opened,
        corrected(won, "03-10", amount="100"),
        retracted(lost),
        told("deal.opened", "03-02", deal="d2", account="a", pipeline="main", stage="contact"),
    )
    columns = "deal, step, toString(toDate(time)), type, stage, toString(amount), currency"
    columns += ", corrected_at IS NOT NULL"
    assert floor.ask(f"SELECT {columns} FROM sales.deal_history") == [
        ("d1", 1, "2024-03-01", "sales.deal.opened.v1", "contact", None, None, 0),
        ("d1", 2, "2024-03-09", "sales.deal.stage_changed.v1", "closing", None, None, 0),
        ("d1", 3, "2024-03-10", "sales.deal.won.v1", None, "100", "EUR", 1),
        ("d2", 1, "2024-03-02", "sales.deal.opened.v1", "contact", None, None, 0),
    ]
