"""Reads a multipart upload into memory: a roster must never lie unencrypted in a temporary file."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.kernel.errors import FieldIssue, InvalidInput, TooLarge
from services.kernel.messages import validation_message
from services.kernel.workbooks import MAXIMUM_BYTES
from services.subsidies.domain import RosterKind

FORM_OVERHEAD: Final = 64 * 1024
"""Room for the other fields and the boundaries of a form."""


class RosterFields(BaseModel):
    """The fields beside the file."""

    kind: RosterKind
    year: int = Field(ge=2000, le=2100)


@dataclass(frozen=True)
class RosterUpload:
    """One roster file with its fields."""

    kind: RosterKind
    year: int
    file_name: str
    content: bytes


ROSTER_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["kind", "year", "file"],
                    "properties": {
                        "kind": {"type": "string", "enum": [kind.value for kind in RosterKind], "example": "students"},
                        "year": {"type": "integer", "minimum": 2000, "maximum": 2100, "example": 2025},
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": f".xlsx 或 .csv，不超过 {MAXIMUM_BYTES >> 20} MB",
                        },
                    },
                }
            }
        },
    }
}


async def read_roster_upload(request: Request) -> RosterUpload:
    """FastAPI dependency. Raises TooLarge beyond the limit, InvalidInput with every fault of the form at once."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _unreadable()
    parser = MultiPartParser(request.headers, _bounded(request), max_files=1, max_fields=10)
    parser.spool_max_size = MAXIMUM_BYTES + FORM_OVERHEAD
    try:
        form = await parser.parse()
    except MultiPartException as fault:
        raise _unreadable() from fault
    try:
        return await _checked(dict(form))
    finally:
        await form.close()


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > MAXIMUM_BYTES + FORM_OVERHEAD:
            raise TooLarge(f"文件超过 {MAXIMUM_BYTES >> 20} MB，请拆成几个文件分别导入。", code="file_too_large")
        yield chunk


async def _checked(form: dict[str, Any]) -> RosterUpload:
    issues: list[FieldIssue] = []
    file = form.pop("file", None)
    if not isinstance(file, UploadFile) or not file.filename:
        issues.append(FieldIssue("file", "missing", "请选择要导入的 .xlsx 或 .csv 文件。"))
    try:
        fields = RosterFields.model_validate(form)
    except ValidationError as fault:
        issues += [
            FieldIssue(".".join(map(str, item["loc"])), item["type"], validation_message(item))
            for item in fault.errors()
        ]
        raise InvalidInput(issues) from fault
    if issues or not isinstance(file, UploadFile):
        raise InvalidInput(issues)
    return RosterUpload(fields.kind, fields.year, file.filename or "", await file.read())


def _unreadable() -> InvalidInput:
    return InvalidInput(
        [FieldIssue("file", "form_invalid", "请以 multipart/form-data 上传，字段为 kind、year、file。")]
    )
