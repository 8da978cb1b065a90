"""The guide's example works as written: its code blocks are the files of this test."""

import re
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from services.importers import run
from services.importers.folder import Input

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "write-an-importer.md"
BLOCK = re.compile(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in BLOCK.findall(GUIDE.read_text("utf-8")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
    return tmp_path


def test_the_guides_importer_makes_the_events_it_promises(folder, engine: Client, sink) -> None:
    summary = run(folder / "my-shop", [folder / "exports"], sink, engine)
    assert summary.produced == {"sales.account.created.v1": 2, "sales.purchase.made.v1": 4}
    purchases = sink.of("sales.purchase.made.v1")
    assert [(p.id, p.account, p.actor, p.data.amount) for p in purchases] == [
        ("order/1001", "Alder Books", "Ida", "1249.50"),
        ("order/1002", "Birch & Sons", "Ida", "310.00"),
        ("order/1003", "Alder Books", "Olu", "89.90"),
    ]
    assert [(r.place, r.field) for r in summary.rejects] == [("orders-2025.csv, row 5", "time")]


def test_the_guides_importer_appends_nothing_twice(folder, engine: Client, sink) -> None:
    first = run(folder / "my-shop", [folder / "exports"], sink, engine)
    second = run(folder / "my-shop", [folder / "exports"], sink, engine)
    assert (second.appended, second.already_there) == (0, first.appended)


def test_the_guide_names_every_setting_of_an_input() -> None:
    told = set(re.findall(r"^\| `(\w+)", GUIDE.read_text("utf-8"), re.MULTILINE))
    assert set(Input.model_fields) <= told
