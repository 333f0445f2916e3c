"""Tells what a file is by its content and refuses what its name pretends to be. Pure: bytes in, a type out.

The list is closed: what a clerk scans or writes. A library names the family by the leading bytes; within a family the
structure decides (the members of an archive, the streams of an OLE file), read from their directories without
unpacking anything but a small list of contents.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import olefile
import puremagic

from services.kernel.errors import UnsupportedMedia

if TYPE_CHECKING:
    _Ole = olefile.OleFileIO[str]

MAXIMUM_MEMBERS: Final = 5_000
MAXIMUM_UNPACKED: Final = 500 * 1024 * 1024
MAXIMUM_CONTENTS: Final = 1024 * 1024
TAIL: Final = 2048
JPEG_TAIL: Final = 64 * 1024
"""Telephones write their own notes behind the end of a picture."""
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_CONTENTS: Final = "[Content_Types].xml"
_PROGRAMS: Final = re.compile(
    r"\.(exe|dll|scr|com|bat|cmd|ps1|vbs|vbe|js|jse|wsf|hta|lnk|msi|jar|sh|py|html?|svg|class)$", re.IGNORECASE
)
_PDF_ENCRYPTED: Final = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_FILE_PASS: Final = 0x2F
_FIB_ENCRYPTED: Final = 0x0100


@dataclass(frozen=True)
class FileType:
    """A type that is taken: its code, the endings that a name may have, its media type, its Chinese name."""

    code: str
    endings: tuple[str, ...]
    media_type: str
    label: str


PDF: Final = FileType("pdf", ("pdf",), "application/pdf", "PDF")
JPEG: Final = FileType("jpeg", ("jpg", "jpeg"), "image/jpeg", "JPG 图片")
PNG: Final = FileType("png", ("png",), "image/png", "PNG 图片")
OFD: Final = FileType("ofd", ("ofd",), "application/ofd", "OFD 版式文件")
DOCX: Final = FileType("docx", ("docx",), f"{_OFFICE}.wordprocessingml.document", "Word 文档")
XLSX: Final = FileType("xlsx", ("xlsx",), f"{_OFFICE}.spreadsheetml.sheet", "Excel 工作簿")
DOC: Final = FileType("doc", ("doc",), "application/msword", "Word 97-2003 文档")
XLS: Final = FileType("xls", ("xls",), "application/vnd.ms-excel", "Excel 97-2003 工作簿")
TYPES: Final = (PDF, JPEG, PNG, OFD, DOCX, XLSX, DOC, XLS)
ENDINGS: Final = {ending: kind for kind in TYPES for ending in kind.endings}
TAKEN: Final = "可上传 PDF、JPG、PNG、OFD、Word（doc、docx）和 Excel（xls、xlsx）文件"


@dataclass(frozen=True)
class Choice:
    """Which of the types are taken at one place, and the words for them."""

    types: tuple[FileType, ...]
    words: str


EVERY_TYPE: Final = Choice(TYPES, TAKEN)
SCANS: Final = Choice((PDF, JPEG, PNG), "可上传 PDF、JPG、PNG 文件")


def recognise(content: bytes, ending: str, choice: Choice = EVERY_TYPE) -> FileType:
    """The type of a file whose name claims `ending`. Raises UnsupportedMedia with a code for each reason."""
    if not content.strip(b"\x00\t\n\r "):
        raise UnsupportedMedia("文件是空的，请重新选择。", code="file_empty")
    found = _family(content)
    claimed = ENDINGS.get(ending)
    if claimed not in choice.types:
        what = f"“.{ending}”文件" if ending else "没有扩展名的文件"
        raise UnsupportedMedia(f"不能上传{what}；{choice.words}。", code="file_type_refused")
    if found is None:
        looks = _looks_like(content)
        seems = f"看起来是{looks}，" if looks else "无法识别，"
        raise UnsupportedMedia(f"文件内容{seems}不是 {claimed.label}；{choice.words}。", code="file_type_refused")
    if found is not claimed:
        raise UnsupportedMedia(
            f"文件名以“.{ending}”结尾，内容却是{found.label}；请用正确的扩展名保存后再上传。", code="file_type_differs"
        )
    return found


def _family(content: bytes) -> FileType | None:
    endings = _endings_by_magic(content)
    checks: tuple[tuple[str, Callable[[bytes], FileType | None]], ...] = (
        (".pdf", _pdf),
        (".jpg", _jpeg),
        (".png", _png),
        (".docx", _archive),
        (".doc", _ole),
    )
    for magic, check in checks:
        if magic in endings:
            found = check(content)
            if found is not None:
                return found
    return None


def _endings_by_magic(content: bytes) -> set[str]:
    try:
        return {match.extension for match in puremagic.magic_string(content[:TAIL] + content[-TAIL:])}
    except puremagic.PureError:
        return set()


def _looks_like(content: bytes) -> str:
    """What is refused, in words, where the library knows it; empty where it does not."""
    endings = _endings_by_magic(content)
    return next((words for known, words in _LOOKS if endings & known), "")


_LOOKS: Final = (
    ({".exe", ".dll", ".scr"}, "Windows 程序"),
    ({".AppImage", ".elf", ".so"}, "Linux 程序"),
    ({".html", ".htm"}, "网页"),
    ({".svg"}, "SVG 图形"),
    ({".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic"}, "其他格式的图片"),
    ({".rar", ".7z", ".gz", ".zip", ".docx"}, "压缩包或其他格式的文档"),
    ({".doc"}, "其他格式的文档"),
)


def _pdf(content: bytes) -> FileType | None:
    if not content.startswith(b"%PDF-"):
        return None
    if b"%%EOF" not in content[-TAIL:]:
        raise _damaged(PDF)
    if _PDF_ENCRYPTED.search(content):
        raise _encrypted(PDF)
    return PDF


def _jpeg(content: bytes) -> FileType | None:
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    if b"\xff\xd9" not in content[-JPEG_TAIL:]:
        raise _damaged(JPEG)
    return JPEG


def _png(content: bytes) -> FileType | None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    if content[12:16] != b"IHDR" or b"IEND" not in content[-TAIL:]:
        raise _damaged(PNG)
    return PNG


def _archive(content: bytes) -> FileType | None:
    """OOXML and OFD by the members of the archive. Raises UnsupportedMedia for what no reader should open."""
    if not content.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _by_members(archive)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, NotImplementedError, EOFError) as fault:
        raise _cut_off() from fault


def _by_members(archive: zipfile.ZipFile) -> FileType | None:
    members = archive.infolist()
    names = {member.filename for member in members}
    found = next((kind for kind, member in _MARKS if member in names), None)
    if found is None:
        return None
    if any(member.flag_bits & 0x1 for member in members):
        raise _encrypted(found)
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAXIMUM_MEMBERS or unpacked > MAXIMUM_UNPACKED or len(names) != len(members):
        raise UnsupportedMedia(
            "文件的内部结构异常（展开后过大或有重名部分），请另存为新文件后再上传。", code="file_unsafe"
        )
    if min(member.header_offset for member in members) != 0:
        raise UnsupportedMedia("文件前面接有别的内容，请另存为新文件后再上传。", code="file_unsafe")
    if any(_PROGRAMS.search(name) for name in names):
        raise UnsupportedMedia("文件里夹带了程序或网页，不能上传；请删去后再保存。", code="file_has_program")
    if _has_macros(archive, names):
        raise _macros()
    return found


_MARKS: Final = ((DOCX, "word/document.xml"), (XLSX, "xl/workbook.xml"), (OFD, "OFD.xml"))


def _has_macros(archive: zipfile.ZipFile, names: set[str]) -> bool:
    if any(name.lower().endswith(("vbaproject.bin", "vbadata.xml")) for name in names):
        return True
    if _CONTENTS not in names:
        return False
    with archive.open(_CONTENTS) as contents:
        return b"macroenabled" in contents.read(MAXIMUM_CONTENTS).lower()


def _ole(content: bytes) -> FileType | None:
    """Word and Excel 97-2003 by the streams of the file."""
    if not content.startswith(olefile.MAGIC):
        return None
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            return _by_streams(ole)
    except (OSError, ValueError, IndexError, TypeError, RecursionError) as fault:
        raise _cut_off() from fault


def _by_streams(ole: "_Ole") -> FileType | None:
    entries = {part.lower() for entry in ole.listdir(streams=True, storages=True) for part in entry}
    if "encryptedpackage" in entries:
        raise _encrypted(DOCX)
    found, name = next(((kind, name) for kind, name in _STREAMS if ole.exists(name)), (None, ""))
    if found is None:
        return None
    with ole.openstream(name) as stream:
        text = stream.read()
    if len(text) != ole.get_size(name):
        raise _cut_off()
    if entries & {"macros", "vba", "_vba_project", "_vba_project_cur"}:
        raise _macros()
    if (_doc_encrypted if found is DOC else _xls_encrypted)(text):
        raise _encrypted(found)
    return found


_STREAMS: Final = ((DOC, "WordDocument"), (XLS, "Workbook"), (XLS, "Book"))


def _doc_encrypted(text: bytes) -> bool:
    """The flag fEncrypted of the document's File Information Block ([MS-DOC] 2.5.2)."""
    return bool(int.from_bytes(text[10:12], "little") & _FIB_ENCRYPTED)


def _xls_encrypted(text: bytes) -> bool:
    """Whether a record FilePass follows the workbook's beginning ([MS-XLS] 2.4.117)."""
    place = 0
    for _ in range(4):
        kind, length = (
            int.from_bytes(text[place : place + 2], "little"),
            int.from_bytes(text[place + 2 : place + 4], "little"),
        )
        if kind == _FILE_PASS:
            return True
        place += 4 + length
    return False


def _damaged(kind: FileType) -> UnsupportedMedia:
    return UnsupportedMedia(f"{kind.label}不完整或已损坏，请重新保存后再上传。", code="file_damaged")


def _cut_off() -> UnsupportedMedia:
    return UnsupportedMedia("文件已损坏或没有传完，请重新保存后再上传。", code="file_damaged")


def _encrypted(kind: FileType) -> UnsupportedMedia:
    return UnsupportedMedia(f"{kind.label}设有打开密码，无法存档；请去掉密码后再上传。", code="file_encrypted")


def _macros() -> UnsupportedMedia:
    return UnsupportedMedia("文件带有宏，不能上传；请另存为不带宏的 .docx、.xlsx 或 PDF。", code="file_has_macros")
