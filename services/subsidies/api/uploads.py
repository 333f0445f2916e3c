"""Receives a roster: as the body itself, of any size, or in a form as browsers send it.

The body goes to the disk as it comes, encrypted, and is hashed on the way; a form is bounded and read in memory.
Neither ever lies unencrypted in a temporary file.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.kernel.errors import FieldIssue, InvalidInput, TooLarge, UnsupportedMedia
from services.kernel.files import FileStore, FrameWriter
from services.kernel.messages import validation_message
from services.kernel.workbooks import MAXIMUM_BYTES
from services.kernel.workbooks.bulk import Format
from services.kernel.workbooks.guard import empty_file
from services.subsidies.api.dependencies import WithTools
from services.subsidies.api.downloads import XLSX
from services.subsidies.auth import SubsidiesSubmit
from services.subsidies.domain import ImportMode, RosterKind, StoredRoster

FORM_OVERHEAD: Final = 64 * 1024
"""Room for the other fields and the boundaries of a form."""

PIECE: Final = 1 << 20
BODIES: Final[dict[str, tuple[Format, str]]] = {
    "application/json": (Format.JSON, "json"),
    "application/x-ndjson": (Format.NDJSON, "ndjson"),
    "application/ndjson": (Format.NDJSON, "ndjson"),
    "application/jsonl": (Format.NDJSON, "ndjson"),
    "text/csv": (Format.TABLE, "csv"),
    XLSX: (Format.TABLE, "xlsx"),
}
"""Media types that are taken as the body itself: how they are read, and how a file without a name is called."""


class RosterFields(BaseModel):
    """What is said of a file."""

    kind: RosterKind
    year: int = Field(ge=2000, le=2100)
    mode: ImportMode = ImportMode.ACCEPT_GOOD


@dataclass
class RosterUpload:
    """A received roster; unless the route says that it was `taken`, the file is deleted again."""

    roster: StoredRoster
    as_body: bool
    taken: bool = False


_OBJECT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "字段名用英文名、中文表头，或职业教育数据标准的字段名（xm、sfzjh、xxmc、zymc、bjmc、hzqymc …）",
    "additionalProperties": True,
    "example": {
        "xm": "王小明",
        "sfzjh": "34052419800101001X",
        "rxny": "202509",
        "xxmc": "怀宁县示例职业学校",
        "zymc": "机电技术应用",
        "enrolled_on": "2025-09-01",
        "origin_division": "340822",
        "status": "在籍",
        "claimed_rule": "不申报",
    },
}
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
ROSTER_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "array", "items": _OBJECT}},
            "application/x-ndjson": _BINARY,
            "text/csv": _BINARY,
            XLSX: _BINARY,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["kind", "year", "file"],
                    "properties": {
                        "kind": {"type": "string", "enum": [kind.value for kind in RosterKind], "example": "students"},
                        "year": {"type": "integer", "minimum": 2000, "maximum": 2100, "example": 2025},
                        "mode": {"type": "string", "enum": [mode.value for mode in ImportMode]},
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": f".xlsx 或 .csv，不超过 {MAXIMUM_BYTES >> 20} MB",
                        },
                    },
                }
            },
        },
    }
}


async def receive_roster(
    request: Request,
    _principal: SubsidiesSubmit,  # asked first: nobody else's body is read
    tools: WithTools,
    kind: Annotated[RosterKind | None, Query(description="直接发送内容时必填")] = None,
    year: Annotated[int | None, Query(description="直接发送内容时必填", ge=2000, le=2100)] = None,
    mode: Annotated[ImportMode, Query(description="有错误行时：导入其余各行，或整份退回")] = ImportMode.ACCEPT_GOOD,
    filename: Annotated[str | None, Query(max_length=200, description="文件名，仅供查看")] = None,
) -> AsyncIterator[RosterUpload]:
    """FastAPI dependency. Raises TooLarge, UnsupportedMedia, or InvalidInput with every fault of the fields at once."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media == "multipart/form-data":
        upload = await _received_form(request, tools.files)
    else:
        fields = _checked({"kind": kind, "year": year, "mode": mode})
        upload = await _received_body(request, tools.files, media, fields, filename)
    try:
        yield upload
    except BaseException:
        tools.files.delete(upload.roster.file_id)
        raise
    if not upload.taken:
        tools.files.delete(upload.roster.file_id)


async def _received_body(
    request: Request, files: FileStore, media: str, fields: RosterFields, name: str | None
) -> RosterUpload:
    if media not in BODIES or request.headers.get("content-encoding", "identity") != "identity":
        known = "、".join((*BODIES, "multipart/form-data"))
        raise UnsupportedMedia(f"Content-Type 应为其中之一，且不压缩：{known}。", code="media_type_unknown")
    form, ending = BODIES[media]
    limit = int(request.app.state.settings.bulk_limit_bytes)
    stored = await _store(files, _bounded(request, limit), _Said(fields, form, name or f"roster.{ending}"))
    return RosterUpload(stored, as_body=True)


async def _received_form(request: Request, files: FileStore) -> RosterUpload:
    parser = MultiPartParser(
        request.headers, _bounded(request, MAXIMUM_BYTES, FORM_OVERHEAD), max_files=1, max_fields=10
    )
    parser.spool_max_size = MAXIMUM_BYTES + FORM_OVERHEAD
    try:
        form = await parser.parse()
    except MultiPartException as fault:
        raise _unreadable() from fault
    try:
        values = dict(form)
        file = values.pop("file", None)
        given = isinstance(file, UploadFile) and file.filename
        issues = [] if given else [FieldIssue("file", "missing", "请选择要导入的 .xlsx 或 .csv 文件。")]
        fields = _checked(values, issues)
        assert isinstance(file, UploadFile)  # noqa: S101  # else _checked raised
        said = _Said(fields, Format.TABLE, file.filename or "")
        return RosterUpload(await _store(files, _pieces_of(file), said), as_body=False)
    finally:
        await form.close()


def _checked(values: dict[str, Any], issues: list[FieldIssue] | None = None) -> RosterFields:
    issues = list(issues or ())
    fields = None
    try:
        fields = RosterFields.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as fault:
        issues += [
            FieldIssue(".".join(map(str, item["loc"])), item["type"], validation_message(item))
            for item in fault.errors()
        ]
    if issues or fields is None:
        raise InvalidInput(issues)
    return fields


@dataclass(frozen=True)
class _Said:
    fields: RosterFields
    form: Format
    file_name: str


async def _store(files: FileStore, pieces: AsyncIterator[bytes], said: _Said) -> StoredRoster:
    """Encrypt the pieces to the disk and hash them, in threads; what breaks off leaves nothing."""
    writer, digest, size = await asyncio.to_thread(files.writer), hashlib.sha256(), 0
    try:
        async for piece in _gathered(pieces):
            await asyncio.to_thread(_put, writer, digest, piece)
            size += len(piece)
        _refuse_nothing(size)
        file_id = await asyncio.to_thread(writer.finish)
    except BaseException:
        writer.discard()
        raise
    about = said.fields
    return StoredRoster(
        about.kind, about.year, about.mode, said.form, said.file_name, file_id, size, digest.hexdigest()
    )


def _refuse_nothing(size: int) -> None:
    if not size:
        raise empty_file()


def _put(writer: FrameWriter, digest: Any, piece: bytes) -> None:
    digest.update(piece)
    writer.write(piece)


async def _gathered(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Pieces of about a mebibyte, so that few threads are asked."""
    pending = bytearray()
    async for piece in pieces:
        pending += piece
        if len(pending) >= PIECE:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


async def _pieces_of(file: UploadFile) -> AsyncGenerator[bytes, None]:
    while piece := await file.read(PIECE):
        yield piece


async def _bounded(request: Request, limit: int, overhead: int = 0) -> AsyncGenerator[bytes, None]:
    said = request.headers.get("content-length", "")
    received = int(said) if said.isdecimal() else 0
    if received <= limit + overhead:
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit + overhead:
                break
            yield chunk
    if received > limit + overhead:
        raise TooLarge(f"文件超过 {limit >> 20} MB，请拆成几个文件分别导入。", code="file_too_large")


def _unreadable() -> InvalidInput:
    return InvalidInput(
        [FieldIssue("file", "form_invalid", "请以 multipart/form-data 上传，字段为 kind、year、file。")]
    )


ReceivedRoster = Annotated[RosterUpload, Depends(receive_roster, scope="function")]
