"""The console's page in a real browser: what it shows and how it moves."""

from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from conftest import LOOPBACK, Opener, Watch
from console_parts import line_of, panel
from playwright.sync_api import Browser, expect
from sales_floor import SalesFloor, quota, signal, stage

from services.console import HistoryStep


def test_the_page_opens_with_feed_and_three_panels(floor: SalesFloor, visit: Opener) -> None:
    floor.happen("sales.deal.won.v1", deal="D-7", account="Dune Foods", actor="Rep 02")
    page = visit()
    expect(page).to_have_title("Salestape")
    funnel = panel(page, "funnel")
    expect(funnel.get_by_role("row").filter(has_text="contact")).to_contain_text("120")
    expect(funnel.get_by_role("row").filter(has_text="contact")).to_contain_text("60%")
    expect(funnel).to_contain_text("win rate 72.0%")
    quotas = panel(page, "quotas")
    expect(quotas.get_by_role("row").filter(has_text="All reps")).to_contain_text("65.0%")
    expect(quotas.get_by_role("row").filter(has_text="Rep 12")).to_contain_text("120.0%")
    expect(quotas.get_by_role("row").filter(has_text="Rep 01")).to_contain_text("10.0%")
    churn = panel(page, "churn")
    expect(churn).to_contain_text("2 of 40 accounts")
    expect(churn.get_by_role("listitem").filter(has_text="Amber Foods")).to_contain_text("120 d")
    expect(churn).to_contain_text("payment failed or overdue since 2026-02-01")
    expect(line_of(page, "D-7")).to_contain_text("Deal won")
    for name in ("funnel", "quotas", "churn"):
        expect(panel(page, name)).to_contain_text("updated")


def test_a_new_event_appears_without_a_reload(floor: SalesFloor, visit: Opener) -> None:
    floor.happen("sales.call.made.v1", account="Dale Toys")
    page = visit()
    expect(line_of(page, "Dale Toys")).to_be_visible()
    floor.happen(
        "sales.deal.won.v1",
        deal="D-new",
        account="Elm Works",
        data={"amount": "1234.50", "currency": "EUR"},
    )
    expect(line_of(page, "D-new")).to_contain_text("1,234.50 EUR")
    expect(page.locator(".feed-lines .line").first).to_contain_text("D-new")


def test_panels_follow_a_change(floor: SalesFloor, visit: Opener) -> None:
    page = visit()
    expect(panel(page, "funnel")).to_contain_text("win rate 72.0%")
    floor.stages = [stage("research", 1, 200, None, won=30, lost=10, open=0)]
    floor.quotas = [quota("Rep 77", 990)]
    floor.signals = [signal("Fir Mills", 200, idle_long="no purchase for 200 days")]
    floor.change()
    expect(panel(page, "funnel")).to_contain_text("win rate 75.0%")
    expect(panel(page, "quotas")).to_contain_text("Rep 77")
    expect(panel(page, "churn")).to_contain_text("Fir Mills")
    expect(panel(page, "churn")).not_to_contain_text("Amber Foods")


def test_the_header_tells_how_the_platform_is(floor: SalesFloor, visit: Opener) -> None:
    page = visit()
    state = page.locator(".state")
    expect(state).to_contain_text("Live")
    expect(page.locator(".figure.events")).to_contain_text(f"{len(floor.items):,}")
    floor.lag = 5_000
    expect(state).to_contain_text("Catching up")
    expect(page.locator(".figure.lag")).to_contain_text("5,000")
    floor.trouble = {"deals": "the engine is out of memory"}
    expect(state).to_contain_text("Trouble")
    expect(state).to_have_attribute("title", "deals: the engine is out of memory")
    floor.failing["health"] = OSError("away")
    expect(state).to_contain_text("No answer")


def test_quotas_show_the_worst_and_the_best_of_many_reps(floor: SalesFloor, visit: Opener) -> None:
    floor.quotas = [quota(f"Rep {n:03}", 10 * n) for n in range(1, 101)]
    page = visit()
    quotas = panel(page, "quotas")
    for rep in ("Rep 100", "Rep 001"):
        expect(quotas.get_by_role("row").filter(has_text=rep)).to_be_in_viewport()
    expect(quotas).not_to_contain_text("Rep 050")
    quotas.get_by_role("button", name="more between").click()
    expect(quotas).to_contain_text("Rep 050")


def test_a_quota_period_of_the_past_can_be_chosen(floor: SalesFloor, visit: Opener) -> None:
    floor.quotas = [quota("Rep 01", 300), quota("Rep 09", 800, start=date(2024, 1, 1))]
    page = visit()
    quotas = panel(page, "quotas")
    expect(quotas).to_contain_text("Rep 01")
    page.get_by_role("combobox", name="Quota period").click()
    page.get_by_role("option", name="2024").click()
    expect(quotas).to_contain_text("Rep 09")
    expect(quotas).not_to_contain_text("Rep 01")
    expect(quotas).to_contain_text("0 of 1 reached it")


def test_the_pipeline_selector_narrows_the_funnel(floor: SalesFloor, visit: Opener) -> None:
    floor.stages = [*floor.stages, stage("visit", 1, 9, None, pipeline="partners", open=9)]
    page = visit()
    funnel = panel(page, "funnel")
    expect(funnel).to_contain_text("partners")
    expect(funnel).to_contain_text("direct")
    page.get_by_role("combobox", name="Pipeline").click()
    page.get_by_role("option", name="partners").click()
    expect(funnel).not_to_contain_text("direct")
    expect(funnel).to_contain_text("visit")
    page.reload()
    expect(funnel).to_contain_text("visit")
    expect(funnel).not_to_contain_text("direct")


def test_a_deal_opens_its_history_with_both_clocks(floor: SalesFloor, visit: Opener) -> None:
    opened = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
    recorded = datetime(2026, 1, 6, 11, 30, tzinfo=UTC)
    floor.steps["D-8"] = [
        HistoryStep(
            opened, recorded, "sales.deal.opened.v1", "Rep 01", {"stage": "research"},
            status="open", stage="research", amount="500", currency="EUR", owner="Rep 01",
        ),
        HistoryStep(
            recorded, recorded, "sales.deal.won.v1", "Rep 01", {"amount": "450"}, "corrected",
            recorded, status="won", stage="closing", amount="450", currency="EUR", owner="Rep 01",
        ),
    ]  # fmt: skip
    floor.happen("sales.deal.won.v1", deal="D-8")
    page = visit()
    line_of(page, "D-8").get_by_role("button", name="D-8").click()
    dialog = page.get_by_role("dialog")
    first = dialog.get_by_role("row").filter(has_text="Deal opened")
    expect(first).to_contain_text("5 Jan 2026 10:00:00")
    expect(first).to_contain_text("6 Jan 2026 11:30:00")
    expect(first).to_contain_text("research")
    last = dialog.get_by_role("row").filter(has_text="Deal won")
    expect(last).to_contain_text("corrected")
    expect(last).to_contain_text("450 EUR")
    dialog.get_by_role("button", name="Deal won").click()
    expect(dialog).to_contain_text('"amount": "450"')
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def test_a_deal_without_history_says_so(floor: SalesFloor, visit: Opener) -> None:
    floor.happen("sales.deal.won.v1", deal="D-gone")
    page = visit()
    line_of(page, "D-gone").get_by_role("button", name="D-gone").click()
    expect(page.get_by_role("dialog")).to_contain_text("There is no event of deal D-gone")


def test_a_flood_is_sampled_and_what_is_left_out_is_counted(
    floor: SalesFloor, visit: Opener
) -> None:
    floor.happen("sales.call.made.v1", account="Ebb")
    page = visit()
    expect(line_of(page, "Ebb")).to_be_visible()
    for number in range(3_000):
        floor.happen("sales.call.made.v1", account=f"Flood {number}")
    expect(line_of(page, "Flood 2999")).to_be_visible()
    expect(page.locator(".feed-lines .more").first).to_contain_text("more")
    assert page.locator(".feed-lines > li").count() <= 200


def test_a_paused_feed_holds_what_is_new(floor: SalesFloor, visit: Opener) -> None:
    page = visit()
    page.get_by_role("button", name="Pause").click()
    floor.happen("sales.call.made.v1", account="Gale Travel")
    expect(page.locator(".feed-bar")).to_contain_text("1 new")
    expect(line_of(page, "Gale Travel")).to_have_count(0)
    page.get_by_role("button", name="Resume").click()
    expect(line_of(page, "Gale Travel")).to_be_visible()


def test_two_sessions_are_told_the_same_and_asked_for_once(
    floor: SalesFloor, visit: Opener
) -> None:
    first, second = visit(), visit("?family=deal")
    for page in (first, second):
        expect(panel(page, "funnel")).to_contain_text("win rate 72.0%")
    asked = floor.times_asked("funnel")
    floor.stages = [stage("research", 1, 10, None, won=1, lost=1, won_amount=Decimal(5))]
    floor.happen("sales.call.made.v1", account="Hill Toys")
    floor.happen("sales.deal.won.v1", account="Hill Toys", deal="D-hill")
    floor.change()
    for page in (first, second):
        expect(panel(page, "funnel")).to_contain_text("win rate 50.0%")
        expect(line_of(page, "D-hill")).to_be_visible()
    expect(line_of(first, "Call made").filter(has_text="Hill Toys")).to_be_visible()
    expect(line_of(second, "Call made")).to_have_count(0)
    assert floor.times_asked("funnel") == asked + 1


def test_nothing_is_fetched_from_elsewhere(floor: SalesFloor, visit: Opener, watch: Watch) -> None:
    page = visit()
    expect(panel(page, "churn")).to_contain_text("Amber Foods")
    page.evaluate("document.fonts.ready.then(() => true)")
    assert {urlsplit(url).hostname for url in watch.requests if "://" in url} <= set(LOOPBACK)
    fonts = page.evaluate(
        "[...document.fonts].filter((font) => font.status === 'loaded').map((font) => font.family)"
    )
    assert any("Roboto" in family for family in fonts)
    policy = page.request.get(page.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_other_addresses_stay_those_of_the_application(floor: SalesFloor, visit: Opener) -> None:
    request = visit().request
    base = visit().url
    assert request.post(base + "events").json() == {"status": "accepted"}
    assert request.get(base + "events").status == 405
    missing = request.get(base + "nothing/here")
    assert (missing.status, missing.json()) == (404, {"detail": "Not Found"})


def test_the_choice_of_colours_outlives_a_reload(
    floor: SalesFloor, visit: Opener, browser: Browser
) -> None:
    dark = browser.new_context(color_scheme="dark")
    page = visit(inside=dark)
    body = page.locator("body")
    expect(body).to_contain_class("body--dark")
    page.get_by_role("button", name="Colours: auto").click()
    expect(body).to_contain_class("body--light")
    page.reload()
    expect(page.get_by_role("button", name="Colours: light")).to_be_visible()
    expect(body).to_contain_class("body--light")
    dark.close()


def test_names_that_look_like_markup_are_shown_as_they_are(
    floor: SalesFloor, visit: Opener
) -> None:
    name = "<img src=x onerror=alert(1)> ${1} `x` {{ 1 + 1 }} </script>"
    floor.happen("sales.call.made.v1", account=name)
    floor.signals = [signal(name, 99, idle_long="<b>bold</b>")]
    page = visit()
    expect(line_of(page, name)).to_be_visible()
    expect(panel(page, "churn")).to_contain_text(name)
    assert page.locator("img").count() == 0
