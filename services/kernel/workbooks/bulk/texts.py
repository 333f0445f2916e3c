"""Streams of text: which encoding a file has, and its whole lines in pieces."""

import codecs
from collections.abc import Iterator
from typing import Final

from services.kernel.errors import UnsupportedMedia
from services.kernel.workbooks.bulk.batches import MAXIMUM_LINE, Source, too_long
from services.kernel.workbooks.grids import CONTROL, ENCODINGS, SNIFFED, unknown_encoding
from services.kernel.workbooks.guard import OLE_MAGIC, empty_file, not_a_workbook

PART_BYTES: Final = 4_000_000


def encoding_of(source: Source) -> str:
    """The first of `ENCODINGS` in which the whole file can be read, for which the file is read once.

    Raises UnsupportedMedia for a file that is empty, binary, or in no known encoding.
    """
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ENCODINGS}
    anything = False
    for place, piece in enumerate(source()):
        if place == 0 and (piece.startswith(OLE_MAGIC) or CONTROL.intersection(piece[:SNIFFED])):
            raise not_a_workbook()
        anything = anything or bool(piece.strip())
        if b"\x00" in piece:
            raise not_a_workbook()
        decoders = {name: decoder for name, decoder in decoders.items() if _takes(decoder, piece)}
    decoders = {name: decoder for name, decoder in decoders.items() if _takes(decoder, b"", final=True)}
    if not anything:
        raise empty_file()
    if not decoders:
        raise unknown_encoding()
    return next(iter(decoders))


def _takes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def require_utf8(source: Source) -> None:
    """JSON between systems is UTF-8 (RFC 8259, 8.1). Raises UnsupportedMedia."""
    if encoding_of(source) != ENCODINGS[0]:
        raise UnsupportedMedia("JSON 文件应为 UTF-8 编码，请另存后再导入。", code="encoding")


def parts_of(source: Source, encoding: str) -> Iterator[tuple[int, bytes]]:
    """Whole lines as UTF-8, with the number of the first; a part has some megabytes. Cut at line feeds only, which in
    both encodings are never part of another character.
    """
    pending = bytearray()
    number = 1
    for place, piece in enumerate(source()):
        pending += piece.removeprefix(codecs.BOM_UTF8) if place == 0 else piece
        if len(pending) < PART_BYTES:
            continue
        end = pending.rfind(b"\n") + 1
        if len(pending) - end > MAXIMUM_LINE:
            raise too_long(number + pending.count(b"\n", 0, end))
        if end:
            yield number, _as_utf8(bytes(pending[:end]), encoding)
            number += pending.count(b"\n", 0, end)
            del pending[:end]
    if pending:
        yield number, _as_utf8(bytes(pending), encoding)


def _as_utf8(part: bytes, encoding: str) -> bytes:
    return part if encoding == ENCODINGS[0] else part.decode(encoding).encode()
