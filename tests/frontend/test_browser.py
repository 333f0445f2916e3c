"""The components in Chromium: keyboard, dialogs, batch, units, errors, jobs, charts, strict policy, two screens."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.frontend.fake_gateway import FakeGateway
from tests.frontend.live import live_frontend

CHROMIUM = shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
ARTIFACTS = Path(".artifacts") / "components"
WIDE, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
EXPECTED_NOISE = ("Failed to load resource", "Response Status Error Code")  # a refusal that the test asked for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM, reason="NO CHROMIUM: the pages were not tried in a browser (apt install chromium)"
    ),
]


@pytest.fixture(scope="module")
def live() -> Iterator[tuple[str, FakeGateway]]:
    saved = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("HUB_")}
    with live_frontend() as started:
        yield started
    os.environ.update(saved)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watched:
    """A page whose console and script errors are kept."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.note(message.type, message.text))

    def note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(EXPECTED_NOISE):
            self.faults.append(text)


@pytest.fixture(scope="module")
def context(chromium: Browser, live: tuple[str, FakeGateway]) -> Iterator[BrowserContext]:
    """One browser profile for all tests, so that assets are fetched once."""
    made = chromium.new_context(viewport=WIDE, locale="zh-CN", base_url=live[0])  # type: ignore[arg-type]
    yield made
    made.close()


@pytest.fixture
def watched(context: BrowserContext) -> Iterator[Watched]:
    watched = Watched(context)
    yield watched
    watched.page.close()
    for name in ("hub_unit", "hub_font"):
        context.clear_cookies(name=name)
    assert watched.faults == []


@pytest.fixture
def page(watched: Watched) -> Page:
    watched.page.goto("/components")
    return watched.page


def keep(page: Page, name: str) -> None:
    """A screenshot among the git-ignored artefacts."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)


def test_the_whole_set_draws_without_a_word_from_the_policy(page: Page) -> None:
    expect(page.locator(".chart-canvas canvas")).to_be_visible()
    keep(page, "wide")
    assert page.evaluate("document.documentElement.scrollWidth") == WIDE["width"]


def test_a_phone_never_scrolls_sideways(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("/", "/?tab=overdue", "/components", "/citations/anqing-2024/三(二)", "/nowhere"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        keep(page, "phone-" + "".join(letter for letter in path if letter.isalnum()))


def test_the_menu_of_a_phone_opens_and_closes(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    toggle = page.get_by_role("button", name="打开或收起菜单")
    expect(page.locator("#menu")).to_be_hidden()
    toggle.click()
    expect(page.locator("#menu")).to_be_visible()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    toggle.click()
    expect(page.locator("#menu")).to_be_hidden()


def test_the_first_tab_stop_skips_to_the_content(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_a_citation_opens_by_keyboard_and_gives_the_focus_back(page: Page) -> None:
    chip = page.locator(".citation").first
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="文件依据 三(二)")).to_be_visible()
    expect(page.locator("#dialog .article-summary")).to_contain_text("奖补资金")
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(chip).to_be_focused()


def test_a_query_keeps_focus_and_address(page: Page) -> None:
    page.goto("/components/table")
    field = page.get_by_label("名称", exact=True)
    field.fill("学校")
    field.press("Enter")
    expect(page.locator("table.data tbody tr")).to_have_count(3)
    expect(page).to_have_url(re.compile("[?&]q="))
    expect(field).to_be_focused()
    page.get_by_role("link", name="重置").click()
    expect(page.locator("table.data tbody tr")).to_have_count(6)
    page.get_by_role("link", name="下一页").click()
    expect(page.locator("table.data tbody tr")).to_have_count(2)
    expect(page.locator("table.data .cell-index").nth(1)).to_have_text("7")
    page.go_back()
    expect(page.locator("table.data tbody tr")).to_have_count(6)


def test_a_batch_asks_first_and_tells_after(page: Page) -> None:
    button = page.get_by_role("button", name="催办")
    expect(button).to_be_disabled()
    page.get_by_label("选择第 2 行").check()
    page.get_by_label("选择第 3 行").check()
    expect(page.locator("[data-batch-count]")).to_have_text("已选 2 条")
    button.click()
    expect(page.locator("#confirm-dialog")).to_be_visible()
    page.get_by_role("button", name="取消").click()
    expect(page.locator(".toast-note")).to_have_count(0)
    button.click()
    page.get_by_role("button", name="确认", exact=True).click()
    expect(page.locator(".toast-note")).to_contain_text("已向 2 家单位")
    page.get_by_label("选择本页全部").check()
    expect(page.locator("[data-batch-count]")).to_have_text("已选 6 条")


def test_amounts_change_unit_exactly_and_stay_so(page: Page) -> None:
    figure = page.locator("tfoot .amount [data-figure]").first
    expect(figure).to_have_text("3,600,000.36")
    page.get_by_role("button", name="金额：元").click()
    expect(figure).to_have_text("360.000036")
    expect(page.locator("th .sort-link [data-unit]").first).to_have_text("万元")
    page.reload()
    expect(figure).to_have_text("360.000036")
    page.get_by_role("button", name="金额：万元").click()
    expect(figure).to_have_text("3,600,000.36")


def test_large_font_grows_the_page_and_is_kept(page: Page) -> None:
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    before = page.evaluate(size)
    page.get_by_role("button", name="大字").click()
    assert page.evaluate(size) >= before * 1.2
    page.reload()
    assert page.evaluate(size) >= before * 1.2


def test_a_refused_form_keeps_what_was_typed_and_leads_to_the_fault(page: Page) -> None:
    form = page.locator("#sample-form")
    form.get_by_label("备注").fill("请保留这句话")
    form.get_by_label("单位名称").fill("")
    form.get_by_role("button", name="保存").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(form.get_by_label("备注")).to_have_value("请保留这句话")
    page.get_by_role("link", name="单位名称：必填，请填写。").click()
    expect(form.get_by_label("单位名称")).to_be_focused()


def test_a_saved_form_tells_so_on_the_next_page(page: Page) -> None:
    page.locator("#sample-form").get_by_role("button", name="保存").click()
    expect(page.locator(".toast-note")).to_contain_text("已保存")
    page.reload()
    expect(page.locator(".toast-note")).to_have_count(0)


def test_a_refusal_stands_on_top_of_the_page_which_stays(page: Page) -> None:
    place = page.locator("#page-problem")
    for status in (403, 404, 409, 412, 500, 503):
        page.get_by_role("button", name=str(status), exact=True).click()
        expect(place).to_contain_text(f"代码 {status}")
        expect(place.locator(".error-state")).to_be_focused()
        expect(page.locator("#sample-form")).to_have_count(1)


def test_the_gateways_own_refusal_is_told_in_its_words(page: Page) -> None:
    body = '{"title": "操作过于频繁", "detail": "请在 5 秒后再试。", "request_id": "abc"}'
    page.route(
        "**/components/error/429",
        lambda route: route.fulfill(status=429, content_type="application/problem+json", body=body),
    )
    page.get_by_role("button", name="429", exact=True).click()
    expect(page.locator("#page-problem")).to_contain_text("请在 5 秒后再试。")
    expect(page.locator("#page-problem")).not_to_contain_text("{")


def test_a_lost_connection_is_told_and_the_page_stays(page: Page, watched: Watched) -> None:
    page.route("**/components/error/500", lambda route: route.abort())
    page.get_by_role("button", name="500", exact=True).click()
    expect(page.locator("#page-problem")).to_contain_text("网络连接中断")
    watched.faults = [fault for fault in watched.faults if "sendError" not in fault and "Request" not in fault]


def test_a_job_moves_on_by_itself_until_it_ends(page: Page) -> None:
    bar = page.locator("#job-sample-2 progress")
    first = float(bar.get_attribute("value") or 0)
    expect(page.locator("#job-sample-2 .job-count")).not_to_contain_text("3,412", timeout=4000)
    assert float(bar.get_attribute("value") or 0) > first
    expect(page.locator("#announcer")).to_contain_text("已完成", timeout=4000)


def test_a_script_that_was_injected_does_not_run(page: Page, watched: Watched) -> None:
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit=1\">')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    assert any("Content Security Policy" in fault for fault in watched.faults)
    watched.faults.clear()


def test_paper_shows_the_table_and_no_furniture(page: Page) -> None:
    page.goto("/components/table")
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".query")).to_be_hidden()
    expect(page.locator("table.data")).to_be_visible()
    expect(page.locator("tfoot")).to_be_visible()


def test_signing_out_ends_at_the_identity_service(page: Page, live: tuple[str, FakeGateway]) -> None:
    page.get_by_role("button", name="退出").click()
    expect(page.locator("body")).to_have_text("signed out")
    assert live[1].revoked
