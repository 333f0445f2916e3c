"""The roster templates of a county bureau (docs/design.md §8), the member list, and the writer of filled sheets.

A sheet has a merged title line, a header, text-formatted code columns, dropdowns and a second sheet 填写说明.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import xlsxwriter

Cell: TypeAlias = str | int | float | date | None

# Every workbook says it was made at this instant, so that two generations are the same bytes.
MADE_AT: Final = datetime(2026, 1, 12, 9, 0)  # noqa: DTZ001 - workbook properties have no time zone


@dataclass(frozen=True)
class Column:
    """One column: the field of the contract, its header, a width in characters, and how a clerk should fill it."""

    field: str
    header: str
    width: int
    note: str
    text: bool = False
    choices: tuple[str, ...] = ()


STUDENT_COLUMNS: Final = (
    Column("number", "序号", 6, "顺序号，可不填"),
    Column("name", "姓名", 10, "必填"),
    Column("id_number", "身份证号", 21, "必填，18位，按文本填写", text=True),
    Column("enrolment_year", "入学年度", 10, "必填，四位年份"),
    Column("school", "就读学校", 24, "必填，填单位全称、简称或统一社会信用代码", text=True),
    Column("major", "专业", 18, "必填"),
    Column("class_code", "班级编号", 12, "校企合作班学生填写，其他可不填", text=True),
    Column("enrolled_on", "入学日期", 14, "必填，如2025-09-01"),
    Column("origin_division", "生源地区划代码", 16, "必填，六位", text=True),
    Column("sending_school", "生源学校", 24, "申报生源输送奖励的填写"),
    Column("status", "在籍状态", 10, "必填", choices=("在籍", "离校")),
    Column("left_on", "离校日期", 14, "离校学生必填"),
    Column("claimed_rule", "申报项目", 14, "必填", choices=("生源输送奖励", "跨市招生补助", "不申报")),
)

CLASS_COLUMNS: Final = (
    Column("number", "序号", 6, "顺序号，可不填"),
    Column("class_code", "班级编号", 12, "必填，本校内不重复", text=True),
    Column("class_name", "班级名称", 30, "必填"),
    Column("school", "办学学校", 24, "必填，填单位全称、简称或统一社会信用代码", text=True),
    Column("major", "专业", 18, "必填"),
    Column("year", "开班年度", 10, "必填，四位年份"),
    Column("opened_on", "开班日期", 14, "必填，如2025-09-01"),
    Column("format", "合作形式", 10, "必填", choices=("冠名", "订单", "学徒制", "其他")),
    Column("enterprise", "合作企业", 30, "必填"),
    Column("enterprise_uscc", "企业统一社会信用代码", 24, "必填，18位", text=True),
    Column("enterprise_division", "企业所在地区划代码", 20, "必填，六位", text=True),
    Column("enterprise_size", "企业规模", 10, "按统计划分证明填写", choices=("大型", "中型", "小型", "微型")),
    Column("size_evidence", "规模佐证材料", 44, "证明文件名称和编号"),
    Column("score", "考核得分", 10, "0至100，未考核的可不填"),
)

MEMBER_COLUMNS: Final = (
    Column("name", "单位名称", 34, "必填，全称"),
    Column("aliases", "简称", 24, "可不填"),
    Column("uscc", "统一社会信用代码", 24, "18位", text=True),
    Column("category", "类别", 14, "必填"),
    Column("division", "区划代码", 12, "六位", text=True),
    Column("functional_zone", "功能区", 24, "开发区、高新区内的单位填写"),
    Column("structure_role", "架构角色", 12, "龙头、骨干、产教联合体或参与"),
    Column("enterprise_size", "企业规模", 10, "企业填写", choices=("大型", "中型", "小型", "微型")),
    Column("size_evidence", "规模佐证材料", 44, "企业填写，证明文件名称和编号"),
)

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "students": STUDENT_COLUMNS,
    "classes": CLASS_COLUMNS,
    "members": MEMBER_COLUMNS,
}
SHEET_NAMES: Final = {"students": "学生名册", "classes": "校企合作班名册", "members": "成员单位"}

Line: TypeAlias = Mapping[str, Cell] | None  # None is a blank line


def first_data_line(subtitle: str) -> int:
    """The line number, counted from 1, of the first row below the header."""
    return 4 if subtitle else 3


def write_workbook(
    path: Path, kind: str, title: str, lines: Sequence[Line], merges: Sequence[tuple[int, int]] = (), subtitle: str = ""
) -> None:
    """Write one filled template; `merges` are first and last positions in `lines` whose school cells are one cell."""
    columns = COLUMNS[kind]
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": title, "created": MADE_AT})
        sheet = book.add_worksheet(SHEET_NAMES[kind])
        formats = _formats(book)
        sheet.merge_range(0, 0, 0, len(columns) - 1, title, formats["title"])
        header_row = first_data_line(subtitle) - 2
        if subtitle:
            sheet.write_string(1, 0, subtitle)
        _write_header(sheet, columns, header_row, formats)
        _write_lines(sheet, columns, lines, header_row + 1, formats)
        if merges:
            _merge_schools(sheet, columns, lines, merges, header_row + 1, formats)
        _dropdowns(sheet, columns, header_row + 1, header_row + len(lines) + 200)
        _notes(book, columns, formats)


def _formats(book: Any) -> dict[str, Any]:
    return {
        "title": book.add_format({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"}),
        "header": book.add_format({"bold": True, "border": 1, "bg_color": "#DDEBF7", "text_wrap": True}),
        "text": book.add_format({"num_format": "@", "valign": "vcenter"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "number": book.add_format({"num_format": "General"}),
    }


def _write_header(sheet: Any, columns: Sequence[Column], row: int, formats: Mapping[str, Any]) -> None:
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width, formats["text"] if column.text else None)
        sheet.write_string(row, place, column.header, formats["header"])
    sheet.freeze_panes(row + 1, 2)


def _write_lines(
    sheet: Any, columns: Sequence[Column], lines: Sequence[Line], start: int, formats: Mapping[str, Any]
) -> None:
    for offset, line in enumerate(lines):
        for place, column in enumerate(columns):
            value = (line or {}).get(column.field)
            if value is not None and value != "":
                _write_cell(sheet, start + offset, place, value, formats)


def _write_cell(sheet: Any, row: int, place: int, value: Cell, formats: Mapping[str, Any]) -> None:
    if isinstance(value, date):
        sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), formats["date"])  # noqa: DTZ001
    elif isinstance(value, str):
        sheet.write_string(row, place, value, formats["text"])
    else:
        sheet.write_number(row, place, value, formats["number"])


def _merge_schools(
    sheet: Any,
    columns: Sequence[Column],
    lines: Sequence[Line],
    merges: Sequence[tuple[int, int]],
    start: int,
    formats: Mapping[str, Any],
) -> None:
    place = next(number for number, column in enumerate(columns) if column.field == "school")
    for first, last in merges:
        text = str((lines[first] or {})["school"])
        sheet.merge_range(start + first, place, start + last, place, text, formats["text"])


def _dropdowns(sheet: Any, columns: Sequence[Column], first: int, last: int) -> None:
    for place, column in enumerate(columns):
        if column.choices:
            # A warning only: a real workbook holds values that were pasted over the dropdown.
            rule = {"validate": "list", "source": list(column.choices), "error_type": "warning"}
            sheet.data_validation(first, place, last, place, rule)


def _notes(book: Any, columns: Sequence[Column], formats: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("填写说明")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 60)
    sheet.write_row(0, 0, ["列", "填写要求"], formats["header"])
    for row, column in enumerate(columns, start=1):
        allowed = f"；限填：{'、'.join(column.choices)}" if column.choices else ""
        sheet.write_row(row, 0, [column.header, column.note + allowed])
