"""One parser per kind of column: a cell in, a value or a fault out. No message repeats what the cell held."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from services.kernel.identifiers import is_id_number, is_uscc
from services.kernel.workbooks.spec import Cell, Column, Fault, Value
from services.kernel.workbooks.text import is_number, tidy, tidy_as_code

Parsed: TypeAlias = Value | Fault

# 2025-09-01, 2025/9/1, 2025.9.1, 2025年9月1日 (perhaps with a time of midnight that a spreadsheet added), 20250901.
_DATE: Final = re.compile(
    r"(?P<y>\d{4})(?:[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|年(?P<m2>\d{1,2})月(?P<d2>\d{1,2})日?|(?P<m3>\d{2})(?P<d3>\d{2}))"
    r"(?:[ T]?0?0:00(?::00(?:\.0+)?)?)?"
)
_YEAR: Final = re.compile(r"(\d{4})(?:年|年度|级|届|-?(?:0[1-9]|1[0-2]))?")
YEARS: Final = range(1900, 2101)
EXACT_DIGITS: Final = 15
"""A spreadsheet keeps 15 digits of a number; longer codes lose their end when they are not text."""

_BAD_DATE = Fault("date_invalid", "日期无法识别，请填写如 2025-09-01。")
_BAD_YEAR = Fault("year_invalid", "年度无法识别，请填写四位年份，如 2025。")
_BAD_ID = Fault("id_number_invalid", "身份证号不正确（位数、出生日期或校验位有误），请核对证件后重填。")
_LOST_ID = Fault("id_number_invalid", "身份证号被表格软件存成了数字，末几位已丢失，请把该列设为文本后重填。")
_BAD_USCC = Fault("uscc_invalid", "统一社会信用代码不正确（位数或校验位有误），请核对证照后重填。")
_LOST_CODE = Fault("code_invalid", "代码被表格软件存成了数字，末几位已丢失，请把该列设为文本后重填。")


def parse_date(cell: Cell) -> date | Fault:
    """A real date or one of the five usual spellings. A bare serial number is refused: its epoch is unknown."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    found = _DATE.fullmatch(tidy_as_code(cell))
    if found is None:
        return _BAD_DATE
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        parsed = date(year, month, day)
    except ValueError:
        return _BAD_DATE
    return parsed if year in YEARS else _BAD_DATE


def parse_year(cell: Cell) -> int | Fault:
    """A four-digit year between 1900 and 2100, also as 2025年, 2025级 or with its month as 202509."""
    found = _YEAR.fullmatch(tidy_as_code(cell))
    return int(found.group(1)) if found and int(found.group(1)) in YEARS else _BAD_YEAR


def parse_number(cell: Cell, column: Column) -> Decimal | Fault:
    """An exact decimal within the column's bounds; thousands separators are dropped."""
    try:
        number = Decimal(tidy_as_code(cell).replace(",", ""))
    except InvalidOperation:
        return _bad_number(column)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or (column.places is not None and -exponent > column.places):
        return _bad_number(column)
    low = column.minimum is None or number >= column.minimum
    high = column.maximum is None or number <= column.maximum
    return number if low and high else _bad_number(column)


def _bad_number(column: Column) -> Fault:
    bounds = "至".join(str(bound) for bound in (column.minimum, column.maximum) if bound is not None)
    places = "" if column.places is None else "，应为整数" if column.places == 0 else f"，小数最多 {column.places} 位"
    return Fault("number_invalid", f"应为数字{f'（{bounds}）' if bounds else ''}{places}，请改正后重填。")


def parse_code(cell: Cell, column: Column) -> str | Fault:
    text = tidy_as_code(cell)
    if is_number(cell) and len(text) > EXACT_DIGITS:
        return _LOST_CODE
    return _within(text, column)


def parse_id_number(cell: Cell) -> str | Fault:
    text = tidy_as_code(cell)
    if is_id_number(text) and not is_number(cell):
        return text
    return _LOST_ID if is_number(cell) and len(text) > EXACT_DIGITS else _BAD_ID


def parse_uscc(cell: Cell) -> str | Fault:
    text = tidy_as_code(cell)
    return text if is_uscc(text) and not is_number(cell) else _BAD_USCC


def choice_parser(column: Column) -> Callable[[Cell], Parsed]:
    """A parser of the column's labels, their kept values and their other spellings; spaces and width do not matter."""
    known = {tidy_as_code(label): kept for label, kept in {**column.choice_aliases, **column.choices}.items()}
    kept_values = {tidy_as_code(kept): kept for kept in column.choices.values()}
    fault = Fault("value_not_allowed", f"不在可选范围内，可选：{'、'.join(column.choices)}。")

    def parse(cell: Cell) -> Parsed:
        text = tidy_as_code(cell)
        return known.get(text) or kept_values.get(text) or fault

    return parse


def _within(text: str, column: Column) -> str | Fault:
    if len(text) > column.maximum_length:
        return Fault("text_too_long", f"太长，最多 {column.maximum_length} 个字。")
    return text


def parser_of(column: Column) -> Callable[[Cell], Parsed]:
    """The parser of a column's non-empty cells, its own `check` included."""
    base = _base_parser(column)
    check = column.check
    if check is None:
        return base

    def checked(cell: Cell) -> Parsed:
        value = base(cell)
        return value if isinstance(value, Fault) else check(value) or value

    return checked


def _base_parser(column: Column) -> Callable[[Cell], Parsed]:
    simple: dict[str, Callable[[Cell], Parsed]] = {
        "date": parse_date,
        "year": parse_year,
        "id_number": parse_id_number,
        "uscc": parse_uscc,
        "number": lambda cell: parse_number(cell, column),
        "code": lambda cell: parse_code(cell, column),
        "text": lambda cell: _within(tidy(cell), column),
    }
    return choice_parser(column) if column.kind == "choice" else simple[column.kind]
