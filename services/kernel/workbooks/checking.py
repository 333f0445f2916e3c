"""Checks every cell of a table and collects every fault, not the first."""

from collections.abc import Callable
from typing import Final

from services.kernel.workbooks.parsing import Parsed, parser_of
from services.kernel.workbooks.spec import (
    Cell,
    CellIssue,
    CheckedTable,
    Column,
    Fault,
    RawRow,
    Row,
    Table,
    TableSpec,
    Value,
)
from services.kernel.workbooks.text import is_empty

# Schools, dates and choices repeat down a roster; a parsed cell is remembered so that each spelling costs one parse.
REMEMBERED: Final = 5_000
_MISSING = Fault("field_missing", "必填，请填写。")

Reader = Callable[[Cell], Parsed]


def check_table(spec: TableSpec, table: Table) -> CheckedTable:
    """Parse every row by the spec's columns. A row with any fault is left out of `rows`, its faults are in `issues`."""
    readers = [reader_of(column) for column in spec.columns]
    rows: list[Row] = []
    issues: list[CellIssue] = []
    fields = [column.field for column in spec.columns]
    for raw in table.rows:
        values = [read(cell) for read, cell in zip(readers, raw.cells, strict=True)]
        faulty = [place for place, value in enumerate(values) if isinstance(value, Fault)]
        if faulty:
            issues.extend(_issue(raw, spec.columns[place], values[place]) for place in faulty)
        else:
            rows.append(Row(raw.line, dict(zip(fields, _sound(values), strict=True))))
    return CheckedTable(rows, issues)


def _sound(values: list[Parsed]) -> list[Value]:
    return [value for value in values if not isinstance(value, Fault)]


def _issue(raw: RawRow, column: Column, fault: Parsed) -> CellIssue:
    assert isinstance(fault, Fault)  # noqa: S101  # only faulty places are passed
    return CellIssue(raw.line, column.field, column.header, fault.code, fault.message)


def reader_of(column: Column) -> Reader:
    """Reads the cells of a column, empty ones too."""
    parse = parser_of(column)
    empty: Parsed = _MISSING if column.required else None
    remembered: dict[tuple[type, Cell], Parsed] = {}

    def read(cell: Cell) -> Parsed:
        if cell is None or cell == "":
            return empty
        key = (type(cell), cell)
        if key in remembered:
            return remembered[key]
        value = empty if is_empty(cell) else parse(cell)
        if len(remembered) < REMEMBERED:
            remembered[key] = value
        return value

    return read
