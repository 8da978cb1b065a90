"""What an importer's folder must hold, and how what is wrong with it is said."""

from pathlib import Path

import pytest

from services.importers.errors import ImporterError
from services.importers.folder import find, load, shipped

ABOUT = """\
name = "shop"
description = "Orders."
source = "shop"
[inputs.orders]
files = "orders*.csv"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "about.toml").write_text(ABOUT)
    (tmp_path / "20_b.sql").write_text("SELECT 2")
    (tmp_path / "10_a.sql").write_text("SELECT 1")
    return tmp_path


def test_scripts_run_in_the_order_of_their_names(folder: Path) -> None:
    assert [script.name for script in load(folder).scripts] == ["10_a.sql", "20_b.sql"]


def test_a_folder_is_found_by_its_path_and_a_shipped_importer_by_its_name(folder: Path) -> None:
    assert find(folder).name == "shop"
    assert find("maven-crm").folder.name == "maven_crm"


def test_three_importers_ship_and_each_says_what_it_takes_for_granted() -> None:
    names = {importer.name: importer.about.notes for importer in shipped()}
    assert set(names) == {"adventureworks", "maven-crm", "online-retail"}
    assert all(names.values())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("name = ", "not readable as TOML"),
        (ABOUT.replace('source = "shop"', ""), "source: is missing"),
        (ABOUT + 'delimeter = ";"', "inputs.orders.delimeter: is not a setting (did you mean"),
        (ABOUT.replace("source", "sorce"), "sorce: is not a setting (did you mean 'source'?)"),
        (ABOUT + 'delimiter = "ab"', "inputs.orders.delimiter"),
        (ABOUT + 'format = "xlsx"', "inputs.orders.format"),
        (ABOUT + "header = false", "without a header it must name its columns"),
        (ABOUT + "optional = true", "an optional input must name its columns"),
        (ABOUT + 'encoding = "klingon"', "'klingon' is not known"),
        (ABOUT.replace("inputs.orders", 'inputs."my orders"'), "SQL needs a name"),
        (ABOUT.partition("[")[0], "inputs: is missing"),
    ],
)
def test_what_is_wrong_with_about_toml_is_named(folder: Path, wrong: str, said: str) -> None:
    (folder / "about.toml").write_text(wrong)
    with pytest.raises(ImporterError) as refused:
        load(folder)
    assert str(folder / "about.toml") in str(refused.value)
    assert said in str(refused.value)


def test_a_folder_without_about_toml_is_no_importer(tmp_path: Path) -> None:
    with pytest.raises(ImporterError, match=r"no about\.toml"):
        load(tmp_path)


def test_a_folder_without_sql_is_no_importer(tmp_path: Path) -> None:
    (tmp_path / "about.toml").write_text(ABOUT)
    with pytest.raises(ImporterError, match="no SQL file"):
        load(tmp_path)


def test_a_script_that_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "10_a.sql").write_bytes("SELECT 'José'".encode("cp1252"))
    with pytest.raises(ImporterError, match=r"10_a\.sql is not readable as SQL in UTF-8"):
        load(folder)
