"""Refuses what is no workbook, what is too large, and archives that would fill the memory when unpacked."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.kernel.errors import TooLarge, UnsupportedMedia
from services.kernel.workbooks.copies import SharedStrings, cells_at_most, copied_text

MAXIMUM_BYTES: Final = 20 * 1024 * 1024
MAXIMUM_UNPACKED: Final = 400 * 1024 * 1024
MAXIMUM_MEMBERS: Final = 1_000
MAXIMUM_CELLS: Final = 8_000_000
"""Rows times columns up to the furthest cell: readers lay a sheet out as a rectangle, however few cells it holds."""
MAXIMUM_TEXT: Final = 256 * 1024 * 1024
"""Text once every cell has its own copy: the reader copies a shared string for each cell that points at it."""


@dataclass(frozen=True)
class Limits:
    """What a .xlsx may have: bytes packed and unpacked, cells of its largest sheet, bytes of text copied into cells."""

    packed: int
    unpacked: int
    cells: int
    text: int


BULK: Final = Limits(packed=100 * 1024 * 1024, unpacked=1536 * 1024 * 1024, cells=20_000_000, text=512 * 1024 * 1024)
"""For a million rows of some fourteen columns, which a background job reads."""

ZIP_MAGIC: Final = b"PK\x03\x04"
OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"
_CHUNK: Final = 1 << 20
_LOCAL_HEADER: Final = struct.Struct("<4s5H3L2H")
_CELL: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})["']""")
_TAIL: Final = 40
_UNICODE_PATH: Final = b"up"
"""Info-ZIP Unicode Path, 0x7075 (APPNOTE 4.6.9)."""


def check_size(content: bytes) -> None:
    """Raises TooLarge beyond MAXIMUM_BYTES and UnsupportedMedia for an empty file."""
    if len(content) > MAXIMUM_BYTES:
        raise TooLarge(f"文件超过 {MAXIMUM_BYTES >> 20} MB，请拆成几个文件分别导入。", code="file_too_large")
    if not content.strip():
        raise empty_file()


def empty_file() -> UnsupportedMedia:
    """The refusal of a file in which nothing stands."""
    return UnsupportedMedia("文件是空的，请重新选择。", code="file_empty")


def check_archive(content: bytes, limits: Limits | None = None) -> None:
    """Check a .xlsx before it is read. Raises UnsupportedMedia or TooLarge."""
    limits = limits or Limits(MAXIMUM_BYTES, MAXIMUM_UNPACKED, MAXIMUM_CELLS, MAXIMUM_TEXT)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as fault:
        raise not_a_workbook() from fault
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise not_a_workbook()
    if len(members) > MAXIMUM_MEMBERS:
        raise _too_large()
    if any(_UNICODE_PATH in member.extra for member in members):
        raise not_a_workbook()  # a second name, by which the reader would find another member
    _check_text(content, members, limits, *_check_unpacked(content, members, limits))


def not_a_workbook() -> UnsupportedMedia:
    """The refusal of any other kind of file."""
    return UnsupportedMedia(
        "只能导入 .xlsx 或 .csv 文件；.xls、加密或损坏的文件请用 WPS 或 Excel 另存为 .xlsx 后再试。",
        code="not_a_workbook",
    )


def _too_large() -> TooLarge:
    return TooLarge("表格展开后过大，请删去无关的工作表和远处的空白单元格，或拆成几个文件。", code="workbook_too_large")


@dataclass
class _Extent:
    """The furthest row and column that the cells of one sheet name, and how many cells it has at most."""

    most: int
    row: int = 1
    column: int = 1
    cells: int = 0
    tail: bytes = b""

    def reach(self, chunk: bytes) -> None:
        if not self.tail and b"\x00" in chunk[:4] and b"<" in chunk[:4]:
            raise not_a_workbook()  # UTF-16 or UTF-32
        letters = set()
        for name, row in _CELL.findall(self.tail + chunk):
            letters.add(name)
            self.row = max(self.row, int(row))
        self.column = max([self.column, *(_column_number(name) for name in letters)])
        self.cells += cells_at_most(self.tail[-2:] + chunk)
        self.tail = (self.tail + chunk)[-_TAIL:]
        if self.row * self.column > self.most or self.cells > self.most:
            raise _too_large()


def _column_number(name: bytes) -> int:
    number = 0
    for letter in name.upper():
        number = number * 26 + letter - 64
    return number


def _check_unpacked(
    content: bytes, members: list[zipfile.ZipInfo], limits: Limits
) -> tuple[SharedStrings, dict[int, int]]:
    """Unpack every member once, for its true size: what an archive says about itself may be a lie.

    Any member may be a sheet, by whatever name. Gives the shared strings, and the cells that may point at one.
    """
    total = 0
    strings = SharedStrings()
    if sum(map(_is_shared_strings, members)) > 1:
        raise not_a_workbook()
    pointing: dict[int, int] = {}
    for place, member in enumerate(members):
        shared = _is_shared_strings(member)
        extent = _Extent(limits.cells)
        for chunk in _unpacked(content, member):
            total += len(chunk)
            if total > limits.unpacked:
                raise _too_large()
            if shared:
                strings.take(chunk)
            extent.reach(chunk)
        pointing[place] = extent.cells
    strings.finish()
    return strings, pointing


def _is_shared_strings(member: zipfile.ZipInfo) -> bool:
    """The reader takes this name beside the workbook, in any case and with either slash."""
    return member.filename.lower().endswith("sharedstrings.xml")


def _check_text(
    content: bytes, members: list[zipfile.ZipInfo], limits: Limits, strings: SharedStrings, pointing: dict[int, int]
) -> None:
    """Count cell by cell only where so many cells with the longest string would be too much."""
    if sum(pointing.values()) * strings.longest <= limits.text:
        return
    left = limits.text

    def spend(size: int) -> None:
        nonlocal left
        left -= size
        if left < 0:
            raise TooLarge(
                "表格里的长文字被太多单元格重复使用，展开后过大，请缩短这些文字，或拆成几个文件。",
                code="workbook_text_too_large",
            )

    for place, count in pointing.items():
        if count:
            copied_text(_unpacked(content, members[place]), strings, spend)


def _unpacked(content: bytes, member: zipfile.ZipInfo) -> Iterator[bytes]:
    header = content[member.header_offset : member.header_offset + _LOCAL_HEADER.size]
    if len(header) < _LOCAL_HEADER.size:
        raise not_a_workbook()
    *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    start = member.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    packed = content[start : start + member.compress_size]
    if member.compress_type == zipfile.ZIP_STORED:
        yield packed
        return
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise not_a_workbook()
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while not inflater.eof and packed:
            yield inflater.decompress(packed, _CHUNK)
            packed = inflater.unconsumed_tail
    except zlib.error as fault:
        raise not_a_workbook() from fault
