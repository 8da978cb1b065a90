"""The console of a real platform: `salestape up --simulate`, its tape, its engine, its page."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SECONDS, Watch
from console_parts import panel
from playwright.sync_api import Browser, expect

STARTING = 120
COMMAND = (sys.executable, "-c", "from services.cli.main import app; app()")
LINES = ".feed-lines .line"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a platform with a simulated sales floor listens."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESTAPE_")}
    with subprocess.Popen(
        [*COMMAND, "up", "--simulate", "--json", "--port", "0", "--data", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        text=True,
        env=kept,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the platform ended"
        yield json.loads(line)["address"]
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(STARTING) == 0
        finally:
            process.kill()


def test_the_first_page_shows_the_feed_moving_and_three_panels_filled(
    address: str, browser: Browser, watch: Watch
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = watch.over(context.new_page())
    page.goto(address)
    newest = page.locator(LINES).first
    expect(newest).to_be_visible(timeout=STARTING * 1000)
    expect(panel(page, "funnel")).to_contain_text("win rate", timeout=STARTING * 1000)
    expect(panel(page, "funnel").get_by_role("row").filter(has_text="closing")).to_contain_text("%")
    expect(panel(page, "quotas").get_by_role("row").nth(1)).to_contain_text("%")
    expect(panel(page, "churn").get_by_role("listitem").first).to_contain_text(" d")
    before = newest.inner_text()
    expect(newest).not_to_have_text(before, timeout=SECONDS * 1000)
    context.close()
