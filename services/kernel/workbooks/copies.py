"""How much text a .xlsx becomes once every cell has its own copy of its shared string, as python-calamine makes it.

A file of 5 KB can point from every cell at one string of a megabyte. The count errs to the large side only: what is not
written as every known program writes it counts as the longest string of the file. Names follow ECMA-376, part 1, 18.3
(worksheets) and 18.4 (shared strings).
"""

import re
from array import array
from collections.abc import Callable, Iterable
from typing import Final

LONGEST_READ: Final = 4 * 1024 * 1024
"""Bytes of one shared string that are looked at; Excel ends at 32,767 characters."""

_SPACE: Final = rb"[ \t\r\n]"
_ATTRIBUTES: Final = rb"""(?:%s+[\w:.-]+=(?:"[^"<>&]*"|'[^'<>&]*'))*+%s*+""" % (_SPACE, _SPACE)
_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml[^<>]*\?>)?\s*<((?:\w{1,20}:)?)sst%s>\s*" % _ATTRIBUTES)
_CELL: Final = re.compile(
    rb"<((?:\w{1,20}:)?)c(?=%s)(?P<attributes>%s)(?:/>|>(?:<\1v>(?P<index>[0-9]{1,9})</\1v></\1c>)?)|[<:]c%s"
    % (_SPACE, _ATTRIBUTES, _SPACE)
)
_SHARED: Final = (b't="s"', b"t='s'")
_PREFIXED: Final = (b":c ", b":c\t", b":c\r", b":c\n", b":c/", b":c>")
_CLOSED: Final = re.compile(rb"</\w+:c>")
_TAIL: Final = 1024


def _item(prefix: bytes) -> re.Pattern[bytes]:
    """Shared strings one after the other, each beginning with its text or a run of it: others the reader leaves out."""
    names = {b"p": re.escape(prefix), b"a": _ATTRIBUTES}
    text = rb"<%(p)st%(a)s(?:/>|>[^<]*+</%(p)st>)" % names
    other = rb"</?%(p)s(?!(?:t|si)[ \t\r\n/>])[A-Za-z]+%(a)s/?>" % names
    start = rb"<%(p)ssi%(a)s>\s*(?=<%(p)s[tr][ \t\r\n/>])" % names
    return re.compile(rb"(?:%b(?:%b|%b|[ \t\r\n])*+</%bsi>\s*)*+" % (start, text, other, names[b"p"]))


class SharedStrings:
    """The length of every shared string, in bytes. With `known` false they cannot be told apart with certainty
    (comments, CDATA, unmatched tags), and `longest` is all that stands there.
    """

    def __init__(self) -> None:
        self.lengths = array("L")
        self.longest = 0
        self.known = True
        self._size = 0
        self._rest = b""
        self._ended = False
        self._begun = False
        self._prefix = b""

    def take(self, chunk: bytes) -> None:
        """The next piece of the member."""
        self._size += len(chunk)
        if self.known and not self._ended:
            self._rest = (self._rest + chunk).lstrip()
            self._read()
        if not self.known:
            self.longest = max(self.longest, self._size)

    def finish(self) -> None:
        """At the member's end: without the end of its root it is unknown."""
        if not self._ended:
            self._unknown()

    def _unknown(self) -> None:
        self.known = False
        self._rest = b""
        self.longest = max(self.longest, self._size)

    def _read(self) -> None:
        if not self._begun and not self._begin():
            return
        end = b"</%bsi>" % self._prefix
        cut = self._rest.rfind(end) + len(end) if end in self._rest else 0
        if cut:
            if (found := self._items.match(self._rest)) is None or found.end() < cut:
                self._unknown()
                return
            bare = self._tags.sub(b"", self._rest[: found.end()])
            self.lengths.extend(map(len, bare.split(end)[:-1]))
            self.longest = max(self.lengths)
            self._rest = self._rest[found.end() :].lstrip()
        self._ended = self._rest.startswith(b"</%bsst>" % self._prefix)
        if not self._ended and len(self._rest) > LONGEST_READ:
            self._unknown()

    def _begin(self) -> bool:
        if (head := _HEAD.match(self._rest)) is None:
            if len(self._rest) > _TAIL:
                self._unknown()
            return False
        self._begun = True
        self._prefix = head[1]
        self._items = _item(head[1])
        self._tags = re.compile(rb"<(?!/%bsi>)[^<>]*>" % re.escape(head[1]))
        self._rest = self._rest[head.end() :]
        return True


def cells_at_most(piece: bytes) -> int:
    """Start tags of cells under whatever prefix: at least as many as there are, in few passes over the bytes."""
    cells = piece.count(b"<c")
    if b":c" in piece:
        cells += sum(map(piece.count, _PREFIXED)) - len(_CLOSED.findall(piece))
    return cells


def copied_text(sheet: Iterable[bytes], strings: SharedStrings, spend: Callable[[int], None]) -> None:
    """Tell `spend` the bytes that the cells of one sheet copy, piece by piece; a piece's last wait for the next."""
    tail = b""
    for chunk in sheet:
        piece = tail + chunk
        tail = piece[_count(piece, max(len(piece) - _TAIL, 0), strings, spend) :]
    _count(tail, len(tail), strings, spend)


def _count(piece: bytes, stop: int, strings: SharedStrings, spend: Callable[[int], None]) -> int:
    total, end = 0, stop
    for cell in _CELL.finditer(piece):
        if cell.start() >= stop:
            break
        total += _copied(cell, strings)
        end = max(stop, cell.end())
    spend(total)
    return end


def _copied(cell: re.Match[bytes], strings: SharedStrings) -> int:
    attributes, index = cell["attributes"], cell["index"]
    if attributes is not None and not any(mark in attributes for mark in _SHARED):
        return 0
    if index is None or not strings.known or int(index) >= len(strings.lengths):
        return strings.longest
    return strings.lengths[int(index)]
