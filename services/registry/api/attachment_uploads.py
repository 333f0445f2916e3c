"""Receives an attachment, as the body itself or in a form as browsers send it, and finds out what it is.

The check needs the whole file (an archive's directory stands at its end), so it is held in memory, bounded by
`HUB_REGISTRY_ATTACHMENT_LIMIT_BYTES`; it never lies unencrypted on the disk.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from services.kernel.errors import FieldIssue, HubError, InvalidInput, TooLarge, UnsupportedMedia
from services.registry.auth import RegistryOwn
from services.registry.commands.add_attachment import ReceivedFile
from services.registry.domain.attachments import UNNAMED, ending_of, safe_name
from services.registry.domain.file_types import EVERY_TYPE, SCANS, Choice, recognise

FORM_OVERHEAD: Final = 64 * 1024
"""Room for the other fields and the boundaries of a form."""


def _body(words: str) -> dict[str, Any]:
    """How an operation that takes a file as its body or in a form describes it."""
    file = {"type": "string", "format": "binary", "description": words}
    form = {"type": "object", "required": ["file"], "properties": {"file": file}}
    content = {"application/octet-stream": {"schema": file}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


ATTACHMENT_BODY: Final = _body(EVERY_TYPE.words)
SCAN_BODY: Final = _body(SCANS.words)


async def receive_attachment(
    request: Request,
    _principal: RegistryOwn,  # asked first: nobody else's body is read
    file_name: Annotated[
        str | None, Query(max_length=500, description="文件名，直接发送内容时必填；表单里用文件自己的名字")
    ] = None,
) -> ReceivedFile:
    """FastAPI dependency. Raises TooLarge, UnsupportedMedia, InvalidInput."""
    return await read_upload(request, file_name, int(request.app.state.settings.attachment_limit_bytes))


async def read_upload(request: Request, file_name: str | None, limit: int, choice: Choice = EVERY_TYPE) -> ReceivedFile:
    """The file that a request brings, recognised. Raises TooLarge, UnsupportedMedia, InvalidInput."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMedia("请直接发送文件，不要压缩（Content-Encoding）。", code="encoding_refused")
    if media == "multipart/form-data":
        given, content = await _form_file(request, limit)
    else:
        given, content = file_name or "", b"".join([piece async for piece in _bounded(request, limit, 0)])
    return await asyncio.to_thread(_recognised, given, content, limit, choice)


def _recognised(given: str, content: bytes, limit: int, choice: Choice) -> ReceivedFile:
    if len(content) > limit:
        raise _too_large(limit)
    name = safe_name(given)
    if name == UNNAMED:
        raise InvalidInput([FieldIssue("file_name", "missing", "请给出文件名（带扩展名）。")])
    kind = recognise(content, ending_of(name), choice)
    return ReceivedFile(name, content, kind.media_type, hashlib.sha256(content).hexdigest())


async def _form_file(request: Request, limit: int) -> tuple[str, bytes]:
    """The name and the content of the form's field `file`."""
    parser = MultiPartParser(request.headers, _bounded(request, limit, FORM_OVERHEAD), max_files=1, max_fields=10)
    parser.spool_max_size = limit + FORM_OVERHEAD
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, LookupError) as fault:
        issue = FieldIssue("file", "form_invalid", "请以 multipart/form-data 上传，文件放在字段 file。")
        raise InvalidInput([issue]) from fault
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise InvalidInput([FieldIssue("file", "missing", "请选择要上传的文件。")])
        return file.filename, await file.read(limit + 1)
    finally:
        await form.close()


async def _bounded(request: Request, limit: int, overhead: int) -> AsyncGenerator[bytes, None]:
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > limit + overhead:
        raise _too_large(limit)
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit + overhead:
                raise _too_large(limit)
            yield chunk
    except ClientDisconnect as fault:
        raise HubError("上传中断，内容没有保存，请重新上传。", code="upload_incomplete") from fault


def _too_large(limit: int) -> TooLarge:
    size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit:,} 字节"
    return TooLarge(f"文件超过 {size}，请降低扫描分辨率，或拆成几个文件分别上传。", code="file_too_large")


ReceivedAttachment = Annotated[ReceivedFile, Depends(receive_attachment, scope="function")]
