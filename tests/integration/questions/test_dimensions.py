"""Where people, customers, deals and money belonged at a time, worked by hand."""

from datetime import date
from decimal import Decimal

from golden import Floor, at, corrected, retracted, told

MEMBERSHIPS = "SELECT * FROM sales.memberships"


def test_a_reps_march_belongs_to_the_team_of_march(floor: Floor) -> None:
    north = told("rep.joined", "01-08", actor="ann", team="north", manager="bea", territory="n1",
                 role="sdr")  # fmt: skip
    floor.tell(
        told("team.defined", "01-01", subject="south", team="south", manager="cid"),
        north,
        told("rep.team_assigned", "03-15 09:30", actor="ann", team="south"),
        told("rep.role_assigned", "05-01", actor="ann", role="ae", promotion=True),
        told("team.defined", "06-01", subject="south", team="south", manager="dan"),
        told("rep.manager_assigned", "07-01", actor="ann", manager="dan"),
        told("rep.left", "08-01", actor="ann"),
        told("rep.joined", "09-01", actor="ann", team="north"),
    )

    march, back = at("03-15 09:30"), at("09-01")
    assert floor.ask(MEMBERSHIPS) == [
        ("ann", "north", "bea", "n1", "sdr", at("01-08"), march),
        ("ann", "south", "cid", "n1", "sdr", march, at("05-01")),
        ("ann", "south", "cid", "n1", "ae", at("05-01"), at("06-01")),
        ("ann", "south", "dan", "n1", "ae", at("06-01"), at("08-01")),
        ("ann", "north", "", "", "", back, None),
    ]
    assert floor.ask(
        "SELECT team, valid_to FROM sales.memberships_at(as_of = '2024-03-31', "
        "known_at = '2100-01-01') ORDER BY valid_from"
    ) == [("north", march), ("south", None)]


def test_a_correction_changes_the_team_of_last_quarter(floor: Floor) -> None:
    joined = told("rep.joined", "01-08", actor="ann", team="north")
    moved = told("rep.team_assigned", "03-01", actor="ann", team="south")
    spans = "SELECT team, valid_from, valid_to FROM sales.memberships"

    floor.tell(joined, moved, corrected(moved, "02-01", team="west"))
    assert floor.ask(spans) == [
        ("north", at("01-08"), at("02-01")),
        ("west", at("02-01"), None),
    ]
    floor.tell(joined, moved, retracted(moved))
    assert floor.ask(spans) == [("north", at("01-08"), None)]


def test_who_is_hired_for_a_day_belongs_from_that_day(floor: Floor) -> None:
    floor.tell(
        told("rep.hired", "01-10", actor="ann", team="north", manager="bea", role="sdr",
             starts_on="2024-02-01"),
        told("rep.joined", "02-01 08:00", actor="ann", team="north", role="sdr"),
        told("rep.team_assigned", "02-05", actor="eve", team="north"),
        told("rep.territory_assigned", "02-05", actor="eve", territory="n2"),
    )  # fmt: skip

    assert floor.ask(MEMBERSHIPS) == [
        ("ann", "north", "bea", "", "sdr", at("02-01"), None),
        ("eve", "north", "", "n2", "", at("02-05"), None),
    ]


def test_an_account_changes_its_segment(floor: Floor) -> None:
    floor.tell(
        told("account.created", "01-01", account="a", segment="small", country="DE"),
        told("account.profile_changed", "02-01", account="a", name="Paper & Co"),
        told("account.profile_changed", "04-01", account="a", segment="large"),
    )

    assert floor.ask("SELECT * FROM sales.account_segments") == [
        ("a", "small", "DE", "", at("01-01"), at("04-01")),
        ("a", "large", "DE", "", at("04-01"), None),
    ]


def test_a_rate_and_a_product_change(floor: Floor) -> None:
    first = told("exchange_rate.set", "01-01", currency="USD", quote_currency="EUR", rate="0.9",
                 valid_from="2024-01-01", subject="USD")  # fmt: skip
    floor.tell(
        first,
        told("exchange_rate.set", "03-28", currency="USD", quote_currency="EUR", rate="0.8",
             valid_from="2024-04-01", subject="USD"),
        told("exchange_rate.set", "03-29", currency="USD", quote_currency="EUR", rate="0.85",
             valid_from="2024-04-01", subject="USD"),
        told("product.defined", "01-01", product="ink", subject="ink", series="office",
             amount="5", currency="EUR"),
        told("product.defined", "06-01", product="ink", subject="ink", amount="6", currency="EUR"),
        told("product.launched", "01-02", product="ink", subject="ink", valid_from="2024-02-01"),
        corrected(first, rate="0.95"),
    )  # fmt: skip

    april = date(2024, 4, 1)
    assert floor.ask("SELECT * FROM sales.exchange_rates") == [
        ("USD", "EUR", Decimal("0.95"), date(2024, 1, 1), april),
        ("USD", "EUR", Decimal("0.85"), april, None),
    ]
    launched = date(2024, 2, 1)
    assert floor.ask("SELECT * FROM sales.products") == [
        ("ink", "", "office", 5, "EUR", "", launched, at("01-01"), at("06-01")),
        ("ink", "", "", 6, "EUR", "", launched, at("06-01"), None),
    ]


def test_territories_and_teams_are_defined_anew(floor: Floor) -> None:
    floor.tell(
        told("territory.defined", "01-01", territory="n1", subject="n1", country="DE"),
        told("territory.defined", "02-01", territory="n1", subject="n1", region="Elbe"),
        told("team.defined", "01-01", team="north", subject="north", manager="bea"),
    )

    assert floor.ask("SELECT * FROM sales.territories") == [
        ("n1", "", "DE", "", "", "", at("01-01"), at("02-01")),
        ("n1", "", "", "Elbe", "", "", at("02-01"), None),
    ]
    assert floor.ask("SELECT * FROM sales.teams") == [
        ("north", "", "bea", "", "", "", at("01-01"), None)
    ]


def test_a_deal_comes_from_where_its_lead_came_from(floor: Floor) -> None:
    opened = {"account": "a", "actor": "ann", "pipeline": "main", "stage": "contact"}
    floor.tell(
        told("lead.captured", "01-01", lead="l1", subject="l1", channel="web", direction="inbound",
             lead_source="marketing", campaign="spring"),
        told("lead.captured", "01-05", lead="l1", subject="l1", channel="phone",
             direction="outbound"),
        told("lead.captured", "01-02", lead="l2", subject="l2", channel="event",
             direction="inbound"),
        told("deal.opened", "02-01", deal="d1", lead="l1", **opened),
        told("deal.opened", "02-01", deal="d2", **opened),
        told("lead.converted", "02-02", lead="l2", deal="d2", account="a"),
        told("deal.opened", "02-01", deal="d3", lead="l9", **opened),
        told("deal.opened", "02-01", deal="d4", **opened),
    )  # fmt: skip

    assert floor.ask("SELECT * FROM sales.deal_sources") == [
        ("d1", "l1", "marketing", "web", "spring", "inbound", at("01-01")),
        ("d2", "l2", "", "event", "", "inbound", at("01-02")),
        ("d3", "l9", "", "", "", "", None),
    ]
