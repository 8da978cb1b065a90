"""What a person does on the console's page: filter the feed, move the clocks, use the keyboard."""

import re
from datetime import UTC, datetime, timedelta

from conftest import Opener
from console_parts import line_of, panel
from playwright.sync_api import expect
from sales_floor import DAY, SalesFloor, stage
from waiting import wait_until

from services.console import FeedItem, HistoryStep

END_OF_JUNE = datetime(2017, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC)


def test_the_feed_is_filtered_by_family(floor: SalesFloor, visit: Opener) -> None:
    floor.happen("sales.call.made.v1", account="Iron Seeds")
    floor.happen("sales.quota.set.v1", actor="Iron Rep")
    page = visit()
    expect(line_of(page, "Iron")).to_have_count(2)
    page.get_by_role("combobox", name="Family").click()
    page.get_by_role("option", name="Plan").click()
    page.mouse.move(0, 0)  # a feed that is pointed at holds its lines
    expect(line_of(page, "Iron Seeds")).to_have_count(0)
    floor.happen("sales.call.made.v1", account="Iron Works")
    floor.happen("sales.target.set.v1", actor="Iron Boss")
    expect(line_of(page, "Iron Boss")).to_be_visible()
    expect(line_of(page, "Iron Works")).to_have_count(0)


def test_the_feed_is_filtered_by_names_and_the_filter_is_part_of_the_address(
    floor: SalesFloor, visit: Opener
) -> None:
    mine = {"account": "Jade Optics", "deal": "D-jade", "actor": "Rep Jo", "team": "Jade team"}
    floor.happen("sales.call.made.v1", **mine)
    for name in mine:
        floor.happen("sales.email.sent.v1", **(mine | {name: f"other {name}"}))
    page = visit()
    expect(line_of(page, "Jade")).to_have_count(5)
    for label, text in (
        ("Account", "jade"), ("Deal", "d-jade"), ("Rep", "rep jo"), ("Team", "JADE"),
    ):  # fmt: skip
        page.get_by_role("textbox", name=label, exact=True).fill(text)
    expect(page.locator(".feed-lines .line")).to_have_count(1)
    expect(line_of(page, "Call made")).to_be_visible()
    page.wait_for_url("**/?account=jade&deal=d-jade&actor=rep+jo&team=JADE")
    page.reload()
    expect(page.locator(".feed-lines .line")).to_have_count(1)
    page.get_by_role("button", name="Clear filter").click()
    expect(line_of(page, "Email sent").first).to_be_visible()
    expect(page.get_by_role("textbox", name="Account")).to_have_value("")


def test_a_filter_that_nothing_passes_says_so(floor: SalesFloor, visit: Opener) -> None:
    page = visit("?account=nobody+at+all")
    expect(page.locator(".feed-lines")).to_contain_text("No event passes the filter yet")


def test_an_account_with_signals_leads_to_its_events_however_old(
    floor: SalesFloor, visit: Opener
) -> None:
    long_ago = DAY - timedelta(days=400)
    floor.archive = [FeedItem(1, 5, DAY, long_ago, "sales.purchase.made.v1", account="Amber Foods")]
    page = visit()
    panel(page, "churn").get_by_role("button", name="Amber Foods").click()
    expect(line_of(page, "Purchase made").filter(has_text="Amber Foods")).to_be_visible()
    expect(page.locator(".feed-lines .line")).to_have_count(1)
    expect(page.get_by_role("textbox", name="Account")).to_have_value("Amber Foods")


def test_churn_signals_are_narrowed_to_a_rule(floor: SalesFloor, visit: Opener) -> None:
    page = visit()
    churn = panel(page, "churn")
    churn.get_by_role("button", name="payment trouble 1").click()
    expect(churn).not_to_contain_text("Amber Foods")
    expect(churn).to_contain_text("Birch Media")
    churn.get_by_role("button", name="payment trouble 1").click()
    expect(churn).to_contain_text("Amber Foods")


def test_the_clocks_move_the_panels_and_say_so(floor: SalesFloor, visit: Opener) -> None:
    floor.stages_then = [stage("research", 1, 50, None, won=1, lost=3)]
    page = visit()
    expect(panel(page, "funnel")).to_contain_text("win rate 72.0%")
    page.get_by_role("button", name="Clocks").click()
    page.get_by_label("As of day").fill("2017-06-30")
    page.get_by_label("Known at day").fill("2017-07-02")
    page.get_by_label("Known at time").fill("18:30")
    page.get_by_role("button", name="Show").click()
    banner = page.locator(".banner")
    expect(banner).to_contain_text("as of the end of 30 Jun 2017")
    expect(banner).to_contain_text("what the tape knew at 2 Jul 2017 18:30 UTC")
    expect(panel(page, "funnel")).to_contain_text("win rate 25.0%")
    known = datetime(2017, 7, 2, 18, 30, 59, 999_999, tzinfo=UTC)
    for question in ("funnel", "quota_attainment", "churn_signals"):
        wait_until(lambda question=question: (question, END_OF_JUNE, known) in floor.asked)
    page.wait_for_url("**/?as_of=2017-06-30&known_at=2017-07-02T18%3A30")
    banner.get_by_role("button", name="Back to now").click()
    expect(banner).not_to_be_visible()
    expect(panel(page, "funnel")).to_contain_text("win rate 72.0%")
    expect(page.get_by_role("button", name="Clocks")).to_contain_text("Now")


def test_the_history_of_a_deal_is_asked_for_as_of_the_clocks(
    floor: SalesFloor, visit: Opener
) -> None:
    floor.happen("sales.deal.won.v1", deal="D-then")
    floor.steps["D-then"] = [HistoryStep(DAY, DAY, "sales.deal.opened.v1", "Rep 01", {})]
    page = visit("?as_of=2017-06-30")
    expect(page.locator(".banner")).to_contain_text("as of the end of 30 Jun 2017")
    line_of(page, "D-then").get_by_role("button", name="D-then").click()
    expect(page.get_by_role("dialog")).to_contain_text("Deal opened")
    expect(page.get_by_role("dialog")).to_contain_text("as of the end of 30 Jun 2017")
    assert ("deal_history", END_OF_JUNE, None) in floor.asked


def test_a_clock_without_its_day_is_refused_with_the_reason(
    floor: SalesFloor, visit: Opener
) -> None:
    page = visit()
    expect(panel(page, "funnel")).to_contain_text("research")
    page.get_by_role("button", name="Clocks").click()
    page.get_by_label("As of time").fill("10:00")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert").filter(has_text="a time needs its day")).to_be_visible()
    expect(page.locator(".banner")).not_to_be_visible()


def test_the_clocks_go_to_the_last_event(floor: SalesFloor, visit: Opener) -> None:
    page = visit()
    expect(page.locator(".state")).to_contain_text("Live")
    page.get_by_role("button", name="Clocks").click()
    page.get_by_role("button", name="Last event").click()
    expect(page.locator(".banner")).to_contain_text("as of the end of 2 Mar 2026")


def test_a_deal_is_opened_and_closed_by_the_keyboard(floor: SalesFloor, visit: Opener) -> None:
    floor.happen("sales.deal.won.v1", deal="D-keys")
    floor.steps["D-keys"] = [HistoryStep(DAY, DAY, "sales.deal.won.v1", "Rep 01", {})]
    page = visit("?deal=D-keys")
    button = line_of(page, "D-keys").get_by_role("button", name="D-keys")
    expect(button).to_be_visible()
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("log")).to_be_focused()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Deal D-keys")
    expect(dialog).to_contain_text("Deal won")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def test_every_control_has_a_name(floor: SalesFloor, visit: Opener) -> None:
    page = visit()
    expect(panel(page, "churn")).to_contain_text("Amber Foods")
    controls = re.findall(
        r"- '?(button|combobox|textbox|log|region|group|alert)\b(.*)",
        page.locator("body").aria_snapshot(),
    )
    assert len(controls) > 15
    assert [kind for kind, rest in controls if not rest.startswith(' "')] == []
    headings = page.get_by_role("heading").all_inner_texts()
    assert headings[:2] == ["Salestape", "Activity"]
    assert {"Funnel", "Quota attainment", "Churn signals"} <= set(headings)


def test_a_tablet_shows_everything_without_scrolling_sideways(
    floor: SalesFloor, visit: Opener
) -> None:
    page = visit()
    expect(panel(page, "churn")).to_contain_text("Amber Foods")
    for width in (1280, 1024, 820, 768):
        page.set_viewport_size({"width": width, "height": 900})
        for name in ("funnel", "quotas", "churn"):
            panel(page, name).scroll_into_view_if_needed()
            expect(panel(page, name)).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
