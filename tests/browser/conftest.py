"""A browser, a server and pages for the tests of the console.

Every page is watched: a request that would leave the machine, an error on its console or an
exception in its scripts fails the test that opened it.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sales_floor import SalesFloor, application

LOOPBACK = ("127.0.0.1", "localhost")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever slips past the page's own rules finds no address to go to.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
SECONDS = 180
"""How long anything may take on a busy machine."""

expect.set_options(timeout=SECONDS * 1000)

Opener = Callable[..., Page]


class Watch:
    """What pages did that they should not have done."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.tolerant = False
        """Whether errors are expected, as while a server is away. Requests elsewhere never are."""

    def over(self, page: Page) -> Page:
        page.on("request", lambda request: self._request(request.url))
        page.on("websocket", lambda websocket: self._request(websocket.url))
        page.on("pageerror", lambda error: self._fault(f"exception: {error}"))
        page.on(
            "console",
            lambda message: self._fault(message.text) if message.type == "error" else None,
        )
        return page

    def _fault(self, fault: str) -> None:
        if not self.tolerant:
            self.faults.append(fault)

    def _request(self, url: str) -> None:
        self.requests.append(url)
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in LOOPBACK:
            self.faults.append(f"request that leaves the machine: {url}")


# Not for the whole session: while Playwright runs, no other test can run an event loop.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[SalesFloor, str]]:
    """A floor and the address of its console; one for all tests, as NiceGUI is one per process."""
    floor = SalesFloor()
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(floor), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield floor, f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(SECONDS)
    assert not thread.is_alive(), "the server did not stop"


@pytest.fixture
def floor(served: tuple[SalesFloor, str]) -> SalesFloor:
    floor, _ = served
    floor.reset()
    return floor


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One context for all tests of a file, so that the files of the page are fetched once."""
    made = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    yield made
    made.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    watching = Watch()
    yield watching
    assert watching.faults == []


@pytest.fixture
def visit(
    context: BrowserContext, served: tuple[SalesFloor, str], watch: Watch
) -> Iterator[Opener]:
    """Opens the console in a new page; a path and another context may be given."""
    pages: list[Page] = []

    def open_page(path: str = "", inside: BrowserContext = context) -> Page:
        page = watch.over(inside.new_page())
        pages.append(page)
        page.goto(served[1] + path)
        return page

    yield open_page
    for page in pages:
        page.close()
    context.clear_cookies()
