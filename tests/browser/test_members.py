"""The register of members in the browser: a double entry is noticed while typing, merged, and remembered."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.looks import faults_at_both_sizes

NAME, TWIN = "安庆示例皖江机电有限公司", "安庆市示例皖江机电有限责任公司"


def test_a_double_entry_is_noticed_merged_and_remembered(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    first = enter(page, NAME)
    page.goto("/members/new")
    page.get_by_label("单位全称").fill(TWIN)
    expect(page.get_by_role("link", name=NAME)).to_be_visible()  # warned while typing, and never stopped
    found = faults_at_both_sizes(page, "61-member-candidates")
    assert found == []
    twin = enter(page, TWIN, filled=True)
    page.goto(first)
    page.get_by_role("link", name="登记联系人").click()
    page.get_by_label("岗位").fill("联络员")
    page.get_by_label("姓名").fill("示例联系人")
    page.get_by_label("电话").fill("0556-0000000")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("cell", name="联络员")).to_be_visible()
    page.goto("/members/duplicates")
    expect(page.get_by_role("row").filter(has_text=TWIN)).to_be_visible()
    assert faults_at_both_sizes(page, "62-member-duplicates") == []
    merge(sign_in("fuzeren"), first, twin)


def enter(page: Page, name: str, *, filled: bool = False) -> str:
    """Enter an enterprise that joined years ago; returns the address of its page."""
    if not filled:
        page.goto("/members/new")
        page.get_by_label("单位全称").fill(name)
    page.get_by_label("类别").select_option("enterprise")
    page.get_by_label("加入日期").fill("2020-01-01")
    page.get_by_role("button", name="保存").click()
    page.wait_for_url(re.compile(r"/members/[0-9a-f-]{36}$"))
    return page.url


def merge(page: Page, first: str, twin: str) -> None:
    """The head merges the older entry into its twin; the register still shows how it was before."""
    page.goto(f"/members/{first.rsplit('/', 1)[1]}/merger?into={twin.rsplit('/', 1)[1]}")
    expect(page.get_by_text("联系人：联络员")).to_be_visible()  # what goes over is shown first
    assert faults_at_both_sizes(page, "63-member-merger") == []
    page.get_by_label("日期").fill("2021-01-01")
    page.get_by_label("原因").fill("重复登记")
    page.get_by_role("button", name="确认合并").click()
    page.get_by_role("dialog").get_by_role("button", name="确认").click()
    page.wait_for_url(twin)
    expect(page.get_by_role("heading", name="合并与拆分")).to_be_visible()
    assert faults_at_both_sizes(page, "64-member") == []
    page.goto(f"/members?as_of=2020-06-30&q={NAME}")
    expect(page.get_by_text("显示 2020年6月30日 的情况")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=NAME)).to_contain_text("在册")
    page.get_by_label("截至日期").fill("")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("row").filter(has_text=NAME).first).to_contain_text("已退出")
