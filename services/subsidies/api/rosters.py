"""Rosters as they stand, or as they stood at an earlier roster number."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.kernel.audit import audit_read
from services.kernel.divisions import division_name
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.subsidies.api.dependencies import WithNames, WithTools
from services.subsidies.auth import SubsidiesRead
from services.subsidies.domain import StudentStatus
from services.subsidies.queries.names import Names
from services.subsidies.queries.policy import UNCLAIMED_LABEL, Policy, find_policy
from services.subsidies.queries.rosters import RosterFilter, page_of_classes, page_of_students, summarise
from services.subsidies.rules.vocabulary import SIZE_LABELS
from services.subsidies.schemas.rosters import ClassRead, RosterSummaryRead, SchoolCountRead, StudentRead
from services.subsidies.tables import SchoolClass, Student

router = APIRouter(tags=["rosters"])
Year = Annotated[int | None, Query(ge=2000, le=2100)]
Sequence = Annotated[int | None, Query(ge=0, description="读这个名册序号时的名册；不填为现行")]


@router.get("/students", summary="学生名册（姓名、证件号已脱敏）")
async def list_students(
    session: Writing,
    scope: CallerScope,
    principal: SubsidiesRead,
    clock: InjectedClock,
    tools: WithTools,
    page: Annotated[PageRequest, Depends(page_request)],
    year: Year = None,
    school: UUID | None = None,
    class_code: Annotated[str | None, Query(max_length=60)] = None,
    claimed_rule: Annotated[str | None, Query(max_length=63, description="项目代码；none 为不申报")] = None,
    owner: Annotated[str | None, Query(max_length=60)] = None,
    sequence: Sequence = None,
) -> Page[StudentRead]:
    wanted = RosterFilter(year, school, class_code, claimed_rule, owner, sequence)
    rows, cursor, total = await page_of_students(session, scope, page, wanted)
    policy = await find_policy(session, principal.alliance)
    names = Names(await tools.registry.kept(session, principal.alliance))
    if rows:
        await audit_read(session, clock, principal, "student", rows=len(rows), query=_asked(wanted))
    return Page(items=[student_read(row, names, policy) for row in rows], next_cursor=cursor, total=total)


@router.get("/classes", summary="校企合作班名册")
async def list_classes(
    session: Reading,
    scope: CallerScope,
    _principal: SubsidiesRead,
    names: WithNames,
    page: Annotated[PageRequest, Depends(page_request)],
    year: Year = None,
    school: UUID | None = None,
    class_code: Annotated[str | None, Query(max_length=60)] = None,
    owner: Annotated[str | None, Query(max_length=60)] = None,
    sequence: Sequence = None,
) -> Page[ClassRead]:
    wanted = RosterFilter(year, school, class_code, None, owner, sequence)
    rows, cursor, total = await page_of_classes(session, scope, page, wanted)
    return Page(items=[class_read(row, names) for row in rows], next_cursor=cursor, total=total)


@router.get("/rosters/summary", summary="名册汇总")
async def read_summary(
    session: Reading,
    scope: CallerScope,
    _principal: SubsidiesRead,
    names: WithNames,
    year: Annotated[int, Query(ge=2000, le=2100)],
) -> RosterSummaryRead:
    summary = await summarise(session, scope, year)
    schools = [SchoolCountRead(**vars(count), owner_name=names.owner(count.owner)) for count in summary.schools]
    return RosterSummaryRead(
        year=year,
        sequence=summary.sequence,
        last_import_at=summary.last_import_at,
        students=sum(count.students for count in schools),
        classes=sum(count.classes for count in schools),
        schools=schools,
    )


def _asked(wanted: RosterFilter) -> dict[str, int | str]:
    """The filters that were set, for the audit log."""
    return {
        name: value if isinstance(value, int) else str(value)
        for name, value in vars(wanted).items()
        if value is not None
    }


def _row_values(row: Student | SchoolClass, names: Names, fields: tuple[str, ...]) -> dict[str, object]:
    values = {name: getattr(row, name) for name in (*fields, "no", "year", "owner", "school", "school_name", "major")}
    return {**values, "owner_name": names.owner(row.owner), "sequence": row.recorded_seq}


def student_read(row: Student, names: Names, policy: Policy | None) -> StudentRead:
    """A stored student as it goes on the wire: masked as it is stored."""
    rule = policy.rule(row.claimed_rule) if policy and row.claimed_rule else None
    same = ("enrolment_year", "class_code", "enrolled_on", "origin_division", "sending_school", "sending_school_name")
    return StudentRead.model_validate(
        {
            **_row_values(row, names, (*same, "status", "left_on", "claimed_rule")),
            "name": row.name_masked,
            "id_number": row.id_masked,
            "origin_name": division_name(row.origin_division),
            "status_label": StudentStatus(row.status).label,
            "claimed_rule_name": rule.name if rule else row.claimed_rule or UNCLAIMED_LABEL,
        }
    )


def class_read(row: SchoolClass, names: Names) -> ClassRead:
    """A stored class as it goes on the wire."""
    same = ("class_code", "class_name", "opening_year", "opened_on", "format", "enterprise", "enterprise_member")
    more = ("enterprise_uscc", "enterprise_division", "enterprise_size", "size_evidence", "score")
    return ClassRead.model_validate(
        {
            **_row_values(row, names, (*same, *more)),
            "enterprise_division_name": division_name(row.enterprise_division),
            "enterprise_size_label": SIZE_LABELS.get(row.enterprise_size or ""),
        }
    )
