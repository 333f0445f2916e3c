"""The raw cells of a .xlsx or .csv file, with the line numbers that people see."""

import csv
import io
from dataclasses import dataclass
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from services.kernel.errors import UnsupportedMedia
from services.kernel.workbooks.guard import OLE_MAGIC, ZIP_MAGIC, check_archive, check_size, not_a_workbook
from services.kernel.workbooks.spec import Cell
from services.kernel.workbooks.text import is_empty

ENCODINGS: Final = ("utf-8-sig", "gb18030")
DELIMITERS: Final = (",", "\t", ";")
CONTROL: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f")
SNIFFED: Final = 4096


@dataclass(frozen=True)
class Line:
    """One non-empty line: its number from 1, and its cells."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True)
class Grid:
    """One sheet. `merges` are (first, last, column): cells merged downwards, lines from 1, column from 0."""

    name: str
    lines: list[Line]
    merges: list[tuple[int, int, int]]


def read_grids(content: bytes) -> list[Grid]:
    """Every sheet of a .xlsx in its order, or the one of a .csv; told apart by content, not by name.

    Raises UnsupportedMedia for any other file and TooLarge for one that is too large, packed or unpacked.
    """
    check_size(content)
    if content.startswith(ZIP_MAGIC):
        check_archive(content)
        return _sheets(content)
    if content.startswith(OLE_MAGIC) or CONTROL.intersection(content[:SNIFFED]) or b"\x00" in content:
        raise not_a_workbook()
    return [_csv_grid(_decoded(content))]


def _sheets(content: bytes) -> list[Grid]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            wanted = [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
            return [_sheet_grid(book.get_sheet_by_name(name)) for name in wanted]
    except (CalamineError, OSError, ValueError) as fault:
        raise not_a_workbook() from fault


def _sheet_grid(sheet: CalamineSheet) -> Grid:
    rows = sheet.to_python(skip_empty_area=False)
    lines: list[Line] = []
    for number, row in enumerate(rows, start=1):
        cells: list[Cell] = list(row)
        if not all(is_empty(cell) for cell in cells):
            lines.append(Line(number, cells))
    ranges = sheet.merged_cell_ranges or []
    merges = [(top + 1, bottom + 1, left) for (top, left), (bottom, _right) in ranges if bottom > top]
    return Grid(sheet.name, lines, merges)


def _decoded(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise unknown_encoding()


def unknown_encoding() -> UnsupportedMedia:
    """The refusal of a text that is in none of `ENCODINGS`."""
    return UnsupportedMedia(
        "文件的文字编码无法识别，请另存为 UTF-8 或 GB18030 编码的 .csv，或改用 .xlsx。", code="encoding"
    )


def delimiter_of(text: str) -> str:
    """The delimiter that stands most often at the beginning."""
    return max(DELIMITERS, key=text[:SNIFFED].count)


def _csv_grid(text: str) -> Grid:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    lines: list[Line] = []
    before = 0
    try:
        for row in reader:
            cells: list[Cell] = list(row)
            if not all(is_empty(cell) for cell in cells):
                lines.append(Line(before + 1, cells))
            before = reader.line_num
    except csv.Error as fault:
        raise not_a_workbook() from fault
    return Grid("", lines, [])
