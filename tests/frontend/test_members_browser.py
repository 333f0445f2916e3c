"""The form of a member in Chromium: a conflict lands in the form itself, and the page keeps its other parts."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.frontend.collaboration_answers import CLASS, COLLEGE, PLATE, answers
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.live import live_frontend
from tests.frontend.test_browser import CHROMIUM, FLAGS, PHONE, WIDE
from tests.frontend.test_members_pages import API, MEMBER, ONE, member_answers

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not shutil.which("chromium"), reason="NO CHROMIUM: the pages were not tried in a browser (apt install chromium)"
    ),
]


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, FakeGateway]]:
    for name in [n for n in os.environ if n.startswith("HUB_")]:
        monkeypatch.delenv(name)
    with live_frontend() as (address, fake):
        fake.answers |= {**answers(), **member_answers()}
        yield address, fake


def test_a_conflict_is_told_in_the_form_and_a_second_save_goes_through(live: tuple[str, FakeGateway]) -> None:
    address, fake = live
    newer = {**MEMBER, "industry": "新能源汽车"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=WIDE, locale="zh-CN", base_url=address)  # type: ignore[arg-type]
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"/members/{ONE}/edit")
        page.fill("#field-industry", "零部件")
        fake.answers["GET", f"{API}/members/{ONE}"] = reply(newer, headers={"ETag": '"4"'})
        fake.answers["PUT", f"{API}/members/{ONE}"] = refuse(412, "stale_version", "内容已被他人修改", "请刷新。")
        page.get_by_role("button", name="保存").click()
        expect(page.locator("#member-form .error-summary")).to_contain_text("所属行业：现为“新能源汽车”")
        expect(page.locator("form.form")).to_have_count(1)
        expect(page.locator("#page-problem")).to_be_attached()
        expect(page.locator("#field-industry")).to_have_value("零部件")
        fake.answers["PUT", f"{API}/members/{ONE}"] = reply(newer)
        page.get_by_role("button", name="保存").click()
        page.wait_for_url(f"**/members/{ONE}")
        sent = [headers["If-Match"] for method, _, headers in fake.seen if method == "PUT"]
        assert sent == ['"3"', '"4"']
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        for path in ("/members", f"/members/{ONE}", f"/members/{ONE}/edit", "/change-sets/new",
                     "/collaborations", f"/collaborations/{COLLEGE}", f"/collaborations/{CLASS}/edit",
                     "/collaborations/new?kind=base", "/collaborations/plates",
                     f"/collaborations/plates/{PLATE}"):  # fmt: skip
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        browser.close()
        assert faults == []
