"""`/collaborations`: list, read, create, change, recognise, withdraw."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.database import AnySession
from services.kernel.etags import etag_of, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.members import history_of
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.add_recognition import add_recognition
from services.registry.commands.create_collaboration import create_collaboration
from services.registry.commands.update_collaboration import update_collaboration
from services.registry.commands.withdraw_recognition import withdraw_recognition
from services.registry.domain.collaborations import (
    CollaborationKind,
    CollaborationStatus,
    RecognitionLevel,
    standing_level,
)
from services.registry.queries.collaborations import (
    CollaborationFilter,
    Details,
    details_of,
    find_collaboration,
    list_collaborations,
)
from services.registry.queries.members import history
from services.registry.schemas.collaborations import (
    CollaborationCreate,
    CollaborationRead,
    CollaborationSummary,
    CollaborationUpdate,
    MemberRef,
    RecognitionCreate,
    RecognitionRead,
    RecognitionWithdrawal,
)
from services.registry.schemas.members import History
from services.registry.tables import Collaboration

router = APIRouter(prefix="/collaborations", tags=["collaborations"])


def collaboration_filter(
    q: Annotated[str | None, Query(max_length=50, description="名称、拼音或首字母中的一段")] = None,
    kind: CollaborationKind | None = None,
    status: CollaborationStatus | None = None,
    member: Annotated[UUID | None, Query(description="该单位承办、牵头或参与的")] = None,
    level: Annotated[RecognitionLevel | None, Query(description="现持有该级别认定的")] = None,
) -> CollaborationFilter:
    """The query of a list."""
    return CollaborationFilter(q, kind, status, member, level)


def _ref(details: Details, member: UUID | None) -> MemberRef | None:
    return MemberRef(id=member, name=details.names[member]) if member else None


def summary(found: Collaboration, details: Details) -> CollaborationSummary:
    """A collaboration for a list."""
    standing = standing_level(details.recognitions.get(found.id, []))
    return CollaborationSummary(
        id=found.id,
        kind=found.kind,
        name=found.name,
        host_member=_ref(details, found.host_member),
        lead_member=_ref(details, found.lead_member),
        founded_on=found.founded_on,
        status=found.status,
        level=standing.level if standing else None,
        recognised_on=standing.granted_on if standing else None,
    )


async def read(session: AnySession, scope: Scope, found: Collaboration) -> CollaborationRead:
    """A collaboration for its own page."""
    details = await details_of(session, scope, [found])
    parts = [MemberRef(id=member, name=details.names[member]) for member in details.participants.get(found.id, [])]
    return CollaborationRead(
        **summary(found, details).model_dump(),
        participants=sorted(parts, key=lambda part: part.name),
        recognitions=[RecognitionRead.model_validate(grant) for grant in details.recognitions.get(found.id, [])],
        row_version=found.row_version,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


@router.get("", summary="查询合作载体")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Annotated[CollaborationFilter, Depends(collaboration_filter)],
    page: Annotated[PageRequest, Depends(page_request)],
) -> Page[CollaborationSummary]:
    found, cursor, total = await list_collaborations(session, scope, asked, page)
    details = await details_of(session, scope, found)
    return Page(items=[summary(one, details) for one in found], next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=CollaborationRead, summary="新增合作载体")
async def create(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: CollaborationCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await create_collaboration(session, clock, principal, draft)
    await session.flush()  # the answer reads the participants back
    headers = {"Location": f"/api/registry/v1/collaborations/{made.id}", "ETag": etag_of(made.row_version)}
    return await once.answer(await read(session, scope, made), headers=headers)


@router.get("/{collaboration_id}", summary="查看一个合作载体")
async def get(
    collaboration_id: UUID,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    response: Response,
) -> CollaborationRead:
    found = await find_collaboration(session, scope, collaboration_id)
    set_etag(response, found.row_version)
    return await read(session, scope, found)


@router.put("/{collaboration_id}", summary="修改合作载体")
async def update(
    collaboration_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: CollaborationUpdate,
    seen: Annotated[str, Depends(if_match)],
    response: Response,
) -> CollaborationRead:
    found = await update_collaboration(session, clock, principal, collaboration_id, draft, seen)
    set_etag(response, found.row_version)
    return await read(session, scope, found)


@router.get("/{collaboration_id}/history", summary="查看修改记录")
async def read_history(
    collaboration_id: UUID,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryWrite,
) -> History:
    await find_collaboration(session, scope, collaboration_id)
    return history_of(await history(session, scope, "collaboration", collaboration_id))


@router.post(
    "/{collaboration_id}/recognitions", status_code=201, response_model=RecognitionRead, summary="登记级别认定"
)
async def recognise(
    collaboration_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentCreate,
    draft: RecognitionCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    grant = await add_recognition(session, clock, principal, collaboration_id, draft)
    headers = {"Location": f"/api/registry/v1/collaborations/{collaboration_id}"}
    return await once.answer(RecognitionRead.model_validate(grant), headers=headers)


@router.post("/{collaboration_id}/recognitions/{recognition_id}/withdrawal", summary="撤销级别认定")
async def withdraw(
    collaboration_id: UUID,
    recognition_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: RecognitionWithdrawal,
) -> RecognitionRead:
    grant = await withdraw_recognition(session, clock, principal, collaboration_id, recognition_id, draft)
    return RecognitionRead.model_validate(grant)
