"""`/members/{id}/majors` and `/majors`: the majors of a school and of all schools, their import and export."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.audit import audit_export
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate, IdempotentUpload
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.workbooks import write_rows, write_template
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Paging, Purpose, Seen
from services.registry.api.workbook_upload import Effective, File, take_in
from services.registry.auth import RegistryOwn, RegistryRead
from services.registry.commands.add_major import add_major
from services.registry.commands.change_major import change_major
from services.registry.commands.end_major import end_major
from services.registry.commands.import_majors import import_majors
from services.registry.queries.major_reads import read_majors
from services.registry.queries.majors import MajorFilter, all_majors, list_majors
from services.registry.queries.members import find_member, names_of
from services.registry.schemas.coverage import MajorRead, MajorWrite, RowsTaken
from services.registry.workbook_catalogues import MAJORS

router = APIRouter(tags=["majors"])


def major_filter(
    q: Annotated[str | None, Query(max_length=50, description="专业代码或名称中的一段")] = None,
    code: Annotated[str | None, Query(max_length=10, pattern="^[0-9A-Z]*$", description="专业代码的开头")] = None,
    member: Annotated[UUID | None, Query(description="学校")] = None,
) -> MajorFilter:
    """The query of a list or an export."""
    return MajorFilter(q, code, member)


Asked = Annotated[MajorFilter, Depends(major_filter)]


@router.get("/majors", summary="查询各校开设的专业")
async def list_(
    session: Reading, scope: CallerScope, _caller: RegistryRead, asked: Asked, page: Paging, as_of: AsOf = None
) -> Page[MajorRead]:
    found, cursor, total = await list_majors(session, scope, asked, page, as_of)
    return Page(items=await read_majors(session, scope, found, as_of), next_cursor=cursor, total=total)


@router.get("/majors/export.xlsx", summary="导出各校开设的专业（可再导入）", response_class=Response)
async def export(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryRead,
    scope: CallerScope,
    asked: Asked,
    as_of: AsOf = None,
    reason: Purpose = None,
) -> Response:
    majors = await all_majors(session, scope, asked, as_of)
    schools = await names_of(session, scope.alliance, {major.member for major in majors})
    cells = [
        {**{c.field: getattr(major, c.field, None) for c in MAJORS.columns}, "school": schools[major.member]}
        for major in majors
    ]
    await audit_export(session, clock, principal, "major", rows=len(majors), reason=reason)
    return workbook(write_rows(MAJORS, cells), "majors", "开设专业")


@router.get("/majors/template.xlsx", summary="下载专业导入模板", response_class=Response)
async def template(_caller: RegistryRead) -> Response:
    return workbook(write_template(MAJORS), "majors-template", "开设专业导入模板")


@router.post("/majors/import", response_model=RowsTaken, summary="导入各校开设的专业（.xlsx 或 .csv）")
async def upload(
    session: Writing, clock: InjectedClock, principal: RegistryOwn, once: IdempotentUpload, file: File
) -> Response:
    return await take_in(once, file, MAJORS, partial(import_majors, session, clock, principal))


@router.get("/members/{member_id}/majors", summary="查看一所学校的专业")
async def of_member(
    member_id: UUID, session: Reading, scope: CallerScope, _caller: RegistryRead, page: Paging, as_of: AsOf = None
) -> Page[MajorRead]:
    await find_member(session, scope, member_id)
    found, cursor, total = await list_majors(session, scope, MajorFilter(member=member_id), page, as_of)
    return Page(items=await read_majors(session, scope, found, as_of), next_cursor=cursor, total=total)


@router.post("/members/{member_id}/majors", status_code=201, response_model=MajorRead, summary="登记专业")
async def create(
    member_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: MajorWrite,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await add_major(session, clock, principal, member_id, draft)
    headers = {"Location": f"/api/registry/v1/members/{member_id}/majors", "ETag": etag_of(made.row_version)}
    return await once.answer((await read_majors(session, scope, [made]))[0], headers=headers)


@router.put("/members/{member_id}/majors/{major_id}", summary="修改专业")
async def update(
    member_id: UUID,
    major_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    draft: MajorWrite,
    seen: Seen,
    response: Response,
) -> MajorRead:
    major = await change_major(session, clock, principal, member_id, major_id, draft, seen)
    set_etag(response, major.row_version)
    return (await read_majors(session, scope, [major]))[0]


@router.delete("/members/{member_id}/majors/{major_id}", status_code=204, summary="停办专业")
async def end(
    member_id: UUID,
    major_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    seen: Seen,
    effective_on: Effective = None,
) -> None:
    await end_major(session, clock, principal, member_id, major_id, effective_on, seen)
