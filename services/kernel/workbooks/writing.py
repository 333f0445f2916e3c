"""Writes templates, exports and rejects on the one layout that reading understands, so that each can be sent again."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from services.kernel.workbooks.spec import LINE_HEADER, REASON_HEADER, Cell, CellIssue, Column, RawRow, TableSpec, Value
from services.kernel.workbooks.text import plain

NOTES_SHEET: Final = "填写说明"
LISTS_SHEET: Final = "选项"
DROPDOWN_ROWS: Final = 5_000
INLINE_LIST: Final = 250
"""A spreadsheet takes a list of at most 255 characters inside a validation; longer ones stand on a sheet."""

_KINDS: Final = {
    "text": "文字",
    "code": "代码，按文本填写",
    "date": "日期，如 2025-09-01",
    "year": "四位年份",
    "choice": "从下拉列表选择",
    "number": "数字",
    "id_number": "18 位居民身份证号，按文本填写",
    "uscc": "18 位统一社会信用代码，按文本填写",
}


@dataclass
class _Sheet:
    """The data sheet under construction: `extra` are headers beyond the spec's."""

    book: Any
    spec: TableSpec
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        add = self.book.add_format
        self.formats: dict[str, Any] = {
            "title": add({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"}),
            "header": add({"bold": True, "border": 1, "bg_color": "#DDEBF7", "text_wrap": True, "valign": "vcenter"}),
            "required": add(
                {"bold": True, "border": 1, "bg_color": "#DDEBF7", "font_color": "#B00020", "valign": "vcenter"}
            ),
            "text": add({"num_format": "@"}),
            "date": add({"num_format": "yyyy-mm-dd"}),
            "plain": add({}),
            "bad_text": add({"num_format": "@", "bg_color": "#FDE0DD"}),
            "bad_date": add({"num_format": "yyyy-mm-dd", "bg_color": "#FDE0DD"}),
            "bad_plain": add({"bg_color": "#FDE0DD"}),
            "reason": add({"font_color": "#B00020", "text_wrap": True}),
        }
        self.sheet = self.book.add_worksheet(self.spec.sheet)
        self.first_row = self._head()

    def _head(self) -> int:
        """Title, header, column formats and dropdowns; returns the first data row, counted from 0."""
        columns = self.spec.columns
        last = len(columns) + len(self.extra) - 1
        row = 0
        if self.spec.title:
            self.sheet.merge_range(0, 0, 0, last, self.spec.title, self.formats["title"])
            self.sheet.set_row(0, 28)
            row = 1
        for place, column in enumerate(columns):
            self.sheet.set_column(place, place, column.width, self.formats["text"] if column.kept_as_text else None)
            self.sheet.write_string(
                row, place, column.header, self.formats["required" if column.required else "header"]
            )
        for place, header in enumerate(self.extra, start=len(columns)):
            self.sheet.set_column(place, place, 60 if header == REASON_HEADER else 10)
            self.sheet.write_string(row, place, header, self.formats["header"])
        self.sheet.freeze_panes(row + 1, 0)
        return row + 1

    def write(self, row: int, place: int, cell: Cell | Decimal, *, bad: bool = False) -> None:
        """One cell; text is always written as text, never as a formula."""
        prefix = "bad_" if bad else ""
        column = self.spec.columns[place]
        if cell is None or cell == "":
            if bad:
                self.sheet.write_blank(row, place, None, self.formats["bad_plain"])
        elif isinstance(cell, date):
            whole = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
            self.sheet.write_datetime(row, place, whole, self.formats[f"{prefix}date"])
        elif isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) and not column.kept_as_text:
            self.sheet.write_number(row, place, cell, self.formats[f"{prefix}plain"])
        else:
            kind = "text" if column.kept_as_text else "plain"
            self.sheet.write_string(
                row, place, str(cell) if isinstance(cell, Decimal) else plain(cell), self.formats[f"{prefix}{kind}"]
            )

    def finish(self) -> None:
        """Dropdowns on the data sheet, then the sheets behind it."""
        long_lists = [column for column in self.spec.columns if len(",".join(column.choices)) > INLINE_LIST]
        if long_lists:
            self._write_lists(long_lists)
        for place, column in enumerate(self.spec.columns):
            if column.choices:
                source: Any = _range(long_lists.index(column), column) if column in long_lists else list(column.choices)
                rule = {
                    "validate": "list",
                    "source": source,
                    "error_title": "不在可选范围内",
                    "error_type": "stop",
                    "error_message": "请从下拉列表中选择。",
                }
                self.sheet.data_validation(self.first_row, place, self.first_row + DROPDOWN_ROWS, place, rule)
        self._write_notes()

    def _write_lists(self, columns: Sequence[Column]) -> None:
        sheet = self.book.add_worksheet(LISTS_SHEET)
        for place, column in enumerate(columns):
            sheet.write_column(0, place, list(column.choices))
        sheet.hide()

    def _write_notes(self) -> None:
        sheet = self.book.add_worksheet(NOTES_SHEET)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 10)
        sheet.set_column(2, 2, 34)
        sheet.set_column(3, 3, 70)
        # The heads differ from every header of a table, so that reading never takes this sheet for the data.
        for place, text in enumerate(("列", "是否必填", "填写格式", "说明")):
            sheet.write_string(0, place, text, self.formats["header"])
        for row, column in enumerate(self.spec.columns, start=1):
            options = f"可选：{'、'.join(column.choices)}。" if column.choices else ""
            cells = (
                column.header,
                "必填" if column.required else "选填",
                _KINDS[column.kind],
                f"{options}{column.note}",
            )
            for place, text in enumerate(cells):
                sheet.write_string(row, place, text)
        for row, note in enumerate(self.spec.notes, start=len(self.spec.columns) + 2):
            sheet.write_string(row, 0, note)


def _range(place: int, column: Column) -> str:
    letter = chr(ord("A") + place)
    return f"='{LISTS_SHEET}'!${letter}$1:${letter}${len(column.choices)}"


def _build(spec: TableSpec, extra: tuple[str, ...], fill: Any) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = _Sheet(book, spec, extra)
        fill(sheet)
        sheet.finish()
    return buffer.getvalue()


def write_template(spec: TableSpec, examples: Iterable[Mapping[str, Value]] = ()) -> bytes:
    """An empty workbook of the spec (with examples, if any), with dropdowns and a sheet 填写说明."""
    return write_rows(spec, examples)


def write_rows(spec: TableSpec, rows: Iterable[Mapping[str, Value]]) -> bytes:
    """Rows by field on the template's layout; kept values of choices are written as their labels."""
    labels = [{kept: label for label, kept in reversed(list(column.choices.items()))} for column in spec.columns]

    def fill(sheet: _Sheet) -> None:
        for row, values in enumerate(rows, start=sheet.first_row):
            for place, column in enumerate(spec.columns):
                value = values.get(column.field)
                sheet.write(row, place, labels[place].get(value, value) if isinstance(value, str) else value)

    return _build(spec, (), fill)


def write_rejects(spec: TableSpec, rows: Iterable[RawRow], issues: Iterable[CellIssue]) -> bytes:
    """The rows that have issues, as they were sent, with 错误原因 and 原行号; faulty cells are coloured.

    The result is a template: repaired, it can be imported, which ignores the two further columns.
    """
    by_line: dict[int, list[CellIssue]] = {}
    for issue in issues:
        by_line.setdefault(issue.line, []).append(issue)
    bad = [row for row in rows if row.line in by_line]

    def fill(sheet: _Sheet) -> None:
        for row, raw in enumerate(bad, start=sheet.first_row):
            found = by_line[raw.line]
            fields = {issue.field for issue in found}
            for place, cell in enumerate(raw.cells):
                sheet.write(row, place, cell, bad=spec.columns[place].field in fields)
            reason = "；".join(f"{issue.header}：{issue.message.rstrip('。')}" for issue in found)
            sheet.sheet.write_string(row, len(spec.columns), reason, sheet.formats["reason"])
            sheet.sheet.write_number(row, len(spec.columns) + 1, raw.line)

    return _build(spec, (REASON_HEADER, LINE_HEADER), fill)
