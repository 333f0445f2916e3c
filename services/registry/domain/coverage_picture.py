"""Draws the coverage matrix as an SVG: rows against industries, numbers in the cells, for screen and paper. Pure.

Never by colour alone: a served cell has its number on a tint, an unserved one is empty, an industry that nothing serves
is hatched and named below. Title and description say what the picture shows to who cannot see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

ROW: Final = 28
LABEL: Final = 240
CELL: Final = 96
HEAD: Final = 64
MARGIN: Final = 16
LINE: Final = 22
LABEL_LETTERS: Final = 16
HEAD_LETTERS: Final = 6
HEAD_LINES: Final = 2
INK: Final = "#1f2937"
TINTS: Final = ("#dbeafe", "#bfdbfe", "#93c5fd")
LEGIBLE: Final = "font-family='Noto Sans CJK SC, Microsoft YaHei, SimSun, sans-serif' font-size='13'"


@dataclass(frozen=True)
class PictureRow:
    """A label and a number for each industry."""

    label: str
    cells: Sequence[int]


@dataclass(frozen=True)
class Picture:
    """What is drawn: `notes` are sentences below the matrix."""

    title: str
    description: str
    industries: Sequence[str]
    rows: Sequence[PictureRow]
    totals: Sequence[int]
    notes: Sequence[str] = ()


def draw(picture: Picture) -> str:
    """The SVG document."""
    width = max(MARGIN * 2 + LABEL + CELL * len(picture.industries), 480)
    bottom = MARGIN * 2 + LINE + HEAD + ROW * (len(picture.rows) + 1)
    height = bottom + LINE * (len(picture.notes) + 1)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
        " role='img' aria-labelledby='title description'>",
        f"<title id='title'>{_safe(picture.title)}</title>",
        f"<desc id='description'>{_safe(picture.description)}</desc>",
        "<defs><pattern id='hatched' width='8' height='8' patternUnits='userSpaceOnUse'"
        " patternTransform='rotate(45)'><rect width='8' height='8' fill='#fff'/>"
        "<rect width='2' height='8' fill='#9ca3af'/></pattern></defs>",
        f"<rect width='{width}' height='{height}' fill='#fff'/><g {LEGIBLE} fill='{INK}'>",
        _text(MARGIN, MARGIN + 15, picture.title, weight="bold"),
        *_head(picture),
        *(part for place, row in enumerate(picture.rows) for part in _row(place, row, picture.totals)),
        *_row(len(picture.rows), PictureRow("合计", picture.totals), picture.totals, weight="bold"),
        *(_text(MARGIN, bottom + LINE * (n + 1), note) for n, note in enumerate(picture.notes)),
        "</g></svg>",
    ]
    return "".join(parts)


def _head(picture: Picture) -> list[str]:
    top = MARGIN + LINE
    return [
        _text(_x(place) + CELL / 2, top + 24 + 18 * line, words, anchor="middle", weight="bold")
        for place, name in enumerate(picture.industries)
        for line, words in enumerate(_lines(name))
    ]


def _lines(name: str) -> list[str]:
    """A name on two lines at most; what does not fit ends in an ellipsis."""
    lines = [name[start : start + HEAD_LETTERS] for start in range(0, len(name), HEAD_LETTERS)]
    if len(lines) <= HEAD_LINES:
        return lines
    return [lines[0], _cut(lines[1] + lines[2], HEAD_LETTERS)]


def _row(place: int, row: PictureRow, totals: Sequence[int], weight: str = "normal") -> list[str]:
    y = MARGIN + LINE + HEAD + place * ROW
    parts = [_text(MARGIN, y + 19, _cut(row.label, LABEL_LETTERS), weight=weight)]
    most = max((max(row.cells, default=0), 1))
    for number, (count, total) in enumerate(zip(row.cells, totals, strict=True)):
        fill = "url(#hatched)" if not total else TINTS[(count * len(TINTS) - 1) // most] if count else "#fff"
        box = f"x='{_x(number)}' y='{y}' width='{CELL}' height='{ROW}' fill='{fill}' stroke='#9ca3af'"
        parts.append(f"<rect {box}/>")
        if count:
            parts.append(_text(_x(number) + CELL / 2, y + 19, str(count), anchor="middle", weight=weight))
    return parts


def _x(place: int) -> int:
    return MARGIN + LABEL + CELL * place


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f"<text x='{x:g}' y='{y:g}' text-anchor='{anchor}' font-weight='{weight}'>{_safe(words)}</text>"


def _cut(words: str, letters: int) -> str:
    return words if len(words) <= letters else f"{words[: letters - 1]}…"


def _safe(words: str) -> str:
    """Text for XML, without the control characters that it forbids."""
    return escape("".join(letter for letter in words if letter.isprintable()))
