"""A simulated floor is taken up where the tables say that an earlier run left it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from projected_floor import project

from infra.warehouse import Warehouse
from services.cli.floor import earlier_run
from services.query.answers import Answer
from services.simulator.config import FloorConfig
from services.simulator.floor import simulate

FLOOR = FloorConfig(seed=31, days=200, accounts=40, turnover_per_year=0.9)


@contextmanager
def asking(warehouse: Warehouse) -> Iterator[Callable[[str], Answer]]:
    client = warehouse.fresh_client()
    client.database = "sales"

    def ask(sql: str) -> Answer:
        found = client.query(sql)
        return Answer(list(found.column_names), [], [tuple(row) for row in found.result_rows])

    yield ask
    client.close()


def test_who_left_and_what_is_open_is_found_on_the_tape(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    project(FLOOR, empty_warehouse, tmp_path)
    events = [orjson.loads(raw) for raw in simulate(FLOOR)]
    left = {event["subject"] for event in events if event["type"] == "sales.rep.left.v1"}
    ended = ("sales.deal.won.v1", "sales.deal.lost.v1")
    opened = {event["deal"] for event in events if event["type"] == "sales.deal.opened.v1"}
    closed = {event["deal"] for event in events if event["type"] in ended}
    with asking(empty_warehouse) as ask:
        earlier = earlier_run(ask, FLOOR)
    assert earlier is not None
    assert left
    assert set(earlier.left) == left
    assert {deal.deal for deal in earlier.open_deals} == opened - closed
