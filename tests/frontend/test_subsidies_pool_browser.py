"""A decision on what lies above a pool in Chromium: asked first, refused in its place, then registered."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.looks import WIDTH, faults_of
from tests.frontend import pool_answers as decided
from tests.frontend import subsidies_answers as api
from tests.frontend.fake_gateway import FakeGateway, refuse, reply
from tests.frontend.live import live_frontend
from tests.frontend.subsidies_world import PEOPLE, SETTLEMENT_PAGE, SETTLEMENT_PATH, Recorder, shows
from tests.frontend.test_browser import CHROMIUM, FLAGS, PHONE, WIDE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not shutil.which("chromium"), reason="NO CHROMIUM: the pages were not tried in a browser (apt install chromium)"
    ),
]
RESOLUTION = {"id": decided.RESOLUTION, "label": "宜职教集〔2026〕1号 关于超出部分的决议"}


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, FakeGateway]]:
    for name in [n for n in os.environ if n.startswith("HUB_")]:
        monkeypatch.delenv(name)
    with live_frontend() as (address, fake):
        fake.user |= PEOPLE["head"]
        fake.answers["GET", f"{SETTLEMENT_PATH}/lines"] = reply(api.page_of([api.line()], total=400, cursor="n"))
        fake.answers["GET", "/api/registry/v1/resolutions/options"] = reply({"items": [RESOLUTION]})
        yield address, fake


def submit(page: Page) -> None:
    """Send the form and say yes to what it asks."""
    page.get_by_role("button", name="登记决定").click()
    expect(page.locator("#confirm-question")).to_contain_text("拨付表")
    page.locator("#confirm-dialog button[value=yes]").click()


def test_who_was_overtaken_sees_why_and_decides_again(live: tuple[str, FakeGateway]) -> None:
    address, fake = live
    decisions = f"{SETTLEMENT_PATH}/pool-decisions"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=WIDE, locale="zh-CN", base_url=address)  # type: ignore[arg-type]
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        shows(fake, decided.decided_settlement())
        page.goto(SETTLEMENT_PAGE)
        page.get_by_text("超出部分结转下年", exact=True).click()
        page.get_by_label("意见").fill("列入下年。")
        page.locator("#field-resolution").select_option(decided.RESOLUTION)

        fake.answers["POST", decisions] = refuse(409, "pool_decision_overtaken", "冲突", "已有新的决定，请核对。")
        shows(fake, decided.decided_settlement(decided.earlier_decision(opinion="别人的决定。")))
        submit(page)
        expect(page.locator("#pool-decision-form .error-summary")).to_contain_text("已有新的决定，请核对。")
        expect(page.locator("#pool-decision-form .error-summary")).to_be_focused()
        expect(page.locator("#settlement")).to_have_count(1)
        expect(page.locator("#page-problem")).to_be_empty()
        expect(page.locator("#above-award_pool")).to_contain_text("别人的决定。")
        expect(page.get_by_role("radio", name="超出部分结转下年")).to_be_checked()
        expect(page.get_by_label("意见")).to_have_value("列入下年。")
        expect(page.locator("#field-resolution")).to_have_value(decided.RESOLUTION)

        registered = Recorder(api.told(decided.pool_decision()), 201)
        fake.answers["POST", decisions] = registered
        submit(page)
        expect(page.locator(".toasts")).to_contain_text("已登记决定，拨付表按此方案。")
        assert [body["replaces"] for body in registered.bodies] == [decided.EARLIER_DECISION]
        assert broken == []
        browser.close()


def test_every_state_of_the_card_fits_a_desk_and_a_phone(live: tuple[str, FakeGateway]) -> None:
    address, fake = live
    decision = decided.pool_decision(replaces=decided.EARLIER_DECISION)
    fake.answers["GET", f"{SETTLEMENT_PATH}/lines/215"] = reply(api.explained_line(amount="77.00", to_pay="0.00"))
    settled = decided.decided_settlement(decision, decided.earlier_decision())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=WIDE, locale="zh-CN", base_url=address)  # type: ignore[arg-type]
        for settlement, path in (
            (api.settlement(), SETTLEMENT_PAGE),
            (decided.decided_settlement(), SETTLEMENT_PAGE),
            (settled, SETTLEMENT_PAGE),
            (settled, f"{SETTLEMENT_PAGE}?decide=award_pool"),
            (settled, f"{SETTLEMENT_PAGE}/lines/215"),
        ):
            shows(fake, settlement)
            for size in (WIDE, PHONE):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.goto(path)
                assert page.evaluate(WIDTH) <= 0, (path, size)
                assert faults_of(page) == [], (path, size)
        browser.close()
