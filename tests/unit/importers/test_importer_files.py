"""Which file a user named is which input."""

from pathlib import Path

import pytest

from services.importers.errors import ImporterError
from services.importers.files import assign, format_of
from services.importers.folder import About, Importer, Input


def importer(**inputs: Input) -> Importer:
    about = About(name="shop", description="Orders.", source="shop", inputs=inputs)
    return Importer(Path(), about, ())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name in ("Orders-1.CSV", "orders-2.csv", "customers.csv", ".orders-3.csv", "notes.txt"):
        (tmp_path / name).write_text("a\n1\n")
    return tmp_path


def test_files_of_a_folder_go_to_the_input_whose_pattern_they_fit(files: Path) -> None:
    shop = importer(
        orders=Input(files="orders*.csv", many=True),
        customers=Input(files=["clients*.csv", "customers*.csv"]),
    )
    found = assign(shop, [files])
    assert [path.name for path in found.files["orders"]] == ["Orders-1.CSV", "orders-2.csv"]
    assert [path.name for path in found.files["customers"]] == ["customers.csv"]
    assert [path.name for path in found.unused] == ["notes.txt"]


def test_a_file_that_fits_no_input_must_be_named_with_one(files: Path) -> None:
    shop = importer(orders=Input(files="orders*.csv"))
    with pytest.raises(ImporterError, match=r"none of the inputs.*INPUT="):
        assign(shop, [files / "notes.txt"])
    assert assign(shop, [f"orders={files / 'notes.txt'}"]).files["orders"] == [files / "notes.txt"]


def test_a_file_that_fits_two_inputs_must_be_named_with_one(files: Path) -> None:
    shop = importer(orders=Input(files="orders*"), all=Input(files="*.csv"))
    with pytest.raises(ImporterError, match="could be any of the inputs orders, all"):
        assign(shop, [files / "orders-2.csv"])


def test_a_path_that_is_not_there_is_named(files: Path) -> None:
    shop = importer(orders=Input(files="orders*"))
    with pytest.raises(ImporterError, match=r"gone\.csv: there is no such file"):
        assign(shop, [files / "gone.csv"])
    with pytest.raises(ImporterError, match=r"gone\.csv: there is no such file"):
        assign(shop, [f"orders={files / 'gone.csv'}"])


def test_a_file_with_an_equals_sign_in_its_name_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "orders=1.csv"
    path.write_text("a\n")
    assert assign(importer(orders=Input(files="orders*")), [path]).files["orders"] == [path]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.csv", "csv"),
        ("a.CSV.GZ", "csv"),
        ("a.tab", "tsv"),
        ("a.b.ndjson.bz2", "jsonl"),
        ("a.parquet", "parquet"),
    ],
)
def test_the_end_of_a_name_says_how_a_file_is_written(name: str, written: str) -> None:
    assert format_of(Path(name), Input(files="*")) == written


def test_the_format_of_the_input_comes_before_the_name() -> None:
    assert format_of(Path("a.csv"), Input(files="*", format="jsonl")) == "jsonl"
