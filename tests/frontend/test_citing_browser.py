"""A resolution's page in Chromium: what rests on it fits a phone, and goes onto paper when there is something."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.frontend.fake_gateway import FakeGateway, reply
from tests.frontend.live import live_frontend
from tests.frontend.test_browser import CHROMIUM, FLAGS, PHONE, WIDE
from tests.frontend.test_citing_decisions import PAGE, citing
from tests.frontend.test_governance_pages import CITING, governance_answers

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not shutil.which("chromium"), reason="NO CHROMIUM: the pages were not tried in a browser (apt install chromium)"
    ),
]
LONG = "安庆示例机械制造股份有限公司怀宁分公司：责令整改"


@pytest.fixture
def opened() -> Iterator[tuple[Page, FakeGateway]]:
    with live_frontend() as (address, fake), sync_playwright() as playwright:
        fake.answers |= governance_answers()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport=WIDE, locale="zh-CN", base_url=address), fake  # type: ignore[arg-type]
        browser.close()


def test_what_rests_on_a_resolution_fits_a_phone_and_goes_onto_paper(opened: tuple[Page, FakeGateway]) -> None:
    page, fake = opened
    page.goto(PAGE)
    card = page.locator("#citing-decisions")
    expect(card).to_contain_text("还没有依据本决议的决定。")
    page.emulate_media(media="print")
    expect(page.locator(".paper-title")).to_be_visible()
    expect(card).to_be_hidden()
    detail = "办理后为“整改中”，整改期限 2026-03-31"
    found = [citing(LONG, "2025-12-01", "/members/1", detail)]
    fake.answers["GET", CITING["registry"]] = reply({"items": found, "total": 1})
    page.reload()
    expect(card.get_by_role("link", name=LONG)).to_be_visible()
    expect(page.get_by_role("heading", name="附件")).to_be_hidden()
    page.emulate_media(media="screen")
    expect(page.get_by_role("heading", name="附件")).to_be_visible()
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        inside = page.evaluate(
            "[...document.querySelectorAll('#citing-decisions *')].map(one => one.scrollWidth - one.clientWidth)"
        )
        assert max(inside) <= 1, "nothing is cut off or scrolls within the card"
    card.get_by_role("link", name=LONG).click()
    page.wait_for_url("**/members/1")
