"""The console when there is nothing to show, when something fails, and when the server was away."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from conftest import SECONDS, Opener, Watch
from console_parts import line_of, panel
from playwright.sync_api import BrowserContext, expect
from sales_floor import SalesFloor

FLOOR = Path(__file__).with_name("sales_floor.py")
ROOT = Path(__file__).parent.parent.parent


def test_panels_without_anything_to_show_say_why(floor: SalesFloor, visit: Opener) -> None:
    floor.clear()
    page = visit()
    expect(panel(page, "funnel")).to_contain_text("No deal is in a pipeline yet")
    expect(panel(page, "quotas")).to_contain_text("No quota has been set yet")
    expect(panel(page, "churn")).to_contain_text("No account has bought yet")
    floor.accounts = 12
    floor.change()
    expect(panel(page, "churn")).to_contain_text("no rule fires for any of the 12 accounts")


def test_panels_without_anything_at_that_time_say_so(floor: SalesFloor, visit: Opener) -> None:
    floor.clear()
    page = visit("?as_of=1999-12-31")
    for name, words in (
        ("funnel", "No deal was in a pipeline"),
        ("quotas", "No quota had been set"),
        ("churn", "No account had bought"),
    ):
        expect(panel(page, name)).to_contain_text(f"{words} as of the end of 31 Dec 1999.")


def test_a_panel_that_cannot_be_refreshed_says_why_and_keeps_what_it_had(
    floor: SalesFloor, visit: Opener
) -> None:
    page = visit()
    funnel, churn = panel(page, "funnel"), panel(page, "churn")
    expect(funnel).to_contain_text("win rate 72.0%")
    floor.failing["funnel"] = RuntimeError("the engine ran out of memory")
    floor.signals = floor.signals[:1]
    floor.change()
    alert = funnel.get_by_role("alert")
    expect(alert).to_contain_text("cannot be refreshed: the engine ran out of memory")
    expect(funnel).to_contain_text("win rate 72.0%")
    expect(churn).not_to_contain_text("Birch Media")
    expect(churn.get_by_role("alert")).not_to_be_visible()
    floor.failing.clear()
    expect(alert).not_to_be_visible()


def test_a_panel_that_never_had_an_answer_says_why(floor: SalesFloor, visit: Opener) -> None:
    floor.failing["quota_attainment"] = RuntimeError("no such view")
    page = visit("?as_of=2001-01-01")
    expect(panel(page, "quotas").get_by_role("alert")).to_contain_text("no such view")


def test_a_feed_that_cannot_be_read_says_why_and_goes_on(floor: SalesFloor, visit: Opener) -> None:
    floor.happen("sales.call.made.v1", account="Kelp Motors")
    page = visit()
    expect(line_of(page, "Kelp Motors")).to_be_visible()
    floor.failing["feed"] = OSError("the tape is locked")
    alert = page.locator(".activity").get_by_role("alert")
    expect(alert).to_contain_text("the tape is locked")
    floor.happen("sales.call.made.v1", account="Kiln Glass")
    floor.failing.clear()
    expect(line_of(page, "Kiln Glass")).to_be_visible()
    expect(alert).not_to_be_visible()


def test_a_history_that_cannot_be_read_says_why(floor: SalesFloor, visit: Opener) -> None:
    floor.happen("sales.deal.won.v1", deal="D-bad")
    floor.failing["deal_history"] = RuntimeError("the engine is busy")
    page = visit()
    line_of(page, "D-bad").get_by_role("button", name="D-bad").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("the engine is busy")


def test_the_page_comes_back_by_itself_when_the_server_does(
    context: BrowserContext, watch: Watch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = watch.over(context.new_page())
    with _serving(port, "empty"):
        page.goto(f"http://127.0.0.1:{port}/?family=deal")
        expect(page.locator(".feed-lines")).to_contain_text("No event passes the filter yet")
        expect(panel(page, "funnel")).to_contain_text("No deal is in a pipeline yet")
        page.get_by_role("button", name="Clear filter").click()
        expect(page.locator(".feed-lines")).to_contain_text("Nothing is on the tape yet")
        page.get_by_role("textbox", name="Account").fill("cedar")
        page.wait_for_url("**/?account=cedar")
        watch.tolerant = True
    expect(page.locator(".state")).to_contain_text("Offline")
    with _serving(port, "filled"):
        expect(panel(page, "funnel")).to_contain_text("win rate 72.0%")
        expect(line_of(page, "D-1")).to_contain_text("Cedar Labs")
        expect(page.get_by_role("textbox", name="Account")).to_have_value("cedar")
        expect(page.locator(".state")).to_contain_text("Live")
        page.close()


@contextmanager
def _serving(port: int, filled: str) -> Iterator[None]:
    """Serve a floor of its own in another process, which is killed at the end."""
    server = subprocess.Popen([sys.executable, FLOOR, str(port), filled], cwd=ROOT)
    try:
        for _ in range(SECONDS * 10):
            try:
                with urlopen(f"http://127.0.0.1:{port}/", timeout=SECONDS):
                    break
            except (URLError, ConnectionError):
                assert server.poll() is None, "the server did not start"
                try:
                    server.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
        else:
            raise AssertionError(f"the server did not answer within {SECONDS} seconds")
        yield
    finally:
        server.kill()
        server.wait()
