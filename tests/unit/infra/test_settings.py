"""Settings: where they come from, what is refused, and that each one is described."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.settings import (
    CONCERNS,
    ConsoleSettings,
    DataSettings,
    GatewaySettings,
    ProjectorSettings,
    QuerySettings,
    SettingsError,
    all_settings,
    load,
    unknown_names,
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in all_settings():
        monkeypatch.delenv(setting.env, raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)


def test_every_setting_says_what_it_is_for_and_gives_an_example() -> None:
    for setting in all_settings():
        assert setting.description.endswith("."), setting
        assert setting.example, setting
        assert setting.type, setting


def test_every_setting_has_a_name_of_its_own() -> None:
    names = [setting.env for setting in all_settings()]
    assert len(names) == len(set(names))
    assert all(name.startswith("SALESTAPE_") for name in names)


def test_every_example_that_is_a_value_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESTAPE_CONSOLE_API_KEY", "k" * 32)
    monkeypatch.setenv("SALESTAPE_GATEWAY_API_KEY", "k" * 32)
    monkeypatch.setenv("SALESTAPE_KAFKA_PASSWORD", "k" * 32)
    monkeypatch.setenv("SALESTAPE_WAREHOUSE_PASSWORD", "k" * 32)
    for setting in all_settings():
        if setting.type != "secret":
            monkeypatch.setenv(setting.env, setting.example)
    for concern in CONCERNS:
        load(concern)


def test_the_environment_is_read_under_the_name_that_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALESTAPE_DATA", "/srv/tape")
    monkeypatch.setenv("SALESTAPE_GATEWAY_PORT", "9000")
    monkeypatch.setenv("SALESTAPE_PROJECTOR_BATCH_SIZE", "7")
    monkeypatch.setenv("SALESTAPE_QUERY_MAX_ROWS", "8")
    assert load(DataSettings).data == Path("/srv/tape")
    assert load(GatewaySettings).port == 9000
    assert load(ProjectorSettings).batch_size == 7
    assert load(QuerySettings).max_rows == 8


def test_an_empty_variable_is_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESTAPE_TAPE", "")
    assert load(DataSettings, data="/srv/tape").tape == "sqlite:///srv/tape/tape.sqlite"


def test_tape_and_warehouse_lie_in_the_data_folder_unless_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = load(DataSettings, data=Path("/srv/a b#c"))
    assert settings.tape == "sqlite:///srv/a%20b%23c/tape.sqlite"
    assert settings.warehouse == "chdb:///srv/a%20b%23c/warehouse"
    monkeypatch.setenv("SALESTAPE_WAREHOUSE", "clickhouse://localhost:8123")
    assert load(DataSettings).warehouse == "clickhouse://localhost:8123"


@pytest.mark.parametrize(
    ("home", "expected"),
    [("/xdg", Path("/xdg/salestape")), ("relative", Path.home() / ".local/share/salestape")],
)
def test_the_default_folder_follows_the_xdg_standard(
    monkeypatch: pytest.MonkeyPatch, home: str, expected: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", home)
    assert load(DataSettings).data == expected


def test_the_data_folder_may_begin_with_a_tilde_and_is_absolute() -> None:
    assert load(DataSettings, data="~/tape").data == Path.home() / "tape"
    assert load(DataSettings, data="tape").data == Path.cwd() / "tape"


def test_what_is_given_beats_the_environment_and_none_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALESTAPE_DATA", "/from/environment")
    assert load(DataSettings, data="/given").data == Path("/given")
    assert load(DataSettings, data=None).data == Path("/from/environment")


def test_a_wrong_value_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESTAPE_GATEWAY_PORT", "eighty")
    with pytest.raises(SettingsError, match=r"^SALESTAPE_GATEWAY_PORT: .*integer"):
        load(GatewaySettings)


def test_a_name_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="prot"):
        load(GatewaySettings, prot=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    assert load(GatewaySettings, host=host).api_key is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "sales.example"])
def test_other_addresses_need_a_key(host: str) -> None:
    with pytest.raises(SettingsError, match="SALESTAPE_GATEWAY_API_KEY"):
        load(GatewaySettings, host=host)
    load(GatewaySettings, host=host, api_key=SecretStr("k" * 32))
    with pytest.raises(SettingsError, match="SALESTAPE_CONSOLE_API_KEY"):
        load(ConsoleSettings, host=host)
    load(ConsoleSettings, host=host, api_key=SecretStr("k" * 32))


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESTAPE_GATEWAY_API_KEY", "open-sesame-open-sesame")
    settings = load(GatewaySettings)
    assert "sesame" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    monkeypatch.setenv("SALESTAPE_GATEWAY_API_KEY", "sesame")
    with pytest.raises(SettingsError) as caught:
        load(GatewaySettings)
    assert "sesame" not in str(caught.value)


def test_a_burst_below_a_batch_is_refused() -> None:
    with pytest.raises(SettingsError, match="max_batch"):
        load(GatewaySettings, burst=10, max_batch=11)


def test_mistyped_names_are_found() -> None:
    names = ["SALESTAPE_GATEWAY_PROT", "SALESTAPE_DATA", "salestape_tape", "HOME"]
    assert unknown_names(names) == ["SALESTAPE_GATEWAY_PROT"]
