"""What a table of a workbook looks like, declared once: reading, checking, templates and rejects all follow it."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias

Kind = Literal["text", "code", "date", "year", "choice", "number", "id_number", "uscc"]

# What a cell holds as it was read: a .csv has text only.
Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | None
# What a checked cell means: text, date, year (int), number (Decimal), the code of a choice; None when empty.
Value: TypeAlias = str | int | Decimal | date | None

REASON_HEADER: Final = "错误原因"
LINE_HEADER: Final = "原行号"
MAXIMUM_TEXT: Final = 200


@dataclass(frozen=True)
class Fault:
    """Why one cell was refused: a stable code and a sentence that says what to do."""

    code: str
    message: str


@dataclass(frozen=True)
class Column:
    """One column.

    `choices` maps what people see to what is kept, `aliases` and `choice_aliases` are other spellings that are
    understood. `fallbacks` name columns that stand in where the file has none of the column's own names. `minimum` and
    `maximum` bound a number (inclusive), `places` its decimals. `check` adds a rule to a non-empty value. `note` is
    what 填写说明 says.
    """

    field: str
    header: str
    aliases: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    required: bool = False
    kind: Kind = "text"
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    choice_aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    places: int | None = None
    maximum_length: int = MAXIMUM_TEXT
    check: Callable[[Value], Fault | None] | None = None
    note: str = ""
    width: int = 14

    @property
    def kept_as_text(self) -> bool:
        """Whether the template formats this column as text, so that a spreadsheet keeps its digits."""
        return self.kind in ("code", "id_number", "uscc")


@dataclass(frozen=True)
class TableSpec:
    """One table: its sheet, its title above the header, and its columns in order."""

    sheet: str
    title: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()

    @property
    def required_headers(self) -> tuple[str, ...]:
        return tuple(column.header for column in self.columns if column.required)


def same(*labels: str) -> dict[str, str]:
    """Choices that are kept as they are shown."""
    return {label: label for label in labels}


@dataclass(frozen=True)
class CellIssue:
    """One fault of one cell; `line` counts from 1 as the spreadsheet does. Never holds the cell's content."""

    line: int
    field: str
    header: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stood in the file: its line number and its cells in the order of the spec's columns."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """The rows of a file below its header. `present` names the fields whose columns the file has."""

    header_line: int
    present: frozenset[str]
    rows: list[RawRow]


@dataclass(frozen=True, slots=True)
class Row:
    """One checked row: its line number and a value for every field of the spec."""

    line: int
    values: dict[str, Value]


@dataclass(frozen=True)
class CheckedTable:
    """Every row of a table checked: those without fault, and every fault of every other row, by line."""

    rows: list[Row]
    issues: list[CellIssue]

    @property
    def bad_lines(self) -> frozenset[int]:
        return frozenset(issue.line for issue in self.issues)
