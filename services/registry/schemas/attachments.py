"""Attachments on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.kernel.pagination import Page


class AttachmentRead(BaseModel):
    """One attachment; `content_type` was found in its content, `sha256` is of the content as it was sent."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    subject_kind: str
    subject: UUID
    file_name: str
    content_type: str
    size: int
    sha256: str
    uploaded_on: date
    uploaded_at: datetime
    uploaded_by: str
    uploaded_by_name: str
    removed_on: date | None
    removal_reason: str | None


class AttachmentList(Page[AttachmentRead]):
    """A subject's attachments, and what the caller may add."""

    title: Annotated[str, Field(description="附件所属的记录")]
    href: Annotated[str, Field(description="该记录的页面")]
    may_add: Annotated[bool, Field(description="调用者可否上传")]
    limit_bytes: Annotated[int, Field(description="单个文件的大小上限")]
    limit_files: Annotated[int, Field(description="每条记录的附件数上限")]
    endings: Annotated[list[str], Field(description="可上传的扩展名")]
