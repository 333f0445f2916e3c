"""An agreement in the browser: recorded, its scan attached and refused, renewed; the same without script."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.looks import faults_at_both_sizes
from tests.registry import sample_files
from tests.support.running_hub import RunningHub


def record(page: Page) -> list[str]:
    """Fill in the form of a new agreement between two members."""
    page.goto("/agreements")
    faults = faults_at_both_sizes(page, "page-agreements")
    page.get_by_role("link", name="登记", exact=True).click()
    faults += faults_at_both_sizes(page, "page-agreement-form")
    page.get_by_label("协议名称").fill("示例校企合作框架协议")
    page.get_by_label("签订日期").fill("2025-09-01")
    page.get_by_label("生效日期").fill("2025-09-01")
    page.get_by_label("有效期至").fill("2099-08-31")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("至少有 2 家")
    faults += faults_at_both_sizes(page, "page-agreement-refused")
    page.get_by_label("甲方").select_option(index=1)
    page.get_by_label("乙方").select_option(index=2)
    page.get_by_label("其他合作事项").fill("共建实训基地\n共建专业")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("heading", name="示例校企合作框架协议").wait_for()
    return faults


def files_in(folder: Path) -> list[Path]:
    """A scan, and a program that calls itself one."""
    made = {"协议扫描件.pdf": sample_files.pdf(), "冒充的协议.pdf": b"MZ" + bytes(200)}
    paths = [folder / name for name in made]
    for path in paths:
        path.write_bytes(made[path.name])
    return paths


def test_an_agreement_with_its_scan(sign_in: SignIn, hub: RunningHub, tmp_path: Path) -> None:
    page = sign_in("mishuchu")
    faults = record(page)
    panel = page.locator(".attachments")
    expect(panel.get_by_text("还没有附件")).to_be_visible()
    panel.get_by_label("添加附件").set_input_files(files_in(tmp_path))
    panel.get_by_role("button", name="上传").click()
    expect(panel.get_by_role("alert")).to_contain_text("“冒充的协议.pdf”")
    expect(panel.get_by_role("link", name="协议扫描件.pdf", exact=True)).to_be_visible()
    faults += faults_at_both_sizes(page, "page-agreement")
    with page.expect_download() as waiting:
        panel.get_by_role("link", name="协议扫描件.pdf", exact=True).click()
    assert Path(waiting.value.path()).read_bytes() == sample_files.pdf()
    assert waiting.value.suggested_filename == "协议扫描件.pdf"

    address = page.url
    faults += without_script(page, address, tmp_path)

    page.get_by_role("link", name="续签").click()
    page.get_by_label("签订日期").fill("2025-10-01")
    page.get_by_label("有效期至").fill("2110-08-31")
    faults += faults_at_both_sizes(page, "page-agreement-renewal")
    page.get_by_role("button", name="续签").click()
    expect(page.get_by_text("续签自")).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("已续签为")).to_be_visible()
    page.locator(".attachments").get_by_role("link", name="移除").first.click()
    page.get_by_label("移除原因").fill("传错了文件")
    page.get_by_role("button", name="移除").click()
    expect(page.get_by_role("heading", name="示例校企合作框架协议")).to_be_visible()
    assert faults == []


def without_script(page: Page, address: str, folder: Path) -> list[str]:
    """The panel is a page of its own, and its form is sent as every form is."""
    plain: BrowserContext = page.context.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, storage_state=page.context.storage_state(), locale="zh-CN"
    )
    try:
        window = plain.new_page()
        window.goto(address)
        window.get_by_role("link", name="查看附件").click()
        window.get_by_label("添加附件").set_input_files(files_in(folder)[0])
        window.get_by_role("button", name="上传").click()
        found = window.get_by_role("link", name="协议扫描件.pdf", exact=True).count()
        return [] if found == 2 else [f"without script: {found} files"]
    finally:
        plain.close()
