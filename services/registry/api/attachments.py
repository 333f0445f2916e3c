"""`/attachments`: those of a subject, one more, the content of one, and its removal."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.kernel.audit import audit, audit_read
from services.kernel.idempotency import IdempotentUpload
from services.kernel.sessions import CallerScope, InjectedClock, Writing
from services.kernel.storage import Storage
from services.registry.api.attachment_uploads import ATTACHMENT_BODY, ReceivedAttachment
from services.registry.api.parameters import AsOf, Paging
from services.registry.auth import RegistryOwn, RegistryRead
from services.registry.commands.add_attachment import add_attachment
from services.registry.commands.remove_attachment import remove_attachment
from services.registry.domain.application_papers import hears_applicants
from services.registry.domain.attachments import ending_of, may_keep
from services.registry.domain.file_types import ENDINGS, TYPES
from services.registry.queries.attachments import find_attachment, list_attachments
from services.registry.queries.subjects import SUBJECTS, find_subject
from services.registry.schemas.attachments import AttachmentList, AttachmentRead
from services.registry.settings import RegistrySettings
from services.registry.tables import Attachment

router = APIRouter(prefix="/attachments", tags=["attachments"])
SubjectKind = Annotated[
    str,
    Query(
        max_length=30,
        description="附件所属记录的种类",
        json_schema_extra=lambda schema: schema.update(
            examples=["agreement"], description=f"可用：{'、'.join(SUBJECTS)}"
        ),
    ),
]
SubjectId = Annotated[UUID, Query(description="附件所属记录的编号")]
CONTENT_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "文件内容，类型为上传时从内容中认出的类型",
        "content": {kind.media_type: {"schema": {"type": "string", "format": "binary"}} for kind in TYPES},
    }
}


def settings_of(request: Request) -> RegistrySettings:
    settings: RegistrySettings = request.app.state.settings
    return settings


def storage_of(request: Request) -> Storage:
    """The store of attachments, opened once for each process: it keeps its connections."""
    state = request.app.state
    if not hasattr(state, "attachments"):
        state.attachments = settings_of(request).attachments()
    storage: Storage = state.attachments
    return storage


WithSettings = Annotated[RegistrySettings, Depends(settings_of)]
WithStorage = Annotated[Storage, Depends(storage_of)]


@router.get("", summary="一条记录的附件")
async def list_(
    session: Writing,
    scope: CallerScope,
    principal: RegistryRead,
    clock: InjectedClock,
    settings: WithSettings,
    page: Paging,
    subject_kind: SubjectKind,
    subject: SubjectId,
    as_of: AsOf = None,
) -> AttachmentList:
    about = await find_subject(session, scope, subject_kind, subject)
    heard = hears_applicants(principal)
    rows, cursor, total = await list_attachments(session, scope, about, page, as_of, of_applicants=heard)
    if about.personal and rows:
        await audit_read(session, clock, principal, "attachment", rows=len(rows), query={about.kind: str(about.id)})
    return AttachmentList(
        items=[AttachmentRead.model_validate(row) for row in rows],
        next_cursor=cursor,
        total=total,
        title=about.title,
        href=about.href,
        may_add=as_of is None and may_keep(principal, about),
        limit_bytes=settings.attachment_limit_bytes,
        limit_files=settings.attachments_per_subject,
        endings=list(ENDINGS),
    )


@router.post("", status_code=201, response_model=AttachmentRead, summary="上传附件", openapi_extra=ATTACHMENT_BODY)
async def add(
    principal: RegistryOwn,
    received: ReceivedAttachment,  # before the session: no transaction waits for a slow sender
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    settings: WithSettings,
    storage: WithStorage,
    once: IdempotentUpload,
    subject_kind: SubjectKind,
    subject: SubjectId,
) -> Response:
    once.include(subject_kind.encode(), subject.bytes, received.file_name.encode(), received.sha256.encode())
    if replay := await once.replay():
        return replay
    about = await find_subject(session, scope, subject_kind, subject)
    made = await add_attachment(
        session, clock, principal, storage, about, received, at_most=settings.attachments_per_subject
    )
    headers = {"Location": f"/api/registry/v1/attachments/{made.id}/content"}
    return await once.answer(AttachmentRead.model_validate(made), headers=headers)


@router.get(
    "/{attachment_id}/content", summary="下载附件", response_class=StreamingResponse, responses=CONTENT_RESPONSE
)
async def content(
    attachment_id: UUID,
    session: Writing,
    scope: CallerScope,
    principal: RegistryRead,
    clock: InjectedClock,
    storage: WithStorage,
    as_of: AsOf = None,
) -> Response:
    found = await find_attachment(session, scope, attachment_id, as_of, of_applicants=hears_applicants(principal))
    about = await find_subject(session, scope, found.subject_kind, found.subject)
    pieces = storage.pieces(principal.alliance, found.stored)
    first = await anext(pieces)  # what is gone or harmed is refused before the answer begins
    if about.personal:
        read = {"subject_kind": about.kind, "subject": str(about.id)}
        await audit(session, clock, principal, "attachment.read", "attachment", attachment_id, after=read)
    return StreamingResponse(_begun_with(first, pieces), headers=headers_of(found), media_type=found.content_type)


async def _begun_with(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def headers_of(found: Attachment) -> dict[str, str]:
    """What keeps a browser from doing anything with the content but saving it."""
    plain = f"attachment.{ending_of(found.file_name)}"
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.file_name, safe='')}",
        "Content-Length": str(found.size),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


@router.delete("/{attachment_id}", status_code=204, summary="移除附件（留有记录）")
async def remove(
    attachment_id: UUID,
    session: Writing,
    scope: CallerScope,
    principal: RegistryOwn,
    clock: InjectedClock,
    reason: Annotated[str, Query(min_length=1, max_length=200, pattern=r"\S", description="移除原因")],
) -> Response:
    found = await find_attachment(session, scope, attachment_id)
    about = await find_subject(session, scope, found.subject_kind, found.subject)
    await remove_attachment(session, clock, principal, about, found, reason.strip())
    return Response(status_code=204)
