"""The secretariat's year in the browser: sign in, look, settle, understand a line, download the payment table."""

import io
import re
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect
from ruamel.yaml import YAML

from tests.browser.conftest import SignIn, picture

RESOLUTION = "宜职教集演示〔2025〕1号"
EXPECTED = YAML(typ="safe").load((Path(__file__).parents[1] / "demo" / "expected_2025.yaml").read_text())


def shown(yuan: str) -> str:
    """An amount as pages write it."""
    return f"{float(yuan):,.2f}"


def settle(page: Page) -> None:
    """Start a settlement by the form and wait on its page until the job has ended."""
    page.goto("/subsidies/settlements")
    page.get_by_role("link", name="新建结算").first.click()
    page.get_by_label("结算年度").fill(str(EXPECTED["year"]))
    page.get_by_label("快照日").fill(str(EXPECTED["snapshot_date"]))
    page.get_by_role("button", name="开始结算").click()
    expect(page.get_by_text("应付合计").first).to_be_visible(timeout=120_000)


def payment_table(page: Page) -> list[str]:
    """Everything that is written in the payment table."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载拨付表").click()
    table = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    return [str(c.value) for s in table.worksheets for row in s.iter_rows() for c in row if c.value is not None]


def test_from_sign_in_to_a_computed_settlement(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    picture(page, "01-home")

    page.locator("#menu").get_by_role("link", name="成员单位", exact=True).click()
    expect(page.get_by_role("link", name="安庆职业技术学院", exact=True)).to_be_visible()
    picture(page, "02-members")

    page.get_by_role("link", name="目标指标", exact=True).click()
    page.get_by_role("link", name="集团高职毕业生留地就业率").click()
    expect(page.locator("figure.chart canvas, figure.chart svg").first).to_be_visible()
    expect(page.get_by_text("45").first).to_be_visible()
    picture(page, "03-local-employment")

    settle(page)
    totals = EXPECTED["totals"]
    for amount in (totals["payable"], totals["within_pool"], totals["above_pool"]):
        expect(page.get_by_text(shown(amount)).first).to_be_visible()
    expect(page.get_by_text("系统没有压减任何一行").first).to_be_visible()
    expect(page.get_by_role("button", name="确认结算")).to_have_count(0)  # who computes does not confirm
    expect(page.get_by_text("已提交秘书处负责人确认").first).to_be_visible()
    picture(page, "04-settlement")


def test_the_head_confirms_decides_what_lies_above_the_pool_and_takes_the_payment_table(
    sign_in: SignIn,
) -> None:
    clerk = sign_in("mishuchu")
    settle(clerk)
    page = sign_in("fuzeren")
    page.goto(clerk.url)
    page.get_by_label("意见").fill("经集团理事会研究同意")
    page.get_by_role("button", name="确认结算").click()
    page.get_by_role("dialog").get_by_role("button", name="确认").click()
    expect(page.get_by_text("示例秘书处负责人").last).to_be_visible()
    expect(page.locator("#settlement")).to_contain_text("意见：经集团理事会研究同意")
    picture(page, "04-confirmed")

    values = payment_table(page)
    assert any("人民币肆佰玖拾万捌仟伍佰元整" in value for value in values)
    assert any("已确认" in value for value in values)

    form = page.locator("#pool-decision-form")
    form.get_by_label("固定奖补全额，择优项目按比例").check()
    form.get_by_label("意见").fill("理事会研究决定，各班按同一比例奖补")
    form.get_by_role("button", name="登记决定").click()
    page.get_by_role("dialog").get_by_role("button", name="确认").click()
    expect(form).to_contain_text("请选择作为依据的决议")  # what was filled in stays
    form.get_by_label("查找依据决议").press_sequentially("校企合作工作安排")
    cited = form.locator("#field-resolution option", has_text=RESOLUTION)
    expect(cited).to_have_count(1)  # perhaps of the list before the search, which then keeps what is chosen
    form.get_by_label("依据决议", exact=True).select_option(cited.get_attribute("value"))
    form.get_by_role("button", name="登记决定").click()
    page.get_by_role("dialog").get_by_role("button", name="确认").click()
    expect(form).to_have_count(0)
    expect(page.locator("#settlement")).to_contain_text("理事会研究决定，各班按同一比例奖补")
    picture(page, "04-decided")
    values = payment_table(page)
    assert any("人民币伍佰万元整" in value for value in values)  # the whole pool, to the 分
    assert any(RESOLUTION in value for value in values)

    page.get_by_role("link", name=re.compile(RESOLUTION)).click()
    expect(page.get_by_role("link", name="2025年度结算：超出年度奖补资金的处理")).to_be_visible()
    picture(page, "04-resolution")


def test_a_line_tells_its_article_facts_and_conditions(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    settle(page)
    page.goto(f"{page.url}/lines?rule=school_enterprise_class&outcome=excluded")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    page.locator("table.data tbody a").first.click()
    expect(page.get_by_text("不符合").first).to_be_visible()
    chip = page.locator("a.citation").first
    picture(page, "05-line")
    chip.click()
    expect(page.get_by_role("dialog")).to_contain_text("条文要点的转述")
    picture(page, "06-citation")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_recomputing_confirms_the_hash(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    settle(page)
    page.get_by_role("button", name=re.compile("复核")).click()
    expect(page.locator("#verification")).to_contain_text("一致", timeout=60_000)
    picture(page, "07-verification")


def test_a_report_is_reviewed(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    page.get_by_role("link", name=re.compile("审核指标填报")).first.click()
    page.get_by_role("button", name="退回修改").click()
    expect(page.get_by_text("退回时请写明原因").first).to_be_visible()  # 422, shown in its place
    picture(page, "08-report-refused")
    page.get_by_label("意见").fill("与学籍系统一致")
    page.get_by_role("button", name="采纳").click()
    expect(page.get_by_text("已采纳").first).to_be_visible()
    picture(page, "09-report-accepted")


def test_wrong_figures_come_back_by_field(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    page.goto("/targets/local_employment")
    page.get_by_label(re.compile("分子")).fill("9")
    page.get_by_label(re.compile("分母")).fill("3")
    page.get_by_role("button", name="提交填报").click()
    expect(page.get_by_text("分子不能大于分母").first).to_be_visible()
    expect(page.get_by_label(re.compile("分子")).first).to_have_value("9")


def test_a_member_is_found_edited_and_guarded(sign_in: SignIn) -> None:
    first, second = sign_in("mishuchu"), sign_in("mishuchu")
    for page in (first, second):
        page.goto("/members?q=安庆示例汽车")
        page.get_by_role("link", name="安庆示例汽车有限公司").click()
        page.get_by_role("link", name=re.compile("编辑|修改")).first.click()
    for page in (first, second):
        page.get_by_label("行业", exact=False).first.fill("汽车制造业")
        page.get_by_role("button", name="保存").click()
        page.wait_for_load_state("networkidle")
    expect(second.get_by_text(re.compile("已被.*修改")).first).to_be_visible()  # 412: what was typed is still there
    picture(second, "10-edited-meanwhile")
