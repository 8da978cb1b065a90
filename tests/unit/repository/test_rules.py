"""The rules that the linters hold are held: each goes red when it is broken."""

import json
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from infra.settings import all_settings

ROOT = Path(__file__).resolve().parents[3]
RUFF = [sys.executable, "-m", "ruff", "check", "--output-format=json", "--no-cache"]


def rules_broken(code: str, path: str) -> set[str]:
    """Return the names of the rules that ruff finds broken in `code`, were it at `path`."""
    result = subprocess.run(
        [*RUFF, f"--stdin-filename={path}", "-"],
        input=code,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode in (0, 1), result.stderr
    return {fault["code"] for fault in json.loads(result.stdout)}


READINGS = [
    "import time\n\nmoment = time.time()\n",
    "import time\n\nmoment = time.time_ns()\n",
    "from time import time\n\nmoment = time()\n",
    "import time as t\n\nmoment = t.monotonic()\n",
    "from time import perf_counter\n\nmoment = perf_counter()\n",
    "from datetime import UTC, datetime\n\nmoment = datetime.now(UTC)\n",
    "import datetime\n\nmoment = datetime.datetime.now(datetime.UTC)\n",
    "from datetime import datetime\n\nmoment = datetime.utcnow()\n",
    "from datetime import date\n\nday = date.today()\n",
    "import uuid\n\nname = uuid.uuid4()\n",
    "from uuid import uuid4\n\nname = uuid4()\n",
    "import secrets\n\nname = secrets.token_hex()\n",
    "import os\n\nname = os.urandom(8)\n",
]


@pytest.mark.parametrize("code", READINGS)
def test_who_reads_the_clock_or_makes_ids_is_found(code: str) -> None:
    assert "TID251" in rules_broken(code, "projections/x.py")


@pytest.mark.parametrize("path", ["events/x.py", "infra/tape/x.py", "services/gateway/x.py"])
def test_the_rule_holds_in_every_layer(path: str) -> None:
    assert "TID251" in rules_broken(READINGS[0], path)


def test_only_the_clock_may() -> None:
    assert "TID251" not in rules_broken("\n".join(READINGS), "infra/clock.py")


def test_passing_times_about_is_no_reading() -> None:
    code = "from datetime import UTC, datetime\n\nmoment = datetime(2026, 1, 1, tzinfo=UTC)\n"
    assert rules_broken(code, "services/gateway/x.py") == set()


def test_the_vocabulary_needs_pydantic_and_nothing_else() -> None:
    graph = grimp.build_graph("events", include_external_packages=True, cache_dir=None)
    outside = {
        module
        for module in graph.modules
        if module.partition(".")[0] != "events" and module not in sys.stdlib_module_names
    }
    assert outside <= {"pydantic", "pydantic_core"}


def test_every_setting_is_read_in_one_place() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for layer in ("events", "projections", "infra", "services")
        for path in (ROOT / layer).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)|from os import", path.read_text())
    ]
    assert {str(Path(reader).parent) for reader in readers} == {"infra/settings"}


def test_every_link_of_the_documents_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_setting_does_something() -> None:
    read = "".join(
        path.read_text() for layer in ("infra", "services") for path in (ROOT / layer).rglob("*.py")
    )
    unread = [
        setting.env for setting in all_settings() if not re.search(rf"\.{setting.name}\b", read)
    ]
    assert unread == []
