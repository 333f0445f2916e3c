"""The practice environment in the browser: entered by changing the post, filled, emptied; the real data stay."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.looks import faults_at_both_sizes
from tests.support.running_hub import RunningHub


def count_of_classes(page: Page) -> str:
    """How many classes the unit's rosters of the year hold, as the page says it."""
    page.goto("/subsidies/rosters/classes?year=2025")
    return page.locator(".table-count strong").inner_text()


def change_to(page: Page, button: str) -> list[str]:
    """Change the post into the practice environment or out of it; answers faults of the page's looks."""
    page.locator(".topbar").get_by_role("link", name="切换岗位").click()
    expect(page.get_by_role("heading", name="选择岗位")).to_be_visible()
    faults = faults_at_both_sizes(page, "page-choose-post")
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()
    page.get_by_role("heading", name="我的事项").wait_for()
    return faults


def test_a_roster_is_tried_in_practice_and_emptied_again(sign_in: SignIn, hub: RunningHub) -> None:
    page = sign_in("bureau-340822", fresh=True)
    ribbon = page.locator(".practice-ribbon")
    before = count_of_classes(page)
    assert before != "0"

    faults = change_to(page, "练习环境")
    expect(ribbon).to_have_text("练习环境")
    page.goto("/subsidies/rosters")
    page.get_by_label("校企合作班名册", exact=True).check()
    page.get_by_label("年度").first.fill("2025")
    page.get_by_label("名册文件").set_input_files(hub.state / "demonstration" / "rosters" / "340822-classes-2025.xlsx")
    page.get_by_role("button", name="上传并核对").click()
    expect(page.locator("#import .stat-row")).to_be_visible(timeout=60_000)
    faults += faults_at_both_sizes(page, "page-practice-import")
    assert count_of_classes(page) != "0"

    page.goto("/practice")
    faults += faults_at_both_sizes(page, "page-practice-inside")
    page.get_by_role("button", name="清空本单位的练习数据").click()
    page.get_by_role("dialog").get_by_role("button", name="确认").click()
    expect(page.get_by_text("已清空：")).to_contain_text("校企合作班名册行")
    assert count_of_classes(page) == "0"

    faults += change_to(page, "进入工作")
    expect(ribbon).to_have_count(0)
    assert count_of_classes(page) == before
    assert faults == []
