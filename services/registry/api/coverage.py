"""`/coverage`: majors against leading industries, lead enterprises, members; as answer, picture and workbook."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.kernel.audit import audit_export
from services.kernel.clock import business_date
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Purpose
from services.registry.auth import RegistryRead
from services.registry.domain.coverage import RowsBy
from services.registry.domain.coverage_picture import Picture, PictureRow, draw
from services.registry.queries.coverage_answer import read_coverage
from services.registry.schemas.coverage import CoverageRead
from services.registry.workbook_coverage import TITLES, CoverageTable, coverage_workbook

router = APIRouter(prefix="/coverage", tags=["coverage"])
By = Annotated[RowsBy, Query(description="按学校还是按专业")]


@router.get("", summary="专业对主导产业的覆盖、龙头企业对接、成员分县区分类别统计")
async def get(
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    as_of: AsOf = None,
    by: By = RowsBy.SCHOOL,
) -> CoverageRead:
    return await read_coverage(session, scope, by, business_date(clock), as_of)


@router.get("/export.xlsx", summary="导出一张统计表", response_class=Response)
async def export(
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryRead,
    as_of: AsOf = None,
    by: By = RowsBy.SCHOOL,
    table: CoverageTable = CoverageTable.MATRIX,
    reason: Purpose = None,
) -> Response:
    found = await read_coverage(session, scope, by, business_date(clock), as_of)
    await audit_export(session, clock, principal, "coverage", table, rows=len(found.rows), reason=reason)
    return workbook(coverage_workbook(table, found), f"coverage-{table}", TITLES[table])


@router.get("/picture.svg", summary="覆盖矩阵图（SVG）", response_class=Response)
async def picture(
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    as_of: AsOf = None,
    by: By = RowsBy.SCHOOL,
) -> Response:
    found = await read_coverage(session, scope, by, business_date(clock), as_of)
    return Response(draw(_picture(found)), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


def _picture(found: CoverageRead) -> Picture:
    covered, serving = found.industries_covered, found.programmes_serving
    told = (
        f"主导产业 {covered.denominator} 个，有专业服务的 {covered.numerator} 个；"
        f"专业点 {serving.denominator} 个，对接主导产业的 {serving.numerator} 个。"
    )
    without = f"没有专业服务的主导产业：{'、'.join(one.name for one in found.uncovered) or '无'}。"
    return Picture(
        title=f"专业对主导产业覆盖图（{found.as_of.year}年{found.as_of.month}月{found.as_of.day}日）",
        description=told + without,
        industries=[one.name for one in found.industries],
        rows=[PictureRow(row.label, row.cells) for row in found.rows],
        totals=found.totals.cells,
        notes=[told, without],
    )
