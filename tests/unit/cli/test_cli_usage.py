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
        (("schema", "sales.deal.one.v1"), 2, "sales.deal.one.v1"),
        (("check", "/nowhere"), 2, "/nowhere"),
        (("import", "maven-crm"), 2, "PATH"),
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
