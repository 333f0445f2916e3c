"""A real Chromium on the real hub. Where the machine has no Chromium, the tests are skipped loudly and counted."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright

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
SECONDS: Final = 10_000
"""How long "within seconds" may take, in milliseconds: revocations are polled each second."""
STEP: Final = 250
"""How often a page is asked for until it changes, in milliseconds."""
MISSING = "NO BROWSER: Debian's chromium is not installed and could not be; the browser tests did not run"

expect.set_options(timeout=20_000)  # as on a machine that does other work as well

SignIn = Callable[..., Page]
OpenWindow = Callable[..., Page]

SIGNED_IN: Final[dict[tuple[str, str | None, bool], StorageState]] = {}
"""The cookies of sign-ins of this test process by user name, post and practice: they are shared between tests."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for this folder: while Playwright runs, no other test of this process could run an event loop."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What the pages' scripts and the security policy complained about; any of it fails the test."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_window(chromium: Browser, hub: RunningHub, faults: list[str]) -> Iterator[OpenWindow]:
    """Open a browser of its own, with no cookies or with those given."""
    contexts: list[BrowserContext] = []

    def open_with(cookies: StorageState | None = None, viewport: dict[str, int] = DESK) -> Page:
        context = chromium.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            locale="zh-CN",
            accept_downloads=True,
            base_url=hub.url,
            storage_state=cookies,
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: faults.append(f"{page.url}: {message.text}") if _bad(message.text) else None)
        return page

    yield open_with
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in(open_window: OpenWindow, hub: RunningHub) -> SignIn:
    """A window of somebody who is signed in, on the landing page.

    The password, the second factor and the choice of the post are gone through once per test process, or each time for
    a test that ends or changes the sign-in and says `fresh`.
    """

    def open_as(
        username: str,
        post: str | None = None,
        viewport: dict[str, int] = DESK,
        *,
        practice: bool = False,
        fresh: bool = False,
    ) -> Page:
        key = (username, post, practice)
        page = open_window(None if fresh else SIGNED_IN.get(key), viewport)
        page.goto("/")
        if page.get_by_label("用户名").count():
            sign_in_by_pages(page, replace(hub.accounts[username], post=post, practice=practice))
        page.get_by_role("heading", name="我的事项").wait_for()
        if not fresh:
            SIGNED_IN[key] = page.context.storage_state()
        return page

    return open_as


def _bad(text: str) -> bool:
    """What the browser reports about the page itself: scripts and the security policy, not expected refusals."""
    return "Content Security Policy" in text or "Uncaught" in text


def picture(page: Page, name: str) -> Path:
    """Keep a screenshot of the whole page as an artefact."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


def ends_within_seconds(page: Page, path: str) -> None:
    """Ask for the page until the browser is sent to the sign-in."""
    waited = 0
    while True:
        page.goto(path)
        if page.get_by_label("用户名").count():
            return
        assert waited < SECONDS, "the sign-in still works"
        page.wait_for_timeout(STEP)
        waited += STEP
