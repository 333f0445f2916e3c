"""Tables in workbooks: what clerks send is understood, every fault comes back, and what is written can be read."""

import csv
import io
import time
import zipfile
import zlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.errors import InvalidInput, TooLarge, UnsupportedMedia
from services.kernel.identifiers import id_check_character
from services.kernel.workbooks import (
    CellIssue,
    Column,
    Fault,
    TableSpec,
    check_table,
    guard,
    read_table,
    same,
    write_rejects,
    write_rows,
    write_template,
)

SPEC = TableSpec(
    sheet="名册",
    title="示例名册",
    columns=(
        Column("name", "姓名", required=True, maximum_length=20),
        Column("id_number", "身份证号", ("身份证号码",), required=True, kind="id_number"),
        Column("school", "学校", ("就读学校",), required=True),
        Column("division", "区划代码", kind="code"),
        Column("enrolled_on", "入学日期", required=True, kind="date"),
        Column("year", "年度", kind="year"),
        Column("status", "状态", kind="choice", choices={"在籍": "active", "离校": "left"}),
        Column("score", "得分", kind="number", minimum=Decimal(0), maximum=Decimal(100), places=2),
        Column("uscc", "统一社会信用代码", kind="uscc"),
    ),
    notes=("同一人只填一行。",),
)
HEADER = [column.header for column in SPEC.columns]
ID = "34052419800101001X"
GOOD = ["张三", ID, "示例学校", "340822", "2025-09-01", "2025", "在籍", "88.5", "91350100M000100Y43"]


def xlsx(*rows: list[Any], merges: tuple[tuple[int, int, int, int, Any], ...] = (), sheet: str = "Sheet1") -> bytes:
    """A workbook of one sheet; a merge is (first row, first column, last row, last column, content) from 0."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd"}) as book:
        target = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    target.write_string(number, place, cell)
                elif cell is not None:
                    target.write(number, place, cell)
        for merge in merges:
            target.merge_range(*merge)
    return buffer.getvalue()


def csv_of(*rows: list[Any], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode(encoding)


def row(**changes: Any) -> list[Any]:
    return [changes.get(column.field, value) for column, value in zip(SPEC.columns, GOOD, strict=True)]


def issues_of(content: bytes) -> list[tuple[int, str, str]]:
    checked = check_table(SPEC, read_table(content, SPEC))
    return [(issue.line, issue.field, issue.code) for issue in checked.issues]


def values_of(content: bytes) -> list[dict[str, Any]]:
    checked = check_table(SPEC, read_table(content, SPEC))
    assert checked.issues == []
    return [checked_row.values for checked_row in checked.rows]


EXPECTED = {
    "name": "张三",
    "id_number": ID,
    "school": "示例学校",
    "division": "340822",
    "enrolled_on": date(2025, 9, 1),
    "year": 2025,
    "status": "active",
    "score": Decimal("88.5"),
    "uscc": "91350100M000100Y43",
}


@pytest.mark.parametrize(
    "content",
    [
        xlsx(HEADER, GOOD),
        csv_of(HEADER, GOOD),
        csv_of(HEADER, GOOD, encoding="utf-8-sig"),
        csv_of(HEADER, GOOD, encoding="gb18030"),
        csv_of(HEADER, GOOD, delimiter="\t"),
        csv_of(HEADER, GOOD, delimiter=";"),
    ],
    ids=["xlsx", "utf-8", "utf-8 with BOM", "GB18030", "tabs", "semicolons"],
)
def test_every_file_kind_gives_the_same_values(content: bytes) -> None:
    assert values_of(content) == [EXPECTED]


def test_titles_blank_lines_and_further_columns_are_passed_over_and_line_numbers_kept() -> None:
    header = ["序号", *HEADER, "错误原因", "原行号"]
    content = xlsx(
        ["二〇二五年名册"], [], ["填报单位：示例"], header, [], [1, *GOOD, "旧原因", 9], [], [2, *row(name="")]
    )
    table = read_table(content, SPEC)
    assert table.header_line == 4
    assert [raw.line for raw in table.rows] == [6, 8]
    assert issues_of(content) == [(8, "name", "field_missing")]


def test_lines_of_a_csv_with_a_line_break_in_a_cell_keep_their_numbers() -> None:
    assert issues_of(csv_of(HEADER, row(school="甲\n乙"), row(year="二五"))) == [(4, "year", "year_invalid")]


def test_headers_may_have_aliases_spaces_stars_and_full_width() -> None:
    header = [
        " 姓　名 ",
        "身份证号码*",
        "就读学校（必填）",
        "区划代码",
        "入学日期：",
        "年度",
        "状态",
        "得分",
        "统一社会信用代码",
    ]
    assert values_of(xlsx(header, GOOD)) == [EXPECTED]


def test_columns_may_stand_in_any_order_and_optional_ones_be_absent() -> None:
    content = csv_of(["入学日期", "学校", "姓名", "身份证号"], ["2025-09-01", "示例学校", "张三", ID])
    table = read_table(content, SPEC)
    assert table.present == {"enrolled_on", "school", "name", "id_number"}
    assert check_table(SPEC, table).rows[0].values["score"] is None


def test_missing_headers_are_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(xlsx(["姓名", "学校", "年度"], ["a", "b", "2025"]), SPEC)
    assert caught.value.issues[0].code == "header_missing"
    assert "身份证号、入学日期" in caught.value.detail
    assert "姓名" not in caught.value.detail


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (csv_of(["无关", "表格"], ["1", "2"]), "header_missing"),
        (csv_of([*HEADER, "姓名"], [*GOOD, "李四"]), "header_duplicate"),
        (csv_of(HEADER, []), "table_empty"),
    ],
)
def test_a_file_without_the_table_is_refused_as_a_whole(content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(content, SPEC)
    assert [issue.code for issue in caught.value.issues] == [code]


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7 something\x00\x01",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"PK\x03\x04broken",
        b"",
        b"  \n ",
        b"\xff\xff\xff,a",
    ],
    ids=["pdf", "xls", "broken zip", "empty", "blank", "no text"],
)
def test_other_files_are_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(UnsupportedMedia) as caught:
        read_table(content, SPEC)
    assert caught.value.detail.endswith("。")


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(UnsupportedMedia):
        read_table(buffer.getvalue(), SPEC)


def archive_with(sheet: bytes) -> bytes:
    """A sound workbook whose first sheet is replaced."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(HEADER, GOOD))) as sound,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in sound.infolist():
            first = member.filename == "xl/worksheets/sheet1.xml"
            new.writestr(member.filename, sheet if first else sound.read(member))
    return buffer.getvalue()


def test_an_archive_that_unpacks_too_far_is_refused_whatever_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAXIMUM_UNPACKED", 3_000_000)
    bomb = archive_with(b" " * 5_000_000)
    packed = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = packed.compress(b" " * 5_000_000) + packed.flush()
    assert stream in bomb
    lying = bomb.replace((5_000_000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    for content in (bomb, lying):
        with pytest.raises(TooLarge):
            read_table(content, SPEC)


def test_two_cells_at_the_corners_of_a_sheet_do_not_fill_the_memory() -> None:
    far = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        b"</sheetData></worksheet>"
    )
    with pytest.raises(TooLarge) as caught:
        read_table(archive_with(far), SPEC)
    assert caught.value.code == "workbook_too_large"


def test_a_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAXIMUM_BYTES", 100)
    with pytest.raises(TooLarge):
        read_table(b"a" * 101, SPEC)


def test_merged_cells_are_filled_down_and_blank_lines_within_stay_out() -> None:
    rows = [row(school=None), row(school=None), [], row(school=None), row(school="另一学校")]
    content = xlsx(HEADER, *rows, merges=((1, 2, 4, 2, "示例学校"),))
    assert [values["school"] for values in values_of(content)] == ["示例学校"] * 3 + ["另一学校"]


@pytest.mark.parametrize(
    "written",
    [
        "2025-09-01",
        "2025/9/1",
        "2025.9.1",
        "2025年9月1日",
        "20250901",
        20250901,
        date(2025, 9, 1),
        datetime(2025, 9, 1, 8, 30),  # noqa: DTZ001  # a spreadsheet has no time zone
        "２０２５-09-01",
        " 2025-09-01 00:00:00",
    ],
)
def test_dates_are_understood_however_they_are_written(written: Any) -> None:
    assert values_of(xlsx(HEADER, row(enrolled_on=written)))[0]["enrolled_on"] == date(2025, 9, 1)


@pytest.mark.parametrize(
    "written", ["2025-02-30", "九月一日", "2025-9", "45901", 45901, "1-9-2025", "0001-01-01", 2025.5]
)
def test_what_is_no_date_is_refused(written: Any) -> None:
    assert issues_of(xlsx(HEADER, row(enrolled_on=written))) == [(2, "enrolled_on", "date_invalid")]


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("division", 340822, "340822"),
        ("division", 340822.0, "340822"),
        ("division", "３４０８２２ ", "340822"),
        ("division", '="340822"', "340822"),
        ("division", "'340822", "340822"),
        ("id_number", "34052419800101001x", ID),
        ("id_number", "３４０５２４１９８００１０１００１Ｘ　", ID),
        ("year", 2025, 2025),
        ("year", "2025年", 2025),
        ("status", " 在　籍", "active"),
        ("status", "left", "left"),
        ("score", 100, Decimal(100)),
        ("score", "9.50", Decimal("9.50")),
        ("score", "", None),
        ("score", "　", None),
        ("name", "张　三（大）", "张 三（大）"),
    ],
)
def test_cells_are_read_as_they_were_meant(field: str, written: Any, value: Any) -> None:
    assert values_of(xlsx(HEADER, row(**{field: written})))[0][field] == value


@pytest.mark.parametrize(
    ("field", "written", "code"),
    [
        ("name", "　", "field_missing"),
        ("name", "长" * 21, "text_too_long"),
        ("id_number", "340524198001010011", "id_number_invalid"),
        ("id_number", 340524198001010000, "id_number_invalid"),
        ("year", "25", "year_invalid"),
        ("year", 3025, "year_invalid"),
        ("status", "休学", "value_not_allowed"),
        ("score", "一百", "number_invalid"),
        ("score", 100.01, "number_invalid"),
        ("score", "-1", "number_invalid"),
        ("score", "1.234", "number_invalid"),
        ("score", "NaN", "number_invalid"),
        ("uscc", "91350100M000100Y4Z", "uscc_invalid"),
        ("division", 3408221234567890123, "code_invalid"),
    ],
)
def test_faults_have_their_codes_and_never_repeat_an_identity_number(field: str, written: Any, code: str) -> None:
    checked = check_table(SPEC, read_table(xlsx(HEADER, row(**{field: written})), SPEC))
    (issue,) = checked.issues
    assert (issue.line, issue.field, issue.code) == (2, field, code)
    assert issue.message.endswith("。")
    assert "3405" not in issue.message


def test_every_fault_of_every_row_is_collected() -> None:
    content = xlsx(HEADER, row(name="", year="x", score="y"), GOOD, row(enrolled_on=None, uscc="1"))
    assert issues_of(content) == [
        (2, "name", "field_missing"),
        (2, "year", "year_invalid"),
        (2, "score", "number_invalid"),
        (4, "enrolled_on", "field_missing"),
        (4, "uscc", "uscc_invalid"),
    ]
    assert [r.line for r in check_table(SPEC, read_table(content, SPEC)).rows] == [3]


def test_a_column_may_add_a_rule_of_its_own() -> None:
    odd = Fault("odd", "应为偶数。")
    spec = TableSpec("表", "", (Column("n", "数", kind="year", check=lambda v: odd if int(str(v)) % 2 else None),))
    checked = check_table(spec, read_table(csv_of(["数"], ["2024"], ["2025"]), spec))
    assert [r.values["n"] for r in checked.rows] == [2024]
    assert [(i.line, i.code) for i in checked.issues] == [(3, "odd")]


def test_rejects_come_back_with_reasons_and_are_taken_in_once_repaired() -> None:
    content = xlsx(["标题"], HEADER, GOOD, row(enrolled_on="x", name=""), row(division=340822, score=101))
    table = read_table(content, SPEC)
    rejects = write_rejects(SPEC, table.rows, check_table(SPEC, table).issues)
    sheet = openpyxl.load_workbook(io.BytesIO(rejects))["名册"]
    lines = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=2)]
    assert lines[0] == [*HEADER, "错误原因", "原行号"]
    assert [line[-1] for line in lines[1:]] == [4, 5]
    assert "姓名：必填，请填写；入学日期：日期无法识别" in str(lines[1][-2])
    sheet["A3"], sheet["E3"], sheet["H4"] = "李四", "2025/9/2", 99
    buffer = io.BytesIO()
    sheet.parent.save(buffer)
    repaired = values_of(buffer.getvalue())
    assert [(v["name"], v["enrolled_on"], v["score"]) for v in repaired] == [
        ("李四", date(2025, 9, 2), Decimal("88.5")),
        ("张三", date(2025, 9, 1), Decimal(99)),
    ]


def test_rejects_take_issues_that_a_service_adds_and_only_rows_that_have_one() -> None:
    table = read_table(xlsx(HEADER, GOOD, GOOD), SPEC)
    extra = CellIssue(3, "school", "学校", "school_unknown", "没有登记这所学校。")
    again = read_table(write_rejects(SPEC, table.rows, [extra]), SPEC)
    assert len(again.rows) == 1


def test_text_that_looks_like_a_formula_stays_text() -> None:
    content = write_rows(SPEC, [{"name": "=1+1", "school": "@SUM(A1)"}])
    sheet = openpyxl.load_workbook(io.BytesIO(content))["名册"]
    assert (sheet["A3"].data_type, sheet["A3"].value) == ("s", "=1+1")


def test_the_template_has_notes_dropdowns_and_text_columns_and_no_row() -> None:
    content = write_template(SPEC)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["名册", "填写说明"]
    assert [cell.value for cell in book["名册"][2]] == HEADER
    (validation,) = book["名册"].data_validations.dataValidation
    assert (validation.formula1, str(validation.sqref).split(":")[0]) == ('"在籍,离校"', "G3")
    assert book["名册"].column_dimensions["B"].number_format == "@"
    assert "同一人只填一行。" in [cell.value for cell in book["填写说明"]["A"]]
    with pytest.raises(InvalidInput) as caught:
        read_table(content, SPEC)
    assert caught.value.issues[0].code == "table_empty"


def test_a_long_list_of_choices_stands_on_a_hidden_sheet() -> None:
    labels = [f"很长很长的选项之{n}" for n in range(40)]
    spec = TableSpec("表", "标题", (Column("a", "甲"), Column("b", "乙", kind="choice", choices=same(*labels))))
    book = openpyxl.load_workbook(io.BytesIO(write_template(spec)))
    assert book["选项"].sheet_state == "hidden"
    assert [cell.value for cell in book["选项"]["A"]] == labels
    assert book["表"].data_validations.dataValidation[0].formula1 == "'选项'!$A$1:$A$40"


names = st.text(alphabet="张王李赵甲乙丙丁ABC（）·", min_size=1, max_size=20)
numbers = st.builds(
    lambda born, order: f"340822{born:%Y%m%d}{order:03d}",
    st.dates(date(1990, 1, 1), date(2012, 1, 1)),
    st.integers(0, 999),
).map(lambda body: body + id_check_character(body))
rows = st.fixed_dictionaries(
    {
        "name": names,
        "id_number": numbers,
        "school": names,
        "division": st.none() | st.sampled_from(["340822", "340881"]),
        "enrolled_on": st.dates(date(1950, 1, 1), date(2099, 12, 31)),
        "year": st.none() | st.integers(1900, 2100),
        "status": st.none() | st.sampled_from(["active", "left"]),
        "score": st.none() | st.decimals(0, 100, places=2),
        "uscc": st.none() | st.just("91110000600037341L"),
    }
)


@settings(max_examples=25, deadline=None)
@given(st.lists(rows, min_size=1, max_size=8))
def test_what_is_written_is_read_again_unchanged(written: list[dict[str, Any]]) -> None:
    assert values_of(write_rows(SPEC, written)) == written


def test_a_hundred_thousand_rows_take_seconds() -> None:
    lines = ["姓名,身份证号,学校,入学日期,区划代码,年度,状态"]
    for number in range(100_000):
        body = f"3408222008{number % 12 + 1:02d}{number % 28 + 1:02d}{number % 1000:03d}"
        lines.append(f"学生{number},{body}{id_check_character(body)},学校{number % 40},2025/9/1,340822,2025,在籍")
    content = "\n".join(lines).encode()
    started = time.process_time()  # not the wall clock: other tests share the machine
    checked = check_table(SPEC, read_table(content, SPEC))
    assert (len(checked.rows), checked.issues) == (100_000, [])
    assert time.process_time() - started < 15


def test_a_nul_far_down_in_a_csv_is_refused_with_the_file_and_not_by_the_database() -> None:
    text = "姓名\n" + "王小明\n" * 2000 + "王\x00明\n"
    with pytest.raises(UnsupportedMedia):
        read_table(text.encode(), TableSpec("表", "", (Column("name", "姓名"),)))
