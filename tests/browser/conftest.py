"""A real Chromium on the real hub. Where the machine has no Chromium, the tests are skipped loudly and counted."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.hub_fixture import ARTIFACTS
from tests.support.running_hub import RunningHub
from tests.support.sign_in import sign_in_by_pages

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
SCREENSHOTS = ARTIFACTS / "screenshots"
MISSING = "NO BROWSER: Debian's chromium is not installed and could not be; the browser tests did not run"

SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser per module: while Playwright runs, no other test of this process could run an event loop."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def sign_in(chromium: Browser, hub: RunningHub) -> Iterator[SignIn]:
    """Open a fresh browser window and sign in by the form. A fault in the console or on the page fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_as(username: str, viewport: dict[str, int] = DESK) -> Page:
        context = chromium.new_context(viewport=viewport, locale="zh-CN", accept_downloads=True, base_url=hub.url)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: faults.append(f"{page.url}: {message.text}") if _bad(message.text) else None)
        page.goto("/")
        sign_in_by_pages(page, hub.accounts[username])
        page.get_by_role("heading", name="我的事项").wait_for()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert faults == []


def _bad(text: str) -> bool:
    """What the browser reports about the page itself: scripts and the security policy, not expected refusals."""
    return "Content Security Policy" in text or "Uncaught" in text


def picture(page: Page, name: str) -> Path:
    """Keep a screenshot of the whole page as an artefact."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
