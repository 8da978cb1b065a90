"""What commands say when they cannot do what was asked: one line, what and where, and a code."""

from pathlib import Path

from conftest import Salestape

from infra.lock import DataLock


def test_the_engine_s_own_words_say_what_is_wrong_with_a_query(salestape: Salestape) -> None:
    done = salestape("sql", "SELECT statu FROM deals")
    assert (done.code, done.out) == (1, "")
    assert "statu" in done.err
    assert "status" in done.err
    assert len(done.err.splitlines()) == 1


def test_who_has_the_folder_is_said_with_what_to_do(salestape: Salestape) -> None:
    with DataLock.acquire(salestape.data, "import maven-crm") as lock:
        done = salestape("sql", "SELECT 1")
    assert (done.code, done.out) == (3, "")
    assert f"process {lock.holder.pid}" in done.err
    assert "import maven-crm" in done.err
    assert str(salestape.data) in done.err


def test_a_folder_that_a_warehouse_serves_is_no_platform_and_can_be_worked_with(
    salestape: Salestape,
) -> None:
    with DataLock.acquire(salestape.data, "warehouse", "http://127.0.0.1:8123") as lock:
        for command in (("sql", "SELECT 1"), ("doctor",)):
            done = salestape(*command)
            assert (done.code, done.out) == (3, "")
            assert f"process {lock.holder.pid}" in done.err
            assert "SALESTAPE_WAREHOUSE=clickhouse://writer:KEY@127.0.0.1:8123" in done.err


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "data", Path("/proc/salestape")):
        done = Salestape(folder)("sql", "SELECT 1")
        assert done.code == 3
        assert str(folder) in done.err
        assert "Traceback" not in done.err


def test_a_damaged_tape_stops_commands_and_the_doctor_says_so(newcomer: Salestape) -> None:
    newcomer.data.mkdir()
    (newcomer.data / "tape.sqlite").write_bytes(b"this is no database, " * 500)
    asked = newcomer("sql", "SELECT 1")
    assert asked.code == 3
    assert "tape.sqlite" in asked.err
    state = newcomer("doctor", "--json")
    assert state.code == 1
    assert "tape.sqlite" in state.json["trouble"]["start"]


def test_the_doctor_hides_secrets_and_finds_mistyped_settings(newcomer: Salestape) -> None:
    newcomer.environment = {
        "SALESTAPE_GATEWAY_API_KEY": "a secret of twenty signs",
        "SALESTAPE_DTA": "/x",
    }
    done = newcomer("doctor", "--json")
    assert done.code == 0
    assert "a secret" not in done.out
    assert any("SALESTAPE_DTA" in line for line in done.json["advice"])
    shown = {setting["name"]: setting["value"] for setting in done.json["settings"]}
    assert shown["SALESTAPE_DATA"] == str(newcomer.data)
    assert not newcomer.data.exists()
