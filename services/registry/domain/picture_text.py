"""Chinese text measured by simple rules, wrapped to a width. Pure.

A picture that is drawn on a server knows no font. Chinese characters are one em wide in every font, Latin ones about
half; that is exact enough to break lines and to size boxes.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

WIDE: Final = 1.0
LATIN: Final = 0.58
CAPITAL: Final = 0.72
CLOSING: Final = frozenset("，。、；：！？）》〉」』】〕”’…,.;:!?)]}")
"""What no line begins with."""
OPENING: Final = frozenset("（《〈「『【〔“‘([{")
"""What no line ends with."""


def ems(text: str) -> float:
    """The width of a text in em."""
    return sum(map(_em, text))


def _em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WFA":
        return WIDE
    if unicodedata.combining(letter) or not letter.isprintable():
        return 0.0
    return CAPITAL if letter.isupper() else LATIN


def wrap(text: str, width: float, size: float, most: int | None = None) -> list[str]:
    """Lines of a text of that font size that fit the width; with `most`, the last of them ends in an ellipsis."""
    lines = list(_lines(text, width / size))
    if most is None or len(lines) <= most:
        return lines
    return [*lines[: most - 1], shorten("".join(lines[most - 1 :]), width, size)]


def _lines(text: str, room: float) -> Iterator[str]:
    line, used = "", 0.0
    for letter in text:
        needed = _em(letter)
        if line and used + needed > room:
            carried = _carried(line, letter, room)
            yield line[: len(line) - len(carried)]
            line, used = carried, ems(carried)
        line += letter
        used += needed
    if line:
        yield line


def _carried(line: str, letter: str, room: float) -> str:
    """What goes down with the next letter: closing marks follow a letter, and an opening one is followed by one."""
    start = len(line)
    while (start > 1 and (line[start:] + letter)[0] in CLOSING) or (start > 1 and line[start - 1] in OPENING):
        if start < len(line) and ems(line[start - 1 :] + letter) > room:
            break
        start -= 1
    return line[start:]


def shorten(text: str, width: float, size: float) -> str:
    """The text itself when it fits, else as much of it as fits with an ellipsis."""
    room = width / size
    if ems(text) <= room:
        return text
    kept, used = "", WIDE
    for letter in text:
        used += _em(letter)
        if used > room:
            break
        kept += letter
    return f"{kept}…"
