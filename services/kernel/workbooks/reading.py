"""Finds the table in a file: its sheet, its header below whatever titles, its columns by name, its merged cells."""

from typing import Final

from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.workbooks.grids import Grid, Line, read_grids
from services.kernel.workbooks.naming import FieldNames, Places
from services.kernel.workbooks.spec import Cell, RawRow, Table, TableSpec
from services.kernel.workbooks.text import is_empty

HEADER_SEARCH: Final = 50
"""The header is looked for in this many non-empty lines; above it stand titles and notes."""
MAXIMUM_ROWS: Final = 200_000


def read_table(content: bytes, spec: TableSpec) -> Table:
    """Read the rows of a .xlsx or .csv below its header; columns are found by header or alias, others are ignored.

    Raises UnsupportedMedia or TooLarge for the file, InvalidInput (`header_missing`, `header_duplicate`, `table_empty`)
    when its header does not fit the spec.
    """
    places, header, grid = best_header(spec, read_grids(content))
    check_headers(spec, places)
    columns = {field: found[0] for field, found in places.items()}
    below = [line for line in grid.lines if line.number > header.number]
    if len(below) > MAXIMUM_ROWS:
        raise refused("too_many_rows", f"超过 {MAXIMUM_ROWS} 行，请拆成几个文件分别导入。")
    _fill_down(below, grid.merges)
    wanted = [columns.get(column.field) for column in spec.columns]
    rows = [RawRow(line.number, _cells(line, wanted)) for line in below]
    rows = [row for row in rows if not all(is_empty(cell) for cell in row.cells)]
    if not rows:
        raise refused("table_empty", "表头下面没有数据，请填写后再导入。")
    return Table(header.number, frozenset(columns), rows)


def best_header(spec: TableSpec, grids: list[Grid]) -> tuple[Places, Line, Grid]:
    """The line with the most known headers, the first of equals; a sheet of the spec's own name goes first.

    Raises InvalidInput when no line has any.
    """
    ordered = sorted(grids, key=lambda grid: grid.name != spec.sheet)
    names = FieldNames(spec)
    best: tuple[Places, Line, Grid] | None = None
    for grid in ordered:
        for line in grid.lines[:HEADER_SEARCH]:
            places = names.places(line.cells)
            if places and (best is None or len(places) > len(best[0])):
                best = places, line, grid
    if best is None:
        raise missing_headers(spec.required_headers)
    return best


def check_headers(spec: TableSpec, places: Places) -> None:
    """Raises InvalidInput when a required column is missing or a column stands twice."""
    missing = [column.header for column in spec.columns if column.required and column.field not in places]
    if missing:
        raise missing_headers(missing)
    doubled = [column.header for column in spec.columns if len(places.get(column.field, ())) > 1]
    if doubled:
        raise refused("header_duplicate", f"表头重复：{'、'.join(doubled)}。每个表头只能出现一次。")


def missing_headers(headers: list[str] | tuple[str, ...]) -> InvalidInput:
    """The refusal of a file without some required columns."""
    return refused("header_missing", f"表头缺少：{'、'.join(headers)}。请下载模板，按模板的表头填写后再导入。")


def missing_keys(headers: list[str]) -> InvalidInput:
    """The refusal of objects without some required fields."""
    return refused("header_missing", f"数据缺少字段：{'、'.join(headers)}。请按接口文档的字段名填写后再导入。")


def refused(code: str, sentence: str) -> InvalidInput:
    """The refusal of a whole file."""
    return InvalidInput([FieldIssue("file", code, sentence)], sentence)


def _fill_down(lines: list[Line], merges: list[tuple[int, int, int]]) -> None:
    """Give every line of a merged range the content of its first; lines that are otherwise blank stay out."""
    if not merges:
        return
    by_number = {line.number: line for line in lines}
    for first, last, column in merges:
        source = by_number.get(first)
        if source is None or column >= len(source.cells):
            continue
        value = source.cells[column]
        for number in range(first + 1, min(last, lines[-1].number) + 1):
            target = by_number.get(number)
            if target is not None and column < len(target.cells) and is_empty(target.cells[column]):
                target.cells[column] = value


def _cells(line: Line, wanted: list[int | None]) -> tuple[Cell, ...]:
    cells = line.cells
    width = len(cells)
    return tuple(cells[place] if place is not None and place < width else None for place in wanted)
