"""The alliance's bodies in the browser: built from the document, a seat changes hands, a meeting decides."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from playwright.sync_api import Page, expect

from services.kernel.clock import BUSINESS_ZONE
from tests.browser.conftest import SignIn, picture
from tests.browser.looks import faults_at_both_sizes

STEERING: Final = "安庆职业教育集团指导委员会"
TODAY: Final = datetime.now(UTC).astimezone(BUSINESS_ZONE).date()
YESTERDAY: Final = TODAY - timedelta(days=1)


def build_from_the_document(page: Page) -> list[str]:
    """The structure of the city's document; answers what is wrong with the looks of the preview."""
    page.goto("/governance/adoption")
    faults = faults_at_both_sizes(page, "page-adoption")
    build = page.get_by_role("button", name="建立架构")
    if build.is_enabled():
        page.get_by_label("架构自哪一天起").fill("2024-09-01")
        build.click()
    else:
        page.goto("/governance/bodies")
    expect(page.get_by_role("heading", name=STEERING)).to_be_visible()
    return [*faults, *faults_at_both_sizes(page, "page-bodies")]


def open_body(page: Page, name: str) -> None:
    page.goto("/governance/bodies")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def succeed(page: Page, holder: str, day: str, document: str = "") -> None:
    """Take the open seat's page through the dialog of 换任."""
    page.get_by_role("link", name="换任").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="换任")).to_be_visible()
    dialog.get_by_label("接任人").fill(holder)
    dialog.get_by_label("自哪一天起任职").fill(day)
    dialog.get_by_label("任职文件文号").fill(document)
    dialog.get_by_role("button", name="换任").click()


def new_seat(page: Page, title: str, unit: str, holder: str) -> None:
    """Set up a seat of the open body and say who holds it since yesterday."""
    address = page.url
    page.get_by_role("link", name="新设席位").click()
    page.get_by_label("席位名称").fill(title)
    page.get_by_label("单位写法").fill(unit)
    page.get_by_label("设立日期").fill(YESTERDAY.isoformat())
    page.get_by_label("由接任者替补").check()
    page.get_by_role("button", name="保存").click()
    page.get_by_role("row").filter(has_text=unit).get_by_role("link", name=title).click()
    succeed(page, holder, YESTERDAY.isoformat())
    expect(page.get_by_role("row").filter(has_text=unit)).to_contain_text(holder)
    assert page.url == address


def test_a_seat_changes_hands_and_both_holders_stay_on_record(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    faults = build_from_the_document(page)
    open_body(page, STEERING)
    page.get_by_role("row").filter(has_text="分管教育工作的副市长").get_by_role("link", name="主任委员").click()
    succeed(page, "前任示例", YESTERDAY.isoformat())
    problem = page.get_by_role("dialog").get_by_role("alert")
    expect(problem.filter(has_text="须另行文")).to_be_visible()  # this seat passes by notice
    page.get_by_role("dialog").get_by_label("任职文件文号").fill("宜政办〔2026〕1号")
    page.get_by_role("dialog").get_by_role("button", name="换任").click()
    expect(page.get_by_role("row").filter(has_text="前任示例")).to_be_visible()
    page.get_by_role("row").filter(has_text="前任示例").get_by_role("link", name="主任委员").click()
    succeed(page, "后任示例", TODAY.isoformat(), "宜政办〔2026〕2号")
    expect(page.get_by_role("row").filter(has_text="后任示例")).to_be_visible()
    page.get_by_role("row").filter(has_text="后任示例").get_by_role("link", name="主任委员").click()
    held = page.get_by_role("table", name="历任任职人").get_by_role("row")
    expect(held.nth(1)).to_contain_text("后任示例")
    expect(held.nth(2)).to_contain_text("前任示例")
    faults += faults_at_both_sizes(page, "page-seat")
    for day, holder in ((YESTERDAY, "前任示例"), (TODAY, "后任示例")):
        page.goto(f"/governance/bodies?as_of={day.isoformat()}")
        expect(page.locator("#bodies")).to_contain_text(holder)
    assert faults == []


def test_a_council_meets_votes_and_its_resolution_is_numbered_and_printed(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    page.goto("/governance/bodies/new")
    name = f"示例理事会{uuid4().hex[:6]}"
    page.get_by_label("名称", exact=False).first.fill(name)
    page.get_by_label("类型").select_option("council")
    page.get_by_label("成立日期").fill(YESTERDAY.isoformat())
    page.get_by_label("法定人数：分子").fill("2")
    page.get_by_label("法定人数：分母").fill("3")
    page.get_by_label("通过比例：分子").fill("1")
    page.get_by_label("通过比例：分母").fill("2")
    page.get_by_label("议事规则依据").fill("示例章程第十条")
    page.get_by_label("发文代字").fill("宜职教集")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#body")).to_contain_text("应到席位的 2/3 以上")
    for number in range(3):
        new_seat(page, "理事", f"示例单位{number}", f"示例理事{number}")
    faults = faults_at_both_sizes(page, "page-body")

    page.get_by_role("link", name="计划会议").click()
    page.get_by_label("会议名称").fill(f"{name}第一次会议")
    page.get_by_label("会议日期").fill(TODAY.isoformat())
    page.get_by_label("议程").fill("审议年度预算｜秘书处\n听取工作报告")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="登记召开").click()
    page.locator("#confirm-dialog").get_by_role("button", name="确认").click()

    expect(page.get_by_role("heading", name="登记到会")).to_be_visible()
    quorum = page.locator("#live-quorum")
    expect(quorum).to_contain_text("到会 3 席")
    rows = page.locator("#attendance-form tbody tr")
    rows.nth(1).get_by_label("缺席", exact=True).check()
    rows.nth(2).get_by_label("缺席", exact=True).check()
    expect(quorum).to_contain_text("未达到")
    rows.nth(1).get_by_label("委托", exact=True).check()
    expect(quorum).to_contain_text("其中委托 1 席")
    expect(quorum).to_contain_text("已达到")
    rows.nth(1).get_by_label("的到会人或受托人").fill("示例受托人")
    faults += faults_at_both_sizes(page, "page-attendance")
    page.get_by_role("button", name="保存到会").click()

    page.get_by_role("link", name="起草决议").click()
    page.get_by_label("标题").fill("关于通过年度预算的决议")
    page.get_by_label("对应议题").select_option(label="审议年度预算")
    page.get_by_label("正文").fill("理事会审议了秘书处提交的年度预算，决定予以通过。")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("link", name="登记表决").click()
    page.get_by_role("link", name="记名表决").click()
    ballots = page.locator("#ballot tbody tr")
    expect(ballots).to_have_count(2)
    for number in range(2):
        ballots.nth(number).get_by_label("赞成").check()
    faults += faults_at_both_sizes(page, "page-vote")
    page.get_by_role("button", name="登记表决结果").click()
    paper = page.locator(".paper")
    expect(paper).to_contain_text(f"宜职教集〔{TODAY.year}〕")
    expect(paper).to_contain_text("赞成 2 票，反对 0 票，弃权 0 票，通过")
    faults += faults_at_both_sizes(page, "page-resolution")
    page.goto("/governance/resolutions?q=年度预算")
    expect(page.get_by_role("row").filter(has_text="关于通过年度预算的决议").first).to_contain_text("通过")
    faults += faults_at_both_sizes(page, "page-resolutions")
    page.goto("/governance/meetings")
    page.get_by_role("link", name=f"{name}第一次会议").click()
    faults += faults_at_both_sizes(page, "page-meeting")
    assert faults == []


def test_the_structure_hangs_on_the_wall(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    build_from_the_document(page)
    page.goto("/governance/picture")
    image = page.locator(".structure-figure img")
    expect(image).to_be_visible()
    assert image.evaluate("one => one.complete && one.naturalWidth > 1000")
    picture(page, "61-structure")
    page.get_by_text("查看图中内容的表格").click()
    expect(page.get_by_role("table", name="机构和席位")).to_contain_text(STEERING)
    assert faults_at_both_sizes(page, "page-picture") == []
    page.goto("/governance/picture?paper=a3")
    assert page.pdf(prefer_css_page_size=True, print_background=True).startswith(b"%PDF")
