"""The form of a decision in Chromium: the picker of resolutions fills itself, and only the decision asks first."""

import shutil
from collections.abc import Iterator

import pytest
from aiohttp import web
from playwright.sync_api import expect, sync_playwright

from tests.frontend.fake_gateway import FakeGateway, reply
from tests.frontend.live import live_frontend
from tests.frontend.test_browser import CHROMIUM, FLAGS, PHONE, WIDE
from tests.frontend.test_life_cycle_pages import CITED, RESOLUTION, Sent, life_cycle_answers
from tests.frontend.test_members_pages import API, ONE, TWO

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not shutil.which("chromium"), reason="NO CHROMIUM: the pages were not tried in a browser (apt install chromium)"
    ),
]
PASSED = [{"id": TWO, "label": "宜职教集〔2026〕1号 关于年度工作的决议"},
          {"id": RESOLUTION, "label": f"{CITED['number']} {CITED['title']}"}]  # fmt: skip


async def options(request: web.Request) -> web.StreamResponse:
    """The resolutions that fit what was typed."""
    typed = request.query.get("q", "")
    return web.json_response({"items": [one for one in PASSED if typed in one["label"]]})


@pytest.fixture
def live() -> Iterator[tuple[str, FakeGateway]]:
    with live_frontend() as (address, fake):
        fake.user = {**fake.user, "role": "secretariat_head"}
        fake.answers |= {**life_cycle_answers(), ("GET", f"{API}/resolutions/options"): options}
        yield address, fake


def test_a_resolution_is_looked_up_and_chosen_before_anything_is_asked(live: tuple[str, FakeGateway]) -> None:
    address, fake = live
    sent = fake.answers["POST", f"{API}/members/{ONE}/exit"] = Sent(reply({"items": [], "allowed": []}))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=WIDE, locale="zh-CN", base_url=address)  # type: ignore[arg-type]
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.goto(f"/members/{ONE}/steps/exit")
        found = page.locator("#field-resolution option")
        expect(found).to_have_count(3)
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.locator(".resolution-search").fill("吸收")
        expect(found).to_have_count(2)
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.locator("#field-resolution").select_option(RESOLUTION)
        page.locator(".resolution-search").fill("没有这样的决议")
        expect(found.first).to_have_text("不引用决议")
        expect(page.locator("#field-resolution")).to_have_value(RESOLUTION)  # what was chosen is not lost to a search
        with page.expect_response("**/governance/resolutions/options*"):
            page.locator(".resolution-search").fill("没有")
        expect(found).to_have_count(2)
        expect(page.locator("#field-resolution")).to_have_value(RESOLUTION)
        page.fill("#field-opinion", "企业迁出。")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_role("button", name="确认退出").click()
        assert (sent.bodies, faults) == ([], [])
        page.locator("dialog[open]").get_by_role("button", name="确认").click()
        page.wait_for_url(f"**/members/{ONE}")
        assert [body["resolution"] for body in sent.bodies] == [RESOLUTION]
        browser.close()
