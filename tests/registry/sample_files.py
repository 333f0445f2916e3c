"""Small real files of each type, made here: none of them is kept in the repository."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import xlsxwriter

OFFICE = "application/vnd.openxmlformats-officedocument"
SECTOR = 512
FREE, END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def pdf(trailer: bytes = b"") -> bytes:
    """A PDF of one empty page, with a right table of references."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(bodies, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size 4 /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)
    return bytes(out)


def encrypted_pdf() -> bytes:
    return pdf(b"/Encrypt 4 0 R ")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png() -> bytes:
    """A picture of one grey point."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\x00\x7f")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def jpeg(segment: bytes = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00") -> bytes:
    """A grey picture of eight by eight points: one block whose only coefficient is nothing."""
    quantities = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    frame = b"\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"
    direct = b"\xff\xc4\x00\x14\x00\x01" + b"\x00" * 15 + b"\x00"
    other = b"\xff\xc4\x00\x14\x10\x01" + b"\x00" * 15 + b"\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x3f"
    return b"\xff\xd8" + segment + quantities + frame + direct + other + scan + b"\xff\xd9"


def archive(members: Mapping[str, bytes | str], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return buffer.getvalue()


def _contents(part: str, kind: str) -> str:
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="{types}">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="{part}" ContentType="{kind}"/></Types>'
    )


def docx(
    more: Mapping[str, bytes] | None = None, *, kind: str = f"{OFFICE}.wordprocessingml.document.main+xml"
) -> bytes:
    """A document of one paragraph, and `more` members."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    text = f'<w:document xmlns:w="{space}"><w:body><w:p><w:r><w:t>协议</w:t></w:r></w:p></w:body></w:document>'
    members: dict[str, bytes | str] = {"[Content_Types].xml": _contents("/word/document.xml", kind)}
    members["word/document.xml"] = text
    return archive({**members, **(more or {})})


def xlsx() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.add_worksheet("名单").write_string(0, 0, "协议")
    return buffer.getvalue()


def ofd() -> bytes:
    """GB/T 33190: the entry and one document."""
    space = "http://www.ofdspec.org/2016"
    entry = f'<ofd:OFD xmlns:ofd="{space}" Version="1.1" DocType="OFD"><ofd:DocBody/></ofd:OFD>'
    return archive({"OFD.xml": entry, "Doc_0/Document.xml": f'<ofd:Document xmlns:ofd="{space}"/>'})


def compound(streams: Mapping[str, bytes], storages: tuple[str, ...] = ()) -> bytes:
    """An OLE compound file of version 3 with these streams and empty storages at its root ([MS-CFB])."""
    padded = {
        name: content.ljust(max(4096, -(-len(content) // SECTOR) * SECTOR), b"\x00")
        for name, content in streams.items()
    }
    names = [*streams, *storages]
    directory_sectors = -(-(len(names) + 1) // 4)
    fat: list[int] = [FAT_SECTOR, *range(2, 1 + directory_sectors), END]
    starts: dict[str, int] = {}
    for name, content in padded.items():
        starts[name] = len(fat)
        count = len(content) // SECTOR
        fat += [*range(len(fat) + 1, len(fat) + count), END]
    fat += [FREE] * (SECTOR // 4 - len(fat))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0)
    head += struct.pack("<I", 0) + struct.pack("<I", FREE) * 108
    entries = [_entry("Root Entry", 5, 1, END, 0, FREE)]
    for place, name in enumerate(names, start=1):
        right = place + 1 if place < len(names) else FREE
        kind, start, size = (2, starts[name], len(padded[name])) if name in streams else (1, 0, 0)
        entries.append(_entry(name, kind, FREE, start, size, right))
    directory = b"".join(entries).ljust(directory_sectors * SECTOR, b"\x00")
    return head + struct.pack(f"<{len(fat)}I", *fat) + directory + b"".join(padded.values())


def _entry(name: str, kind: int, child: int, start: int, size: int, right: int) -> bytes:
    encoded = name.encode("utf-16-le") + b"\x00\x00"
    fixed = struct.pack("<HBBIII", len(encoded), kind, 1, FREE, right, child)
    return encoded.ljust(64, b"\x00") + fixed + bytes(36) + struct.pack("<IQ", start, size)


def doc(flags: int = 0, **more: bytes) -> bytes:
    """A File Information Block alone, which is where Word begins."""
    block = struct.pack("<HHHHHH", 0xA5EC, 0xC1, 0, 0x0804, 0, flags)
    return compound({"WordDocument": block, **more})


def xls(*records: tuple[int, bytes], name: str = "Workbook", storages: tuple[str, ...] = ()) -> bytes:
    begin = (0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
    stream = b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in (begin, *records, (0x0A, b"")))
    return compound({name: stream}, storages)


SAMPLES = {
    "pdf": pdf(),
    "jpg": jpeg(),
    "jpeg": jpeg(),
    "png": png(),
    "ofd": ofd(),
    "docx": docx(),
    "xlsx": xlsx(),
    "doc": doc(),
    "xls": xls(),
}
"""One file for each ending that is taken."""
