"""Majors against leading industries and teachers' practice in the browser, from the import to the picture."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import SignIn, picture
from tests.browser.looks import faults_at_both_sizes

TEACHERS = """单位,姓名,类别,职称,专业方向,共享,实践企业,实践开始,实践结束
安庆职业技术学院,示例甲,双师,中级,新能源汽车,是,示例外地企业,2025-01-01,2025-06-30
没有这所学校,示例乙,双师,,,,,,
"""


def test_the_secretariat_matches_a_class_of_majors_with_a_new_industry(sign_in: SignIn) -> None:
    page = sign_in("mishuchu")
    page.goto("/coverage/industries/new")
    page.get_by_label("产业名称").fill("示例低空产业")
    page.get_by_label("行业代码").fill("3963")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("cell", name="示例低空产业").first).to_be_visible()
    page.goto("/coverage")
    expect(page.get_by_text("示例低空产业").first).to_be_visible()
    page.goto("/coverage/matches/new")
    page.get_by_label("专业代码").fill("46")
    page.get_by_label("主导产业").select_option(label="示例低空产业")
    page.get_by_label("理由").fill("装备制造类专业培养制造人员")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("cell", name="装备制造类专业培养制造人员")).to_be_visible()
    page.goto("/coverage?by=major")
    drawn = page.get_by_role("img", name="专业对主导产业覆盖图，内容见下方表格")
    if drawn.count():
        assert drawn.evaluate("image => image.complete && image.naturalWidth > 0")
    assert faults_at_both_sizes(page, "coverage") == []


def test_a_school_imports_its_teachers_and_others_see_no_names(sign_in: SignIn, tmp_path: Path) -> None:
    file = tmp_path / "师资.csv"
    file.write_text(TEACHERS, encoding="utf-8")
    page = sign_in("member-azy")
    page.goto("/teachers/import")
    page.get_by_label("文件").set_input_files(file)
    page.get_by_role("button", name="导入").click()
    expect(page.get_by_text("没有登记这家单位，或它不归您维护，请核对名称。")).to_be_visible()
    picture(page, "teachers-import")
    page.goto("/teachers?q=示例甲")
    page.get_by_role("link", name="示例甲").click()
    expect(page.get_by_text("示例外地企业", exact=True)).to_be_visible()
    assert faults_at_both_sizes(page, "teacher") == []

    leader = sign_in("lingdao")
    leader.goto("/teachers")
    expect(leader.get_by_role("cell", name="新能源汽车").first).to_be_visible()
    assert "示例甲" not in leader.locator("main").inner_text()
