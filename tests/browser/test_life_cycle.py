"""A member's whole life by browser: it applies without an account, is admitted, graded, put right, and leaves."""

from pathlib import Path
from typing import Final
from uuid import uuid4

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import PHONE, OpenWindow, SignIn
from tests.browser.looks import faults_at_both_sizes
from tests.registry import sample_files

WAIT: Final = 3_500
"""A form that is sent at once is refused: milliseconds until a person may have filled it in."""

PAPERS: Final[list[FilePayload]] = [
    {"name": "营业执照.pdf", "mimeType": "application/pdf", "buffer": sample_files.pdf()},
    {"name": "传错的照片.png", "mimeType": "image/png", "buffer": sample_files.png()},
    {"name": "冒充的执照.pdf", "mimeType": "application/pdf", "buffer": b"MZ" + bytes(200)},
]


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"#field-{name}").fill(value)


def press(page: Page, button: str) -> None:
    page.locator("form").get_by_role("button", name=button, exact=True).click()


def confirm(page: Page) -> None:
    page.locator("dialog[open]").get_by_role("button", name="确认").click()


def test_a_unit_applies_on_a_phone_and_looks_after_its_application(open_window: OpenWindow, sign_in: SignIn) -> None:
    page = open_window(viewport=PHONE)
    page.goto("/apply")
    if page.locator("main ul a").count():
        page.locator("main ul a").first.click()
    name = f"安庆示例工坊{uuid4().hex[:6]}"
    press(page, "提交申请")
    expect(page.locator(".error-summary")).to_be_visible()
    fill(page, name=name, reason="愿意接收学生实习。", contact_person="李四", contact_phone="0556-7654321")
    page.locator("#field-category").select_option("enterprise")
    faults = faults_at_both_sizes(page, "page-apply")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.wait_for_timeout(WAIT)
    press(page, "提交申请")
    expect(page.get_by_role("heading", name="申请已提交")).to_be_visible()
    _, number, code, _ = page.locator(".keepsake dd").all_inner_texts()
    faults += faults_at_both_sizes(page, "page-apply-receipt")

    page.goto("/apply/status")
    fill(page, number=number, code="2222-2222-2222-2222")
    press(page, "查询")
    expect(page.locator(".error-summary")).to_contain_text("编号或查询码不正确")
    fill(page, number=number, code=code.lower())
    press(page, "查询")
    expect(page.locator("main")).to_contain_text("待初审")
    page.get_by_label("添加材料").set_input_files(PAPERS)
    press(page, "上传")
    expect(page.locator(".error-summary")).to_contain_text("冒充的执照.pdf")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="传错的照片.png").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    faults += faults_at_both_sizes(page, "page-apply-papers")

    office = sign_in("mishuchu")
    office.goto(f"/applications?q={number}")
    office.get_by_role("link", name=name).click()
    with office.expect_download() as waiting:
        office.get_by_role("link", name="营业执照.pdf", exact=True).click()
    assert Path(waiting.value.path()).read_bytes() == sample_files.pdf()
    expect(office.locator(".attachments")).to_contain_text("申请单位")
    faults += faults_at_both_sizes(office, "page-application-detail")
    office.get_by_role("link", name="初审", exact=True).click()
    office.get_by_label("退回补正").check()
    fill(office, opinion="请补充地址。")
    press(office, "提交初审意见")
    office.wait_for_url("**/applications/*")
    expect(office.locator("main")).to_contain_text("退回补正")

    page.reload()
    expect(page.locator("main")).to_contain_text("请补充地址。")
    fill(page, address="安庆市示例路1号")
    faults += faults_at_both_sizes(page, "page-apply-status")
    press(page, "重新提交")
    expect(page.locator("main")).to_contain_text("补正后重新提交")
    page.get_by_text("撤回申请", exact=True).click()
    press(page, "确认撤回")
    expect(page.locator("main")).to_contain_text("已撤回")
    assert faults == []


def test_a_members_whole_life(sign_in: SignIn) -> None:
    clerk, head = sign_in("mishuchu"), sign_in("fuzeren")
    name = f"安庆示例机电{uuid4().hex[:6]}"

    clerk.goto("/applications/new")
    fill(clerk, name=name, reason="愿意共建产业学院。", contact_person="王五", contact_phone="0556-1112223")
    fill(clerk, received_on="2025-03-03")
    clerk.locator("#field-category").select_option("enterprise")
    faults = faults_at_both_sizes(clerk, "page-application-entry")
    press(clerk, "录入")
    expect(clerk.get_by_role("heading", name=name)).to_be_visible()

    clerk.get_by_role("link", name="初审", exact=True).click()
    clerk.get_by_label("通过，提交理事会审议").check()
    fill(clerk, on_date="2025-03-05")
    press(clerk, "提交初审意见")
    clerk.get_by_role("link", name="登记审议结果").click()
    clerk.get_by_label("通过", exact=True).check()
    fill(clerk, opinion="同意吸收入会。", resolution_number="理事会〔2025〕2号", on_date="2025-03-12")
    press(clerk, "登记")
    clerk.get_by_role("link", name="发布公示").click()
    expect(clerk.locator("#field-working_days")).to_have_value("5")
    fill(clerk, published_on="2025-03-13")
    press(clerk, "发布公示")
    expect(clerk.locator("main")).to_contain_text("2025年3月20日")
    where = clerk.url

    head.goto(where)
    head.get_by_role("link", name="准予入会").click()
    fill(head, joined_on="2025-03-21")
    faults += faults_at_both_sizes(head, "page-admission")
    press(head, "准予入会")
    confirm(head)
    head.get_by_role("link", name="查看成员单位").click()
    expect(head.get_by_role("heading", name=name)).to_be_visible()
    member = head.url.split("/members/")[1]

    head.get_by_role("link", name="登记年度考核").click()
    fill(head, year="2025")
    head.get_by_label("基本合格").check()
    press(head, "登记")
    expect(head.locator(f"#life-{member}")).to_contain_text("基本合格")
    for link, button, fields in (
        ("责令整改", "责令整改", {"opinion": "完善制度。", "deadline": "2026-01-31", "effective_on": "2025-12-01"}),
        ("整改完成", "确认整改完成", {"opinion": "已整改。", "effective_on": "2026-01-20"}),
        ("暂停", "暂停", {"opinion": "停产。", "effective_on": "2026-03-01"}),
        ("恢复", "恢复", {"opinion": "复产。", "effective_on": "2026-04-01"}),
    ):
        head.locator(f"#life-{member}").get_by_role("link", name=link, exact=True).click()
        fill(head, **fields)
        press(head, button)
        expect(head.locator(f"#life-{member}")).to_contain_text(fields["opinion"].rstrip("。"))
    head.locator(f"#life-{member}").get_by_role("link", name="退出", exact=True).click()
    expect(head.locator("main")).to_contain_text("退出会影响什么")
    fill(head, opinion="企业迁出。", effective_on="2026-05-01", document="退出申请")
    faults += faults_at_both_sizes(head, "page-exit")
    press(head, "确认退出")
    confirm(head)
    expect(head.locator(f"#life-{member}")).to_contain_text("企业迁出")
    faults += faults_at_both_sizes(head, "page-member-life")

    for day, shown in (("2025-03-20", None), ("2025-06-30", "在册"), ("2026-03-15", "暂停"), ("2026-05-01", "已退出")):
        head.goto(f"/members/{member}?as_of={day}")
        if shown is None:
            expect(head.locator("main")).to_contain_text("没有")
        else:
            expect(head.locator(".card-header").first).to_contain_text(shown)
    clerk.goto("/member-reviews?year=2025")
    faults += faults_at_both_sizes(clerk, "page-member-reviews")
    clerk.goto("/member-reviews/new?year=2024&category=enterprise")
    faults += faults_at_both_sizes(clerk, "page-grading")
    assert faults == []
