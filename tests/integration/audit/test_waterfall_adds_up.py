"""The waterfall of any range adds up, whatever was told late, twice, wrongly, or taken back."""

from collections.abc import Generator
from datetime import timedelta
from random import Random
from typing import Any

import deal_histories
import pytest
from clickhouse_connect.driver.client import Client
from deal_histories import EPOCH, Neighbourhood
from emptied import SHIPPED, swept

from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.projector.projector import Projector

AMOUNTS = ("1", "12.50", "-3", "0", "1999.99", "0.000000001")
"""No larger ones: the sum of all must be a number that the engine can tell."""
ADDS_UP = """
    SELECT
        count(),
        sum(opened_deals), sum(reopened_deals), sum(moved_out_deals), sum(lost_deals),
        countIf(opening + opened + reopened + moved_in + grown - shrunk - won - lost - moved_out
            != closing),
        countIf(opening_deals + opened_deals + reopened_deals + moved_in_deals
            - won_deals - lost_deals - moved_out_deals != closing_deals)
    FROM sales.waterfall_by(by = '{by}', period = '{period}', since = '{since}', until = '{until}')
"""
OPEN_AT = """
    SELECT sum(ifNull(amount, 0)), count()
    FROM sales.deals_at(as_of = '{day}', known_at = '2190-01-01')
    WHERE status = 'open'
"""


@pytest.fixture(scope="module")
def client(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Generator[Client]:
    client = swept(warehouse).client("admin")
    tape = open_tape(f"sqlite://{tmp_path_factory.mktemp('town') / 'tape.sqlite'}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deal_histories, "AMOUNTS", AMOUNTS)
        for n in range(40):
            tape.append(list(Neighbourhood(f"n{n}", Random(n)).records(30)))
    projector = Projector(tape, warehouse, SHIPPED)
    projector.prepare()
    projector.catch_up()
    assert projector.health().rejected == 0
    yield client
    tape.close()


def first_row(client: Client, sql: str) -> tuple[Any, ...]:
    (row,) = client.query(sql).result_rows
    return tuple(row)


def test_every_range_adds_up_and_ends_at_what_is_open(client: Client) -> None:
    since, until = EPOCH + timedelta(days=1), EPOCH + timedelta(days=2)
    asked = {"by": "", "since": f"{since:%F}", "until": f"{until:%F}"}
    waterfall = (
        "sales.waterfall_by(by = '', period = '', since = '{since}', until = '{until}')"
    ).format_map(asked)
    ((value, deals, value_before, deals_before),) = client.query(
        "SELECT sum(closing), sum(closing_deals), sum(opening), sum(opening_deals) "
        f"FROM {waterfall}"
    ).result_rows
    before = since - timedelta(days=1)
    assert [(value, deals), (value_before, deals_before)] == [
        first_row(client, OPEN_AT.format(day=f"{day:%F}")) for day in (until, before)
    ]
    for cut in ({}, {"period": "day"}, {"by": "rep", "period": "day", "since": ""}):
        rows, *movements, odd, odd_deals = first_row(
            client, ADDS_UP.format_map({"period": ""} | asked | cut)
        )
        assert rows > 2, cut
        assert all(count > 0 for count in movements), cut
        assert (odd, odd_deals) == (0, 0), cut
