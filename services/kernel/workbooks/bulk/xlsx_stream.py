"""Rows of a .xlsx in batches. The workbook itself is in memory, packed and as the reader's cells: its parts are read by
place, and unpacking it to the disk would leave identity numbers there. Hence its own, lower limit.
"""

import io
from collections.abc import Iterator
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from services.kernel.errors import TooLarge
from services.kernel.workbooks.bulk.batches import MAXIMUM_ROWS, Batch, Source, batch_of, too_many_rows
from services.kernel.workbooks.grids import Grid, Line
from services.kernel.workbooks.guard import BULK, check_archive, not_a_workbook
from services.kernel.workbooks.naming import FieldNames
from services.kernel.workbooks.reading import HEADER_SEARCH, best_header, check_headers, refused
from services.kernel.workbooks.spec import Cell, RawRow, TableSpec
from services.kernel.workbooks.text import is_empty

BATCH_ROWS: Final = 20_000


class XlsxStream:
    """Finds the table in a workbook, as `read_table` does. Raises UnsupportedMedia, TooLarge or InvalidInput."""

    def __init__(self, source: Source, spec: TableSpec) -> None:
        content = _whole(source)
        check_archive(content, BULK)
        self._spec = spec
        try:
            book = CalamineWorkbook.from_filelike(io.BytesIO(content))
            wanted = [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
            sheets = {name: book.get_sheet_by_name(name) for name in wanted}
        except (CalamineError, OSError, ValueError) as fault:
            raise not_a_workbook() from fault
        found, header, grid = best_header(spec, [_head(name, sheet) for name, sheet in sheets.items()])
        check_headers(spec, found)
        self._sheet = sheets[grid.name]
        self._header_line = header.number
        self._wanted = [found[c.field][0] if c.field in found else None for c in spec.columns]
        self.unknown = FieldNames(spec).unknown(header.cells)

    def batches(self) -> Iterator[Batch]:
        """The rows below the header, merged cells filled down. Raises InvalidInput when there are none or too many."""
        rows: list[RawRow] = []
        count = 0
        for line in _filled(_lines(self._sheet, self._header_line), _merges(self._sheet)):
            row = RawRow(line.number, self._cells(line))
            if all(is_empty(cell) for cell in row.cells):
                continue
            rows.append(row)
            count += 1
            if count > MAXIMUM_ROWS:
                raise too_many_rows()
            if len(rows) == BATCH_ROWS:
                yield batch_of(self._spec, rows)
                rows = []
        if rows:
            yield batch_of(self._spec, rows)
        if not count:
            raise refused("table_empty", "表头下面没有数据，请填写后再导入。")

    def _cells(self, line: Line) -> tuple[Cell, ...]:
        return tuple(
            line.cells[place] if place is not None and place < len(line.cells) else None for place in self._wanted
        )


def _whole(source: Source) -> bytes:
    content = bytearray()
    for piece in source():
        content += piece
        if len(content) > BULK.packed:
            raise TooLarge(
                f".xlsx 超过 {BULK.packed >> 20} MB，请改用 .csv 或 NDJSON，或拆成几个文件。", code="file_too_large"
            )
    return bytes(content)


def _head(name: str, sheet: CalamineSheet) -> Grid:
    lines: list[Line] = []
    for line in _lines(sheet, 0):
        lines.append(line)
        if len(lines) == HEADER_SEARCH:
            break
    return Grid(name, lines, [])


def _lines(sheet: CalamineSheet, after: int) -> Iterator[Line]:
    """The lines behind a number in which something stands; columns are counted from the first of the sheet."""
    margin: list[Cell] = [""] * (sheet.start[1] if sheet.start else 0)
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > after and any(cell != "" for cell in row):
            yield Line(number, [*margin, *row])


def _merges(sheet: CalamineSheet) -> dict[int, list[tuple[int, int]]]:
    """Cells merged downwards: by their first line, the last and the column."""
    found: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or []:
        if bottom > top:
            found.setdefault(top + 1, []).append((bottom + 1, left))
    return found


def _filled(lines: Iterator[Line], merges: dict[int, list[tuple[int, int]]]) -> Iterator[Line]:
    """Every line of a merged range with the content of its first."""
    standing: list[tuple[int, int, Cell]] = []
    for line in lines:
        standing = [(last, column, value) for last, column, value in standing if last >= line.number]
        for _last, column, value in standing:
            if column < len(line.cells) and is_empty(line.cells[column]):
                line.cells[column] = value
        for last, column in merges.get(line.number, ()):
            if column < len(line.cells):
                standing.append((last, column, line.cells[column]))
        yield line
