"""`/collaborations`: list, read, create, change, export, the fields of kinds, the headcount of a class."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.kernel.clock import business_date
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.workbooks import write_template
from services.registry.api.collaboration_views import read, summary
from services.registry.api.histories import add_history
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOfToday, Paging, Purpose, Seen
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.clients.subsidies import Headcounts
from services.registry.collaboration_workbook import importable_spec
from services.registry.commands.create_collaboration import create_collaboration
from services.registry.commands.export_collaborations import export_collaborations
from services.registry.commands.update_collaboration import update_collaboration
from services.registry.domain.collaborations import CollaborationKind, CollaborationStatus
from services.registry.domain.recognitions import RecognitionLevel
from services.registry.queries.collaborations import (
    CollaborationFilter,
    details_of,
    find_collaboration,
    list_collaborations,
)
from services.registry.queries.headcounts import headcount_of
from services.registry.schemas.collaborations import (
    CollaborationCreate,
    CollaborationRead,
    CollaborationSummary,
    CollaborationUpdate,
    HeadcountRead,
)
from services.registry.schemas.kind_fields import Kinds, kinds

router = APIRouter(prefix="/collaborations", tags=["collaborations"])
Missing = Literal["lead", "host", "enterprise", "class_code", "details", "founded_on"]


def collaboration_filter(
    clock: InjectedClock,
    q: Annotated[str | None, Query(max_length=50, description="名称、拼音或首字母中的一段")] = None,
    kind: CollaborationKind | None = None,
    status: CollaborationStatus | None = None,
    member: Annotated[UUID | None, Query(description="该单位承办、牵头或参与的")] = None,
    level: Annotated[RecognitionLevel | None, Query(description="当日持有该级别认定的")] = None,
    division: Annotated[str | None, Query(pattern=r"^\d{6}$", description="该县区有单位参加的")] = None,
    partner: Annotated[str | None, Query(max_length=50, description="参加单位的名称、拼音或首字母中的一段")] = None,
    missing: Annotated[Missing | None, Query(description="缺哪一项，仅运行中的")] = None,
    as_of: AsOfToday = None,
) -> CollaborationFilter:
    """The query of a list or an export."""
    return CollaborationFilter(
        day=as_of or business_date(clock),
        as_of=as_of,
        q=q,
        kind=kind,
        status=status,
        member=member,
        level=level,
        division=division,
        partner=partner,
        missing=missing,
    )


Asked = Annotated[CollaborationFilter, Depends(collaboration_filter)]


def headcounts_of(request: Request) -> Headcounts:
    found: Headcounts = request.app.state.headcounts
    return found


@router.get("", summary="查询合作载体")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
) -> Page[CollaborationSummary]:
    found, cursor, total = await list_collaborations(session, scope, asked, page)
    details = await details_of(session, scope, found, asked.as_of)
    items = [summary(one, details, asked.day) for one in found]
    return Page(items=items, next_cursor=cursor, total=total)


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
    return await once.answer(await read(session, scope, made, business_date(clock)), headers=headers)


@router.get("/kinds", summary="各类型载体自有的内容")
async def read_kinds(_caller: RegistryRead) -> Kinds:
    return Kinds(items=kinds())


@router.get("/export.xlsx", summary="导出合作载体（选定类型时含该类型自有的内容）", response_class=Response)
async def export(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryRead,
    asked: Asked,
    reason: Purpose = None,
) -> Response:
    content = await export_collaborations(session, clock, principal, asked, reason)
    return workbook(content, "collaborations", "合作载体")


@router.get("/template.xlsx", summary="下载导入模板（选定类型时含该类型自有的内容）", response_class=Response)
async def template(_caller: RegistryRead, kind: CollaborationKind | None = None) -> Response:
    return workbook(write_template(importable_spec(kind)), "collaborations-template", "合作载体导入模板")


@router.get("/{collaboration_id}", summary="查看一个合作载体")
async def get(
    collaboration_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    response: Response,
    as_of: AsOfToday = None,
) -> CollaborationRead:
    found = await find_collaboration(session, scope, collaboration_id, as_of)
    if as_of is None:
        set_etag(response, found.row_version)
    return await read(session, scope, found, as_of or business_date(clock), as_of)


@router.put("/{collaboration_id}", summary="修改合作载体")
async def update(
    collaboration_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: CollaborationUpdate,
    seen: Seen,
    response: Response,
) -> CollaborationRead:
    found = await update_collaboration(session, clock, principal, collaboration_id, draft, seen)
    set_etag(response, found.row_version)
    return await read(session, scope, found, business_date(clock))


add_history(router, "collaboration", find_collaboration)


@router.get("/{collaboration_id}/headcount", summary="校企合作班的人数（读自学生名册）")
async def headcount(
    collaboration_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    headcounts: Annotated[Headcounts, Depends(headcounts_of)],
    as_of: AsOfToday = None,
) -> HeadcountRead:
    found = await find_collaboration(session, scope, collaboration_id, as_of)
    return await headcount_of(session, scope, headcounts, found, as_of or business_date(clock), as_of)
