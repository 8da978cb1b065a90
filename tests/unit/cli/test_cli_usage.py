"""What makes no sense is refused with one line and code 2, before any data is opened."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("import", "mavencrm", "."), 1, "maven-crm"),
        (("import", "maven-crm", "/nowhere"), 1, "/nowhere"),
        (("show", "funnel", "--as-of", "yesterday"), 2, "--as-of: 'yesterday' is no time"),
        (("sql", "--json", "--csv", "SELECT 1"), 2, "--csv and --json"),
        (("sql", "-"), 2, "no query"),
        (("simulate", "--rate", "fast"), 2, "20/s"),
        (("simulate", "--start", "2190-01-01"), 2, "future"),
        (("up", "--rate", "0/s"), 2, "20/s"),
        (("up", "--host", "0.0.0.0"), 2, "SALESTAPE_GATEWAY_API_KEY"),
        (("gateway", "--host", "0.0.0.0"), 2, "SALESTAPE_GATEWAY_API_KEY"),
        (("console", "--host", "0.0.0.0"), 2, "SALESTAPE_CONSOLE_API_KEY"),
        (("gateway",), 2, "run `salestape up` instead"),
        (("console",), 2, "run `salestape up` instead"),
        (("schema", "sales.deal.one.v1"), 2, "sales.deal.one.v1"),
        (("check", "/nowhere"), 2, "/nowhere"),
        (("import", "maven-crm"), 2, "PATH"),
        (("dlq", "show", "nine"), 2, "PARTITION:OFFSET"),
        (("dlq", "show", "0:1", "--raw", "--json"), 2, "--raw and --json"),
        (("dlq", "list", "--since", "yesterday"), 2, "--since: 'yesterday'"),
        (("dlq", "replay"), 2, "--all or --reason"),
        (("dlq", "replay", "0:1", "--all"), 2, "--all or --reason"),
        (("dlq", "replay", "0:1", "one"), 2, "PARTITION:OFFSET"),
        (("copy", "sqlite:///a.sqlite", "sqlite:///../a.sqlite"), 2, "the tape to be copied"),
        (("copy", "sqlite:///nowhere/a.sqlite", "kafka://localhost:1"), 3, "no tape /nowhere/a"),
        (("copy", "file:///a", "sqlite:///b.sqlite"), 3, "no scheme of a tape"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    monkeypatch.setenv("SALESTAPE_DATA", str(tmp_path / "data"))
    done = CliRunner().invoke(app, arguments, input="")
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in done.stderr
    assert not (tmp_path / "data").exists()


def test_the_schema_of_a_type_is_one_json_document() -> None:
    done = CliRunner().invoke(app, ["schema", "sales.deal.won.v1", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["properties"]["data"]


@pytest.mark.parametrize(
    ("arguments", "title"),
    [((), "# Questions"), (("questions",), "# Questions"), (("domain",), "# The sales domain")],
)
def test_the_reference_pages_are_printed(arguments: tuple[str, ...], title: str) -> None:
    done = CliRunner().invoke(app, ["docs", *arguments])
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, title)


def test_one_process_does_not_derive_what_projectors_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESTAPE_TAPE", "kafka://127.0.0.1:1")
    monkeypatch.setenv("SALESTAPE_WAREHOUSE", "clickhouse://writer:open/sesame@127.0.0.1:1")
    done = CliRunner().invoke(app, ["up", "--data", str(tmp_path / "data")])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "salestape projector" in done.stderr
    assert "sesame" not in done.stderr
    assert not (tmp_path / "data").exists()
