"""Questions and SQL over real HTTP."""

import csv
import io
from collections.abc import Generator

import httpx
import pytest
from fastapi import FastAPI
from serving import served

from infra.reading.limits import Limits
from infra.warehouse import Warehouse
from services.query.http import MAX_BODY_BYTES, query_router
from services.query.reader import Reader


@pytest.fixture(scope="module")
def http(filled: Warehouse) -> Generator[httpx.Client, None, None]:
    app = FastAPI()
    with Reader(filled, Limits(max_seconds=2, max_rows=5_000)) as reader:
        app.include_router(query_router(reader))
        with served(app) as address, httpx.Client(base_url=address, timeout=30) as client:
            yield client


def test_sql_as_json_with_parameters(http: httpx.Client) -> None:
    answer = http.post(
        "/sql",
        json={
            "query": "SELECT deal, amount FROM deals WHERE deal = {deal:String}",
            "parameters": {"deal": "D-1"},
        },
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "columns": ["deal", "amount"],
        "types": ["String", "Nullable(Decimal(38, 9))"],
        "rows": [["D-1", "100.25"]],
    }


def test_sql_as_text(http: httpx.Client) -> None:
    answer = http.post("/sql", content="SELECT count() AS n FROM deals")
    assert answer.json()["rows"] == [[20]]


@pytest.mark.parametrize(
    ("parts", "media_type"),
    [
        ({"content": "SELECT deal FROM deals FORMAT CSVWithNames"}, "text/csv"),
        ({"content": "SELECT deal FROM deals", "params": {"format": "CSVWithNames"}}, "text/csv"),
        ({"content": "SELECT deal FROM deals", "headers": {"Accept": "text/csv"}}, "text/csv"),
    ],
)
def test_sql_in_a_format(http: httpx.Client, parts: dict[str, str], media_type: str) -> None:
    answer = http.post("/sql", **parts)
    assert answer.headers["content-type"].startswith(media_type)
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert (header, len(rows)) == (["deal"], 20)


def test_lines_of_json_are_streamed(http: httpx.Client) -> None:
    with http.stream(
        "POST",
        "/sql",
        content="SELECT number FROM numbers(5000)",
        headers={"Accept": "application/x-ndjson"},
    ) as answer:
        assert sum(1 for _ in answer.iter_lines()) == 5_000


@pytest.mark.parametrize(
    ("parts", "status", "said"),
    [
        ({"content": "DROP TABLE deals"}, 403, "DROP TABLE"),
        ({"content": "SELECT * FROM file('x')"}, 403, "file"),
        ({"content": "SELECT * FROM dealz"}, 400, "Maybe you meant deals"),
        ({"content": "SELECT * FROM dealz FORMAT CSV"}, 400, "Maybe you meant deals"),
        ({"content": "SELECT 1", "params": {"format": "Template"}}, 403, "Template"),
        ({"content": "SELECT count() FROM numbers(1000000000000)"}, 504, "2 seconds"),
        ({"content": "SELECT * FROM numbers(6000)"}, 400, "5,000 rows"),
        ({"content": ""}, 400, "empty"),
        ({"content": b"\xff"}, 400, "UTF-8"),
        ({"content": b"x" * (MAX_BODY_BYTES + 1)}, 413, "larger"),
        ({"json": {"sql": "SELECT 1"}}, 400, '"query"'),
        ({"json": ["SELECT 1"]}, 400, '"query"'),
        ({"json": {"query": "SELECT 1", "limit": 1}}, 400, "limit"),
        ({"json": {"query": "SELECT 1", "parameters": [1]}}, 400, "parameters"),
        (
            {"content": "{", "headers": {"Content-Type": "application/json"}},
            400,
            "not JSON",
        ),
        (
            {"content": "[" * 100_000, "headers": {"Content-Type": "application/json"}},
            400,
            "not JSON",
        ),
        ({"json": {"query": "SELECT {x:Int32}", "parameters": {"x": "y"}}}, 400, "Int32"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    http: httpx.Client, parts: dict[str, str], status: int, said: str
) -> None:
    answer = http.post("/sql", **parts)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert said in told["detail"]


def test_questions_are_listed(http: httpx.Client) -> None:
    listed = {one["name"]: one for one in http.get("/questions").json()["questions"]}
    assert "funnel" in listed
    assert {"name": "stage", "type": "String", "comment": "stage of the pipeline"} in listed[
        "funnel"
    ]["columns"]


def test_a_question_is_answered_as_of_two_clocks(http: httpx.Client) -> None:
    now = http.get("/questions/deals").json()
    then = http.get("/questions/deals", params={"as_of": "2021-01-05"}).json()
    few = http.get("/questions/deals", params={"limit": 2}).json()
    none = http.get("/questions/quota_attainment").json()
    assert (none["rows"], none["lacking"]) == ([], ["quotas"])
    assert "lacking" not in now
    assert [len(answer["rows"]) for answer in (now, then, few)] == [20, 5, 2]
    assert now["columns"] == then["columns"]


def test_the_events_behind_a_row_are_shown(http: httpx.Client) -> None:
    found = http.get("/questions/funnel/why", params={"row": ["pipeline=main", "stage=contact"]})
    told = found.json()
    assert [len(told[part]["rows"]) for part in ("row", "events")] == [1, 31]
    sliced = http.get("/questions/win_rate", params={"by": "rep", "period": "month"}).json()
    assert [row[:4] for row in sliced["rows"]] == [["bob", "2021-02-01", 10, 10]]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/questions/funnel/why?row=stage%3Dnone", 422, "no row where stage=none"),
        ("/questions/funnel/why?row=stage", 422, "column=value"),
        ("/questions/win_rate?by=colour", 422, "rep, product"),
        ("/questions/growth?currency=euro", 422, "three capital letters"),
        ("/questions/growth/why?row=measure%3Dwon&currency=EUR", 422, "without a currency"),
        ("/questions/funel", 404, "funnel"),
        ("/questions/funnel?as_of=soon", 400, "soon"),
        ("/questions/..%2Fx", 404, ""),
    ],
)
def test_what_cannot_be_asked_is_a_problem(
    http: httpx.Client, path: str, status: int, said: str
) -> None:
    answer = http.get(path)
    assert answer.status_code == status
    assert said in answer.text
