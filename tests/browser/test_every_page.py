"""Every page of the menu, at a desk and on a phone: it stands, fits, and can be used by everybody (WCAG 2.1 AA)."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE, SignIn, picture

PAGES = {
    "home": "/",
    "members": "/members",
    "member-new": "/members/new",
    "collaborations": "/collaborations",
    "targets": "/targets",
    "indicator": "/targets/local_employment",
    "tasks": "/targets/tasks",
    "reports": "/targets/reports",
    "rosters": "/subsidies/rosters",
    "students": "/subsidies/rosters/students",
    "classes": "/subsidies/rosters/classes",
    "claims": "/subsidies/claims",
    "settlements": "/subsidies/settlements",
    "settlement-new": "/subsidies/settlements/new",
    "components": "/components",
}
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


def faults_of(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


@pytest.mark.parametrize(("kind", "viewport"), [("desk", DESK), ("phone", PHONE)])
def test_pages_stand_fit_and_are_accessible(sign_in: SignIn, kind: str, viewport: dict[str, int]) -> None:
    page = sign_in("mishuchu", viewport)
    faults = {}
    for name, path in PAGES.items():
        answer = page.goto(path)
        assert answer is not None
        page.wait_for_load_state("networkidle")
        picture(page, f"page-{name}-{kind}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found = [*faults_of(page), *([f"{wide} px too wide"] if wide > 0 else [])]
        if answer.status != 200 or found:
            faults[path] = [answer.status, *found]
    assert faults == {}


def test_the_sign_in_page_and_a_wrong_password(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    page.context.clear_cookies()
    page.goto("/")
    assert faults_of(page) == []
    page.get_by_label("用户名").fill("mishuchu")
    page.get_by_label("密码").fill("不是这个密码-1234")
    page.get_by_role("button", name="登录").click()
    page.get_by_text("用户名或密码").first.wait_for()
    picture(page, "page-sign-in-refused")


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
    picture(page, "page-unknown")
