"""Deciding a conflict of sources in Chromium: accessible at a desk and on a phone, refused once, then taken."""

import shutil
from collections.abc import Iterator

import pytest
from aiohttp import web
from playwright.sync_api import expect, sync_playwright

from tests.browser.looks import faults_at_both_sizes
from tests.frontend.fake_gateway import FakeGateway, problem, reply
from tests.frontend.live import live_frontend
from tests.frontend.source_conflicts import BY_NUMBER, BY_RESOLUTION, RESOLUTION, conflict, decision, detail, listed
from tests.frontend.test_browser import CHROMIUM, FLAGS, WIDE
from tests.frontend.test_members_pages import API as REGISTRY
from tests.frontend.test_targets_pages import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not shutil.which("chromium"), reason="NO CHROMIUM: the pages were not tried in a browser (apt install chromium)"
    ),
]
INDICATOR = f"{ROOT}/indicators/local_origin"
OPTION = {"id": RESOLUTION, "label": f"{BY_RESOLUTION.number} {BY_RESOLUTION.title}"}
FIRST = decision(cited=BY_NUMBER)
SECOND = decision("表10", no=2, cited=BY_RESOLUTION, opinion="理事会确定：分解表写明了逐年进度，按分解表考核。")


@pytest.fixture
def live() -> Iterator[tuple[str, FakeGateway]]:
    with live_frontend() as (address, fake):
        items = {"items": [listed(conflict())], "next_cursor": None, "total": 1, "year": 2023}
        fake.answers |= {
            ("GET", INDICATOR): reply(detail(conflict(FIRST))),
            ("GET", f"{ROOT}/indicators"): reply(items),
            ("GET", f"{ROOT}/reports"): reply({"items": [], "next_cursor": None, "total": 0}),
            ("GET", f"{REGISTRY}/resolutions/options"): reply({"items": [OPTION]}),
        }
        yield address, fake


def deciding(fake: FakeGateway, bodies: list[dict[str, str]]) -> None:
    """Refuse a short opinion as the service would, and take the rest."""

    async def handler(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        if len(bodies[-1]["opinion"]) < 2:
            issue = {"field": "opinion", "code": "string_too_short", "message": "至少写 2 个字。"}
            return problem(422, "invalid_input", "填写内容有误", "有 1 处需要修改。", [issue])
        fake.answers["GET", INDICATOR] = reply(detail(conflict(SECOND, FIRST.model_copy(update={"holds": False}))))
        return web.json_response(SECOND.model_dump(mode="json"), status=201)

    fake.answers["POST", f"{INDICATOR}/source-decisions"] = handler


def test_a_clerk_replaces_a_decision_after_one_refusal(live: tuple[str, FakeGateway]) -> None:
    address, fake = live
    bodies: list[dict[str, str]] = []
    deciding(fake, bodies)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=WIDE, locale="zh-CN", base_url=address)  # type: ignore[arg-type]
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto("/targets?year=2023")
        faults = faults_at_both_sizes(page, "conflict-list")
        page.goto("/targets/local_origin")
        page.get_by_role("link", name="重新确定").click()
        form = page.locator("#source-form")
        expect(page.locator("#field-resolution option")).to_have_count(2)
        faults += faults_at_both_sizes(page, "conflict-form")
        form.get_by_label("表10：不低于 45%").check()
        form.get_by_label("意见").fill("按")
        page.locator("#field-resolution").select_option(RESOLUTION)
        form.get_by_role("button", name="确定考核口径").click()
        expect(page.locator(".error-summary")).to_be_focused()
        expect(form.get_by_label("表10：不低于 45%")).to_be_checked()
        expect(page.locator("#field-resolution")).to_have_value(RESOLUTION)
        faults += faults_at_both_sizes(page, "conflict-refused")
        form.get_by_label("意见").fill(SECOND.opinion)
        form.get_by_role("button", name="确定考核口径").click()
        expect(page.locator("#conflict-2023")).to_contain_text("以前的决定")
        expect(page.locator(".toast-note")).to_contain_text("已确定考核口径")
        faults += faults_at_both_sizes(page, "conflict-decided")
        browser.close()
    assert (faults, broken) == ([], [])
    assert bodies[1] == {
        **{"year": "2023", "article": "表10", "opinion": SECOND.opinion},
        **{"resolution": RESOLUTION, "resolution_number": None, "replaces": str(FIRST.id)},
    }
