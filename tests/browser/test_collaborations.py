"""A class in the browser: entered with the fields of its kind, seen as of a day, with what its enterprise put in."""

from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow, SignIn
from tests.browser.looks import faults_at_both_sizes


def fill_class(page: Page, name: str) -> None:
    """The form, whose fields follow the kind."""
    page.goto("/collaborations/new")
    page.get_by_label("名称").fill(name)
    page.get_by_label("载体类型").select_option("base")
    expect(page.get_by_label("建筑面积（㎡）")).to_be_visible()
    page.get_by_label("载体类型").select_option("school_enterprise_class")
    expect(page.get_by_label("班级编号")).to_be_visible()
    expect(page.get_by_label("建筑面积（㎡）")).to_have_count(0)
    page.get_by_label("合作形式").select_option("订单")
    page.get_by_label("班级编号").fill(f"QC-{name[-6:]}")
    page.get_by_label("办学（承办）单位").select_option(index=1)
    page.get_by_label("成立日期").fill("2024-09-01")


def add_partner(page: Page) -> str:
    """The first member that is offered, as the enterprise of the class."""
    host = page.locator("#field-host_member").input_value()
    offered = page.locator("#field-host_member option:not(:checked)")
    names = [name for name in offered.all_inner_texts() if name != "没有"]
    assert host
    page.get_by_label("第 1 个参与单位", exact=True).fill(names[0])
    page.get_by_label("第 1 个参与单位的身份").select_option("enterprise")
    return names[0]


def test_a_class_from_its_form_to_its_contributions(sign_in: SignIn) -> None:
    page, name = sign_in("mishuchu"), f"示例订单班{uuid4().hex[:6]}"
    fill_class(page, name)
    page.get_by_label("专业代码").fill("机电")
    partner = add_partner(page)
    faults = faults_at_both_sizes(page, "collaboration-form")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".error-summary")).to_contain_text("专业代码：格式不对")
    faults += faults_at_both_sizes(page, "collaboration-form-refused")
    page.get_by_label("专业代码").fill("460701")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("#collaboration")).to_contain_text("班级人数：")
    expect(page.locator("#collaboration")).to_contain_text("来源：学生名册（奖补服务）")

    page.get_by_role("link", name="登记投入").click()
    page.get_by_label("投入单位").select_option(label=partner)
    page.get_by_label("设备").check()
    page.get_by_label("投入内容").fill("数控机床 6 台")
    page.get_by_label("估值（元）").fill("860000")
    page.get_by_label("投入日期").fill("2024-10-01")
    faults += faults_at_both_sizes(page, "contribution-form")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("row", name="合计").first).to_contain_text("860,000.00")

    page.get_by_role("link", name="登记认定").click()
    page.get_by_label("市级").check()
    page.get_by_label("认定日期").fill("2025-01-10")
    page.get_by_label("认定文号").fill("示例〔2025〕1号")
    page.get_by_role("button", name="登记").click()
    expect(page.locator("#collaboration")).to_contain_text("示例〔2025〕1号")
    page.get_by_role("link", name="登记考核").click()
    page.get_by_label("考核年度").fill("2025")
    page.get_by_label("不合格", exact=True).check()
    page.get_by_label("考核日期").fill("2025-12-20")
    faults += faults_at_both_sizes(page, "review-form")
    page.get_by_role("button", name="登记").click()
    expect(page.locator("#collaboration")).to_contain_text("待决定")
    faults += faults_at_both_sizes(page, "collaboration")

    page.get_by_label("截至日期").fill("2024-09-30")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator("#collaboration")).to_contain_text("2024年9月30日 的情况，不能修改")
    expect(page.locator("#collaboration")).to_contain_text("还没有登记投入")
    expect(page.get_by_role("link", name="登记投入")).to_have_count(0)
    page.goto("/collaborations/plates")
    faults += faults_at_both_sizes(page, "plates")
    page.goto(f"/collaborations?q={name}")
    expect(page.get_by_role("link", name=name)).to_be_visible()
    faults += faults_at_both_sizes(page, "collaborations")
    assert faults == []


def test_a_unit_sees_a_collaboration_without_ways_to_change_it(sign_in: SignIn, open_window: OpenWindow) -> None:
    page = sign_in("mishuchu")
    page.goto("/collaborations")
    href = page.locator("#collaborations tbody a").first.get_attribute("href")
    unit = sign_in("member-azy")
    unit.goto(href or "")
    expect(unit.get_by_role("heading", name="合作方与投入")).to_be_visible()
    expect(unit.get_by_role("link", name="修改")).to_have_count(0)
    expect(unit.get_by_role("link", name="登记认定")).to_have_count(0)
