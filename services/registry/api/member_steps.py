"""`/members/{id}/steps` and what changes a member's status; `/member-reviews`: grades of a year."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.kernel.clock import business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.divisions import division_name
from services.kernel.errors import NotFound, Unavailable
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.citing import cited_in
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Paging, Purpose, Seen
from services.registry.auth import RegistryDecide, RegistryRead, RegistryWrite
from services.registry.clients.others import Neighbours
from services.registry.commands.export_applications import export_reviews
from services.registry.commands.grade_members import correct_review, grade_member, grade_members
from services.registry.commands.step_member import exit_member, step_member
from services.registry.domain.life_cycle import MemberStep, ReviewGrade, member_steps_open_to
from services.registry.domain.members import MemberCategory
from services.registry.queries.exit_impact import version_of
from services.registry.queries.life_cycle import ReviewFilter, list_reviews, reviews_of, steps_of
from services.registry.queries.members import find_member
from services.registry.queries.touches import touched_by
from services.registry.schemas.life_cycle import (
    ExitImpact,
    MemberEventRead,
    MemberExit,
    MemberReviewRead,
    MemberSteps,
    PlainMemberStep,
    Rectification,
    ReviewBatch,
    ReviewCorrection,
    ReviewRow,
    ReviewsRecorded,
    ReviewWrite,
)
from services.registry.schemas.successions import TouchRead
from services.registry.tables import Member

router = APIRouter(tags=["members"])


async def _own(session: AnySession, scope: Scope, member_id: UUID) -> Member:
    """A member whose life the caller may read: a unit reads its own only. Raises NotFound."""
    if scope.member is not None and scope.member != member_id:
        raise NotFound("没有这家成员单位，或它的办理记录不归您查看。", code="member_not_found")
    return await find_member(session, scope, member_id)


async def _steps(session: AnySession, scope: Scope, member: Member, as_of: date | None = None) -> MemberSteps:
    found = await steps_of(session, scope, member.id, as_of)
    cited = await cited_in(session, scope, found)
    items = [
        MemberEventRead.model_validate(one).model_copy(update={"cited": cited.get(one.resolution)}) for one in found
    ]
    return MemberSteps(items=items, allowed=[] if as_of else [one.value for one in member_steps_open_to(member.status)])


async def _taken(session: WriteSession, scope: Scope, member: Member, response: Response) -> MemberSteps:
    """The answer to a step: the member's life with it, and the version that it made."""
    set_etag(response, member.row_version)
    await session.flush()  # the answer tells the step that was just recorded
    return await _steps(session, scope, member)


@router.get("/members/{member_id}/steps", summary="查看成员单位的办理记录")
async def steps(
    member_id: UUID, session: Reading, scope: CallerScope, _caller: RegistryRead, as_of: AsOf = None
) -> MemberSteps:
    member = await _own(session, scope, member_id)
    return await _steps(session, scope, member, as_of)


@router.get("/members/{member_id}/reviews", summary="查看成员单位历年考核结果")
async def reviews(
    member_id: UUID, session: Reading, scope: CallerScope, _caller: RegistryRead, as_of: AsOf = None
) -> list[MemberReviewRead]:
    await _own(session, scope, member_id)
    return [MemberReviewRead.model_validate(one) for one in await reviews_of(session, scope, member_id, as_of)]


@router.get("/members/{member_id}/exit-impact", summary="查看退出会影响什么")
async def exit_impact(
    member_id: UUID, session: Reading, scope: CallerScope, _caller: RegistryWrite, request: Request
) -> ExitImpact:
    member = await find_member(session, scope, member_id)
    return await _impact(session, scope, member, request.app.state.neighbours)


async def _impact(session: AnySession, scope: Scope, member: Member, neighbours: Neighbours) -> ExitImpact:
    touches = [TouchRead.model_validate(one) for one in await touched_by(session, scope, member.id)]
    try:
        open_claims = await neighbours.open_claims(scope.alliance, member.id)
    except Unavailable:
        claims = None  # told on the page, and confirmed there in so many words
    else:
        claims = [
            TouchRead(kind="申报", id=one.id, title=one.title, href=f"/subsidies/claims/{one.id}")
            for one in open_claims
        ]
    shown = [[one.model_dump(mode="json") for one in group] for group in (touches, claims or [])]
    return ExitImpact(version=version_of(shown, claims is None), touches=touches, claims=claims)


@router.post("/members/{member_id}/rectification", summary="责令整改")
async def rectification(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: Rectification,
    seen: Seen,
    response: Response,
) -> MemberSteps:
    member = await step_member(session, clock, principal, member_id, MemberStep.RECTIFICATION, draft, seen)
    return await _taken(session, scope, member, response)


@router.post("/members/{member_id}/rectification/closure", summary="整改完成")
async def rectified(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryDecide,
    draft: PlainMemberStep,
    seen: Seen,
    response: Response,
) -> MemberSteps:
    member = await step_member(session, clock, principal, member_id, MemberStep.RECTIFIED, draft, seen)
    return await _taken(session, scope, member, response)


@router.post("/members/{member_id}/suspension", summary="暂停")
async def suspension(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryDecide,
    draft: PlainMemberStep,
    seen: Seen,
    response: Response,
) -> MemberSteps:
    member = await step_member(session, clock, principal, member_id, MemberStep.SUSPENSION, draft, seen)
    return await _taken(session, scope, member, response)


@router.post("/members/{member_id}/resumption", summary="恢复")
async def resumption(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryDecide,
    draft: PlainMemberStep,
    seen: Seen,
    response: Response,
) -> MemberSteps:
    member = await step_member(session, clock, principal, member_id, MemberStep.RESUMPTION, draft, seen)
    return await _taken(session, scope, member, response)


@router.post("/members/{member_id}/exit", summary="退出")
async def exit_(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryDecide,
    draft: MemberExit,
    seen: Seen,
    request: Request,
    response: Response,
) -> MemberSteps:
    member = await find_member(session, scope, member_id)
    impact = await _impact(session, scope, member, request.app.state.neighbours)
    member = await exit_member(session, clock, principal, member_id, draft, impact, seen)
    return await _taken(session, scope, member, response)


@router.post(
    "/members/{member_id}/reviews", status_code=201, response_model=MemberReviewRead, summary="登记年度考核结果"
)
async def grade(
    member_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentCreate,
    draft: ReviewWrite,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    review = await grade_member(session, clock, principal, member_id, draft)
    location = f"/api/registry/v1/members/{member_id}/reviews/{review.year}"
    headers = {"Location": location, "ETag": etag_of(review.row_version)}
    return await once.answer(MemberReviewRead.model_validate(review), headers=headers)


@router.put("/members/{member_id}/reviews/{year}", summary="更正年度考核结果")
async def correct(
    member_id: UUID,
    year: Annotated[int, Path(ge=2000, le=2100)],
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    draft: ReviewCorrection,
    seen: Seen,
    response: Response,
) -> MemberReviewRead:
    review = await correct_review(session, clock, principal, member_id, year, draft, seen)
    set_etag(response, review.row_version)
    return MemberReviewRead.model_validate(review)


def review_filter(
    clock: InjectedClock,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="考核年度，不填为上一年")] = None,
    category: MemberCategory | None = None,
    division: Annotated[str | None, Query(pattern=r"^\d{6}$")] = None,
    grade: ReviewGrade | None = None,
    ungraded: Annotated[bool, Query(description="只看还没有考核的")] = False,
) -> ReviewFilter:
    """The query of a year's list; a year is graded once it is over."""
    return ReviewFilter(year or business_date(clock).year - 1, category, division, grade, ungraded)


Asked = Annotated[ReviewFilter, Depends(review_filter)]


@router.get("/member-reviews", summary="查询一个年度的考核结果")
async def year_of_reviews(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
    as_of: AsOf = None,
) -> Page[ReviewRow]:
    members, grades, cursor, total = await list_reviews(session, scope, asked, page, as_of)
    rows = []
    for member in members:
        review = grades.get(member.id)
        told = {name: getattr(review, name, None) for name in ("grade", "on_date", "opinion", "document")}
        place = division_name(member.division or "")
        known = {"name": member.name, "category": member.category, "status": member.status}
        rows.append(ReviewRow(member=member.id, **known, division_name=place, year=asked.year, **told))
    return Page(items=rows, next_cursor=cursor, total=total)


@router.get("/member-reviews/export.xlsx", summary="导出一个年度的考核结果", response_class=Response)
async def export(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryRead,
    asked: Asked,
    as_of: AsOf = None,
    reason: Purpose = None,
) -> Response:
    content = await export_reviews(session, clock, principal, asked, as_of, reason)
    return workbook(content, "member-reviews", f"{asked.year}年度考核")


@router.post("/member-reviews/batch", status_code=201, response_model=ReviewsRecorded, summary="成批登记年度考核结果")
async def grade_batch(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentCreate,
    draft: ReviewBatch,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    recorded = await grade_members(session, clock, principal, draft)
    return await once.answer(ReviewsRecorded(recorded=recorded))
