"""What a doctor says of parts elsewhere, and that no URL is told with its password."""

from typing import Any

import pytest

from infra.urls import shown_url
from services.cli.parts import advice_on
from services.cli.urls import held_by_one

KAFKA: dict[str, Any] = {
    "topic": "sales.events.v1",
    "keeps_everything": True,
    "config": {},
    "partitions": ({"number": 0, "leader": 1, "copies": 3, "in_sync": 3},),
    "group": "salestape.sales.events.v1",
    "members": (),
}
LAG = {"table": None, "partition": 0, "records": 1, "seconds": None}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("clickhouse://writer:secret@host:8123", "clickhouse://writer:…@host:8123"),
        ("clickhouse://writer:se/c:r@et#1@host:8123", "clickhouse://writer:…@host:8123"),
        ("http://:secret@host", "http://:…@host"),
        ("clickhouse://writer@host:8123", "clickhouse://writer@host:8123"),
        ("kafka://one:9092,two:9092/sales", "kafka://one:9092,two:9092/sales"),
        ("chdb:///a/b:c@d", "chdb:///a/b:c@d"),
    ],
)
def test_a_url_is_told_without_its_password(url: str, told: str) -> None:
    assert shown_url(url) == told


def test_both_must_be_shared_for_processes_to_work_side_by_side() -> None:
    assert held_by_one("kafka://host:1", "clickhouse://host") is None
    assert "warehouse" in (held_by_one("kafka://host:1", "chdb:///w") or "")
    assert "tape" in (held_by_one("sqlite:///t", "clickhouse://host") or "")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"kafka": KAFKA, "lags": [LAG]}, "start `salestape projector`"),
        ({"kafka": {**KAFKA, "keeps_everything": False}}, "forgets"),
        ({"kafka": {"trouble": "Kafka is away"}}, "Kafka is away"),
        (
            {"kafka": {**KAFKA, "partitions": [{**KAFKA["partitions"][0], "in_sync": 2}]}},
            "2 of 3 copies",
        ),
        ({"kafka": {**KAFKA, "partitions": [{**KAFKA["partitions"][0], "leader": -1}]}}, "leader"),
        ({"definitions": "other"}, "other definitions"),
        ({"durable": False}, "power cut"),
        (
            {"processes": [{"worker": "w", "place": "p", "trouble": {"append": "it is full"}}]},
            "projector w at p: append: it is full",
        ),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(found: dict[str, Any], told: str) -> None:
    (advice,) = advice_on(found)
    assert told in advice


@pytest.mark.parametrize("found", [{}, {"kafka": KAFKA}, {"durable": None, "definitions": "none"}])
def test_of_what_is_well_or_unknown_nothing_is_said(found: dict[str, Any]) -> None:
    assert advice_on(found) == []
