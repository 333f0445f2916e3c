"""`/teachers`: the teachers of one's own units with their practice, and the shared ones of all units."""

from datetime import date
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.audit import audit_export, audit_read
from services.kernel.clock import business_date
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate, IdempotentUpload
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.workbooks import write_rows, write_template
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Paging, Purpose, Seen
from services.registry.api.workbook_upload import File, take_in
from services.registry.auth import RegistryOwn, RegistryRead
from services.registry.commands.add_practice import add_practice
from services.registry.commands.change_practice import change_practice
from services.registry.commands.change_teacher import change_teacher
from services.registry.commands.create_teacher import create_teacher
from services.registry.commands.import_teachers import import_teachers
from services.registry.commands.remove_practice import remove_practice
from services.registry.domain.practice_months import Standing
from services.registry.domain.teaching import TeacherKind
from services.registry.queries.teacher_cells import teacher_cells
from services.registry.queries.teacher_reads import (
    read_overview,
    read_periods,
    read_shared,
    read_teacher,
    read_teachers,
)
from services.registry.queries.teaching import TeacherFilter, applied_rule, find_own, list_own, list_shared
from services.registry.schemas.coverage import RowsTaken
from services.registry.schemas.teaching import (
    PeriodRead,
    PeriodWrite,
    PracticeOverview,
    SharedTeacher,
    TeacherRead,
    TeacherSummary,
    TeacherWrite,
)
from services.registry.tables import Teacher
from services.registry.workbook_teachers import TEACHERS

router = APIRouter(prefix="/teachers", tags=["teachers"])
Fragment = Annotated[str | None, Query(max_length=50, description="姓名、拼音或专业方向中的一段")]
Unit = Annotated[UUID | None, Query(description="所在单位")]


def own_filter(
    q: Fragment = None,
    member: Unit = None,
    kind: TeacherKind | None = None,
    shared: Annotated[bool | None, Query(description="是否共享")] = None,
    standing: Annotated[Standing | None, Query(description="met 达标、near 临近、unmet 未达标")] = None,
) -> TeacherFilter:
    """The query of a list or an export of one's own units."""
    return TeacherFilter(q, member, kind, shared, standing)


Asked = Annotated[TeacherFilter, Depends(own_filter)]


@router.get("", summary="查询本单位（管辖单位）的教师")
async def list_(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    asked: Asked,
    page: Paging,
    as_of: AsOf = None,
) -> Page[TeacherSummary]:
    day = as_of or business_date(clock)
    rule = await applied_rule(session, scope)
    found, cursor, total = await list_own(session, scope, asked, page, day, as_of, rule)
    query = {"member": str(asked.member) if asked.member else None, "kind": asked.kind, "standing": asked.standing}
    await audit_read(session, clock, principal, "teacher", rows=len(found), query=query)
    items = await read_teachers(session, scope, found, day, rule)
    return Page(items=items, next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=TeacherRead, summary="登记教师（不收身份证号和电话）")
async def create(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: TeacherWrite,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await create_teacher(session, clock, principal, draft)
    headers = {"Location": f"/api/registry/v1/teachers/{made.id}", "ETag": etag_of(made.row_version)}
    return await once.answer(await _whole(session, scope, made, business_date(clock)), headers=headers)


async def _whole(session: Writing, scope: CallerScope, teacher: Teacher, day: date) -> TeacherRead:
    return await read_teacher(session, scope, teacher, day, await applied_rule(session, scope))


@router.get("/shared", summary="查询各单位共享的教师（只有单位和专业方向）")
async def shared(
    session: Reading,
    clock: InjectedClock,
    _caller: RegistryRead,
    scope: CallerScope,
    page: Paging,
    as_of: AsOf = None,
    q: Annotated[str | None, Query(max_length=50, description="专业方向中的一段")] = None,
    member: Unit = None,
    kind: TeacherKind | None = None,
) -> Page[SharedTeacher]:
    asked, day = TeacherFilter(q, member, kind), as_of or business_date(clock)
    found, cursor, total = await list_shared(session, scope, asked, page, day, as_of)
    return Page(items=await read_shared(session, scope, found), next_cursor=cursor, total=total)


@router.get("/overview", summary="适用的企业实践规定和达标人数")
async def overview(
    session: Reading, clock: InjectedClock, _caller: RegistryOwn, scope: CallerScope, as_of: AsOf = None
) -> PracticeOverview:
    rule = await applied_rule(session, scope)
    return await read_overview(session, scope, as_of or business_date(clock), as_of, rule)


@router.get("/export.xlsx", summary="导出教师和企业实践（可再导入）", response_class=Response)
async def export(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    asked: Asked,
    as_of: AsOf = None,
    reason: Purpose = None,
) -> Response:
    cells = await teacher_cells(session, scope, asked, as_of or business_date(clock), as_of)
    await audit_export(session, clock, principal, "teacher", rows=len(cells), reason=reason)
    return workbook(write_rows(TEACHERS, cells), "teachers", "师资和企业实践")


@router.get("/template.xlsx", summary="下载教师导入模板", response_class=Response)
async def template(_caller: RegistryOwn) -> Response:
    return workbook(write_template(TEACHERS), "teachers-template", "师资导入模板")


@router.post("/import", response_model=RowsTaken, summary="导入教师和企业实践（.xlsx 或 .csv）")
async def upload(
    session: Writing, clock: InjectedClock, principal: RegistryOwn, once: IdempotentUpload, file: File
) -> Response:
    return await take_in(once, file, TEACHERS, partial(import_teachers, session, clock, principal))


@router.get("/{teacher_id}", summary="查看一位教师和企业实践")
async def get(
    teacher_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    response: Response,
    as_of: AsOf = None,
) -> TeacherRead:
    teacher = await find_own(session, scope, teacher_id, as_of)
    if as_of is None:
        set_etag(response, teacher.row_version)
    await audit_read(session, clock, principal, "teacher", teacher_id, rows=1)
    return await _whole(session, scope, teacher, as_of or business_date(clock))


@router.put("/{teacher_id}", summary="修改教师")
async def update(
    teacher_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    draft: TeacherWrite,
    seen: Seen,
    response: Response,
) -> TeacherRead:
    teacher = await change_teacher(session, clock, principal, teacher_id, draft, seen)
    set_etag(response, teacher.row_version)
    return await _whole(session, scope, teacher, business_date(clock))


@router.post("/{teacher_id}/practice-periods", status_code=201, response_model=PeriodRead, summary="登记一段企业实践")
async def practise(
    teacher_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: PeriodWrite,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await add_practice(session, clock, principal, teacher_id, draft)
    headers = {"Location": f"/api/registry/v1/teachers/{teacher_id}", "ETag": etag_of(made.row_version)}
    return await once.answer((await read_periods(session, scope, [made]))[0], headers=headers)


@router.put("/{teacher_id}/practice-periods/{period_id}", summary="修改一段企业实践")
async def change(
    teacher_id: UUID,
    period_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    scope: CallerScope,
    draft: PeriodWrite,
    seen: Seen,
    response: Response,
) -> PeriodRead:
    period = await change_practice(session, clock, principal, teacher_id, period_id, draft, seen)
    set_etag(response, period.row_version)
    return (await read_periods(session, scope, [period]))[0]


@router.delete("/{teacher_id}/practice-periods/{period_id}", status_code=204, summary="删除误登的一段企业实践")
async def remove(
    teacher_id: UUID,
    period_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryOwn,
    seen: Seen,
) -> None:
    await remove_practice(session, clock, principal, teacher_id, period_id, seen)
