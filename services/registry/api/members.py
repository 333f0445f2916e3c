"""`/members`: list, read, create, change, export, template; each as of a day."""

from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.audit import audit_read
from services.kernel.clock import business_date
from services.kernel.divisions import division_name
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.workbooks import write_template
from services.registry.api.histories import add_history
from services.registry.api.parameters import AsOf, Paging, Purpose, Seen
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.create_member import create_member
from services.registry.commands.export_members import export_members
from services.registry.commands.update_member import update_member
from services.registry.domain.members import MemberCategory, MemberStatus, StructureRole
from services.registry.queries.member_states import states_of_member
from services.registry.queries.members import MemberFilter, find_member, list_members
from services.registry.schemas.members import (
    MemberCreate,
    MemberRead,
    MemberStates,
    MemberSummary,
    MemberUpdate,
)
from services.registry.tables import Member
from services.registry.workbook import MEMBERS

router = APIRouter(prefix="/members", tags=["members"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Missing = Literal["uscc", "division", "size_evidence"]
MAXIMUM_IDS = 500


def member_filter(
    q: Annotated[str | None, Query(max_length=50, description="名称、拼音、首字母或信用代码中的一段")] = None,
    category: MemberCategory | None = None,
    division: Annotated[str | None, Query(pattern=r"^\d{6}$")] = None,
    status: MemberStatus | None = None,
    structure_role: StructureRole | None = None,
    missing: Annotated[Missing | None, Query(description="缺哪一项")] = None,
    ids: Annotated[list[UUID] | None, Query(max_length=MAXIMUM_IDS, description="只要这些单位")] = None,
    functional_zone: Annotated[str | None, Query(max_length=6)] = None,
) -> MemberFilter:
    """The query of a list or an export."""
    return MemberFilter(q, category, division, status, structure_role, missing, tuple(ids or ()), functional_zone)


def filter_on_day(
    asked: Annotated[MemberFilter, Depends(member_filter)],
    clock: InjectedClock,
    as_of: AsOf = None,
    belonging: Annotated[bool, Query(description="只要当天（现在）在集团内的单位")] = False,
) -> MemberFilter:
    """The same with who belongs on the day that is looked at."""
    return replace(asked, belonging_on=as_of or business_date(clock)) if belonging else asked


Asked = Annotated[MemberFilter, Depends(filter_on_day)]


def summary(member: Member) -> MemberSummary:
    """A member for a list, its division named."""
    shown = MemberSummary.model_validate(member)
    return shown.model_copy(update={"division_name": division_name(member.division or "")})


def read(member: Member, principal: Principal) -> MemberRead:
    """A member for its own page; its contact only for the secretariat, its county and itself."""
    shown = MemberRead.model_validate(member)
    update: dict[str, str | None] = {
        "division_name": division_name(member.division or ""),
        "functional_zone_name": division_name(member.functional_zone or ""),
    }
    if not sees_contacts(principal, member.id):
        update |= {"contact_person": None, "contact_phone": None}
    return shown.model_copy(update=update)


def sees_contacts(principal: Principal, member_id: UUID) -> bool:
    """Whom a member's contacts concern: the secretariat, the county that sees the member, and the member itself."""
    own = principal.member == member_id
    return principal.may(Permission.REGISTRY_WRITE) or principal.division is not None or own


def workbook(content: bytes, name: str, title: str) -> Response:
    """A .xlsx download under a Chinese title, or `name` for clients that know no RFC 8187; never cached: contacts."""
    disposition = f"attachment; filename=\"{name}.xlsx\"; filename*=UTF-8''{quote(title)}.xlsx"
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)


@router.get("", summary="查询成员单位")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
    as_of: AsOf = None,
) -> Page[MemberSummary]:
    members, cursor, total = await list_members(session, scope, asked, page, as_of)
    return Page(items=[summary(member) for member in members], next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=MemberRead, summary="新增成员单位")
async def create(
    session: Writing, clock: InjectedClock, principal: RegistryWrite, once: IdempotentCreate, draft: MemberCreate
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    member = await create_member(session, clock, principal, draft)
    headers = {"Location": f"/api/registry/v1/members/{member.id}", "ETag": etag_of(member.row_version)}
    return await once.answer(read(member, principal), headers=headers)


@router.get("/export.xlsx", summary="导出成员单位（可再导入）", response_class=Response)
async def export(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryRead,
    asked: Asked,
    reason: Purpose = None,
    as_of: AsOf = None,
) -> Response:
    content = await export_members(session, clock, principal, asked, reason, as_of)
    title = f"成员单位（截至{as_of.isoformat()}）" if as_of else "成员单位"
    return workbook(content, "members", title)


@router.get("/template.xlsx", summary="下载导入模板", response_class=Response)
async def template(_caller: RegistryRead) -> Response:
    return workbook(write_template(MEMBERS), "members-template", "成员单位导入模板")


@router.get("/{member_id}", summary="查看一家成员单位")
async def get(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    principal: RegistryRead,
    clock: InjectedClock,
    response: Response,
    as_of: AsOf = None,
) -> MemberRead:
    member = await find_member(session, scope, member_id, as_of)
    shown = read(member, principal)
    if as_of is None:
        set_etag(response, member.row_version)
    else:
        shown = shown.model_copy(update={"row_version": None})
    if shown.contact_person or shown.contact_phone:
        await audit_read(session, clock, principal, "member_contact", member_id, rows=1)
    return shown


@router.put("/{member_id}", summary="修改成员单位")
async def update(
    member_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: MemberUpdate,
    seen: Seen,
    response: Response,
) -> MemberRead:
    member = await update_member(session, clock, principal, member_id, draft, seen)
    set_etag(response, member.row_version)
    return read(member, principal)


@router.get("/{member_id}/states", summary="查看资料沿革：各时期的资料有何变化")
async def read_states(member_id: UUID, session: Reading, scope: CallerScope, principal: RegistryRead) -> MemberStates:
    await find_member(session, scope, member_id)
    return await states_of_member(session, scope, member_id, contacts=sees_contacts(principal, member_id))


add_history(router, "member", find_member)
