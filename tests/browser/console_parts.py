"""Where the parts of the console's page are found by its tests."""

from playwright.sync_api import Locator, Page


def panel(page: Page, name: str) -> Locator:
    """The panel `funnel`, `quotas` or `churn`."""
    return page.locator(f'[data-panel="{name}"]')


def line_of(page: Page, text: str) -> Locator:
    """The lines of the feed that contain a text."""
    return page.locator(".feed-lines .line").filter(has_text=text)
