"""The server's users and limits, as far as they can be judged without a server."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from infra.warehouse import Warehouse

FOLDER = Path(__file__).resolve().parents[3] / "infra" / "deploy" / "clickhouse"
USERS = ET.parse(FOLDER / "users.xml").getroot()
GRANTS = {
    user.tag: [query.text or "" for query in user.iterfind("grants/query")]
    for user in USERS.iterfind("users/*")
}


@pytest.fixture
def engine(warehouse: Warehouse) -> Client:
    return warehouse.client("admin")


def test_the_analyst_may_read_what_is_for_people_and_nothing_else() -> None:
    assert GRANTS["analyst"] == ["GRANT SHOW, SELECT ON sales.*"]
    assert USERS.findtext("profiles/analyst/readonly") == "2"
    assert USERS.findtext("profiles/analyst/allow_ddl") == "0"


def test_no_grant_reaches_files_addresses_or_other_servers() -> None:
    told = " ".join(query for queries in GRANTS.values() for query in queries).upper()

    for source in (
        "FILE",
        "URL",
        "REMOTE",
        "S3",
        "SOURCES",
        "READ ON",
        "TEMPORARY",
        "ALL ON",
        "*.*",
    ):
        assert source not in told


def test_the_engine_can_read_every_grant(engine: Client) -> None:
    for queries in GRANTS.values():
        for query in queries:
            engine.query(
                "SELECT formatQuery({sql:String})", parameters={"sql": f"{query} TO someone"}
            )


def test_every_setting_of_a_profile_is_one_of_the_engine(engine: Client) -> None:
    named = {
        one.tag
        for profile in USERS.iterfind("profiles/*")
        for one in (*profile, *profile.iterfind("constraints/*"))
    } - {"constraints"}
    known = engine.query(
        "SELECT name FROM system.settings WHERE name IN {names:Array(String)}",
        parameters={"names": sorted(named)},
    ).result_rows

    assert named == {name for (name,) in known}


def test_limits_can_be_lowered_and_not_raised() -> None:
    profile = USERS.find("profiles/analyst")
    assert profile is not None
    for name in ("max_execution_time", "max_memory_usage", "max_result_rows"):
        assert profile.findtext(f"constraints/{name}/max") == profile.findtext(name)
        # 0 would mean no limit.
        assert profile.findtext(f"constraints/{name}/min") == "1"


def test_passwords_come_from_the_environment_and_the_open_user_is_gone() -> None:
    default = USERS.find("users/default")
    assert default is not None
    assert default.get("remove") == "remove"
    for name in ("salestape", "analyst"):
        password = USERS.find(f"users/{name}/password")
        assert password is not None
        assert password.text is None
        assert password.get("from_env")


def test_the_servers_configuration_is_well_formed() -> None:
    assert ET.parse(FOLDER / "config.xml").getroot().tag == "clickhouse"
