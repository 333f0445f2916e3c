"""A county bureau in the browser: its own county only, a broken roster back with its reasons, a claim."""

import io
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn, picture


def test_a_broken_roster_comes_back_with_reasons(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("bureau-340822")
    page.goto("/subsidies/rosters")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="学生名册模板").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    sheet = next(s for s in book.worksheets if any("身份证号" in str(c.value) for row in s.iter_rows() for c in row))
    header = next(row for row in sheet.iter_rows() if any(c.value and "身份证号" in str(c.value) for c in row))
    columns = {str(c.value).strip("*＊ "): c.column for c in header if c.value}
    line = header[0].row + 1
    for name, value in {"姓名": "张三", "身份证号": "340822201001011111", "入学年度": "2025"}.items():
        sheet.cell(line, columns[name], value)
    broken = tmp_path / "怀宁名册.xlsx"
    book.save(broken)

    page.get_by_label("年度").first.fill("2025")
    page.get_by_label("名册文件").set_input_files(broken)
    page.get_by_role("button", name="上传并核对").click()
    link = page.get_by_role("link", name="下载退回", exact=False).first
    expect(link).to_be_visible(timeout=60_000)
    picture(page, "20-roster-rejected")
    with page.expect_download() as waiting:
        link.click()
    returned = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    cells = " ".join(str(c.value) for s in returned.worksheets for row in s.iter_rows() for c in row if c.value)
    assert "错误原因" in cells
    assert "校验" in cells


@pytest.mark.parametrize("path", ["/members", "/subsidies/rosters/students?year=2025", "/subsidies/claims"])
def test_only_its_own_county(sign_in: SignIn, path: str) -> None:
    page = sign_in("bureau-340822")
    page.goto(path)
    body = page.locator("main").inner_text()
    assert "怀宁" in body
    assert "桐城" not in body
