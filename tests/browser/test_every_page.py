"""Every page that some post may open, at a desk and on a phone: it stands, fits, and can be used by everybody."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, OpenWindow, SignIn, picture
from tests.browser.looks import WIDTH, faults_at_both_sizes, faults_of

OFFICE = (
    "/",
    "/members",
    "/members/*",
    "/members/new",
    "/members/duplicates",
    "/applications",
    "/applications/*",
    "/member-reviews",
    "/change-sets",
    "/change-sets/*",
    "/change-sets/new",
    "/change-sets/edits/new?of=collaborations",
    "/collaborations",
    "/collaborations/*",
    "/collaborations/plates",
    "/agreements",
    "/agreements/*",
    "/agreements/new",
    "/governance/bodies",
    "/governance/bodies/*",
    "/governance/picture",
    "/governance/meetings",
    "/governance/meetings/*",
    "/governance/resolutions",
    "/governance/resolutions/*",
    "/coverage",
    "/coverage?by=major",
    "/coverage/industries",
    "/coverage/industries/new",
    "/majors",
    "/majors/import",
    "/catalogues/majors",
    "/catalogues/majors/*",
    "/catalogues/industries",
    "/catalogues/majors/new",
    "/teachers",
    "/teachers/*",
    "/teachers/new",
    "/teachers/shared",
    "/teachers/import",
    "/targets",
    "/targets/local_employment",
    "/targets/tasks",
    "/targets/reports",
    "/targets/reports/*",
    "/subsidies/rosters",
    "/subsidies/rosters/*",
    "/subsidies/rosters/students",
    "/subsidies/rosters/classes",
    "/subsidies/claims",
    "/subsidies/claims/*",
    "/subsidies/settlements",
    "/subsidies/settlements/new",
    "/integration/clients",
    "/integration/clients/new",
    "/integration/webhooks",
    "/integration/webhooks/new",
    "/integration/webhooks/deliveries",
    "/practice",
    "/me",
    "/components",
)
PAGES: dict[str, tuple[str, ...]] = {
    "mishuchu": OFFICE,
    "fuzeren": ("/people/unit", "/people/unit/*", "/me"),
    "bureau-340822": ("/", "/subsidies/rosters", "/subsidies/claims/new", "/practice"),
    "member-azy": ("/", "/subsidies/claims"),
    "caizheng": ("/", "/subsidies/settlements"),
    "lingdao": ("/", "/targets"),
    "xitong": (
        "/",
        "/people/accounts",
        "/people/accounts/*",
        "/people/accounts/new",
        "/people/posts",
        "/people/posts/*",
        "/people/providers",
        "/people/providers/new?kind=oidc",
        "/people/providers/new?kind=wecom",
        "/people/applications",
        "/people/applications/new",
    ),
    "anquan": ("/people/accounts/*", "/people/posts/*", "/people/posts/new", "/people/posts/roles"),
    "shenji": ("/audit",),
}
"""Whose browser opens what; `/*` is the page behind the first row of a list."""
FIRST_ROW = "table.data tbody a[href^='/']"


def opened(page: Page, path: str) -> int:
    """Open the page and wait until it is quiet; answers its status."""
    answer = page.goto(path.removesuffix("*").rstrip("/") or "/")
    assert answer is not None
    if path.endswith("/*"):
        answer = page.goto(page.locator(FIRST_ROW).first.get_attribute("href") or "")
        assert answer is not None
    page.wait_for_load_state("networkidle")
    if path == "/audit":
        page.locator("details.audit-details summary").first.click()
    return answer.status


@pytest.mark.parametrize("username", PAGES)
def test_pages_stand_fit_and_are_accessible(sign_in: SignIn, username: str) -> None:
    page = sign_in(username)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    faults = {}
    for path in PAGES[username]:
        name = re.sub(r"\W+", "-", path.replace("*", "one")).strip("-") or "home"
        status = opened(page, path)
        found = [*faults_at_both_sizes(page, f"page-{username}-{name}"), *said]
        said.clear()
        if status != 200 or found:
            faults[path] = [status, *found]
    assert faults == {}


def test_every_entry_of_every_menu_is_among_them(sign_in: SignIn) -> None:
    known = {path for pages in PAGES.values() for path in pages}
    for username in PAGES:
        page = sign_in(username)
        entries = page.locator("#menu a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert entries, username
        assert set(entries) <= known, username


def test_the_reference_of_the_county_api_fits_and_is_accessible(open_window: OpenWindow) -> None:
    page, faults = open_window(), []
    page.goto("/api/docs/county")
    for viewport in (DESK, PHONE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        faults += [page.evaluate(WIDTH)]
    for within in ("header", "main section:first-of-type"):  # each operation looks alike, and there are very many
        faults += faults_of(page, within)
    assert faults == [0, 0]


def test_the_keyboard_alone_reaches_the_content(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    page.goto("/members")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent.trim()")
    assert "跳" in focused
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('main') !== null || location.hash.length > 1")


def test_an_unknown_page_says_what_to_do(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    answer = page.goto("/no-such-page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_text(re.compile("没有找到|不存在")).first).to_be_visible()
    assert faults_of(page) == []
    picture(page, "page-unknown")
