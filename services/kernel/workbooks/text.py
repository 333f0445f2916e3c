"""Tidying what clerks type: full-width characters, stray spaces, invisible characters, codes that became numbers."""

import re
from datetime import date, datetime, time
from typing import Final

from services.kernel.identifiers import tidy_code
from services.kernel.workbooks.spec import Cell

# Letters and digits only: full-width punctuation is right in Chinese names, such as （）.
_FULL_WIDTH: Final = {
    code: code - 0xFEE0
    for start, end in (("０", "９"), ("Ａ", "Ｚ"), ("ａ", "ｚ"))
    for code in range(ord(start), ord(end) + 1)
}
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u2060"))
_TABLE: Final = {**_FULL_WIDTH, **_INVISIBLE}
_EXCEL_TEXT: Final = re.compile(r'="([^"]*)"')
_HEADER_NOISE: Final = re.compile(r"[（(]?(必填|选填)[)）]?|[*:：]")


def plain(cell: Cell) -> str:
    """The text of a cell; a number without fraction loses its `.0`, a date is ISO."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _unquoted(cell)
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _unquoted(text: str) -> str:
    """Undo the two habits that keep digits as text in a .csv: a leading apostrophe, and ="…"."""
    if text[:1] == "'":
        return text[1:]
    found = _EXCEL_TEXT.fullmatch(text) if text[:1] == "=" else None
    return found.group(1) if found else text


def tidy(cell: Cell) -> str:
    """Text with half-width letters and digits, single spaces within and none around."""
    text = plain(cell)
    return " ".join((text if text.isascii() else text.translate(_TABLE)).split())


def tidy_as_code(cell: Cell) -> str:
    """A code: no white space, ASCII, upper case."""
    return tidy_code(plain(cell))


def tidy_header(cell: Cell) -> str:
    """A header for comparison: without white space, marks of 必填, colons and stars."""
    return _HEADER_NOISE.sub("", tidy_as_code(cell))


def is_empty(cell: Cell) -> bool:
    """Whether nothing readable stands in a cell."""
    return cell is None or (isinstance(cell, str) and not tidy(cell))


def is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
