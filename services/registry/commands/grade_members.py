"""年度考核: one grade for each member and year; a correction says why and is a further step."""

from datetime import date
from uuid import UUID

from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue, HubError, InvalidInput
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.member_steps import record_event
from services.registry.domain.life_cycle import MemberStep, next_member_status
from services.registry.queries.life_cycle import find_review
from services.registry.queries.members import find_member
from services.registry.schemas.life_cycle import ReviewBatch, ReviewCorrection, ReviewEntry, ReviewWrite
from services.registry.tables import Member, MemberReview


async def grade_member(
    session: WriteSession, clock: Clock, principal: Principal, member_id: UUID, draft: ReviewWrite
) -> MemberReview:
    """Load, check, record one grade. Raises NotFound, InvalidInput, Conflict."""
    day = _day(clock, draft.year, draft.on_date)
    entry = ReviewEntry(member=member_id, grade=draft.grade, opinion=draft.opinion)
    return await _grade(session, clock, principal, draft.year, day, draft.document, entry)


async def grade_members(session: WriteSession, clock: Clock, principal: Principal, draft: ReviewBatch) -> int:
    """Record the grades of several members, all or none; every fault is told with its place in the list.

    Raises InvalidInput.
    """
    day = _day(clock, draft.year, draft.on_date)
    issues = []
    for place, entry in enumerate(draft.items):
        try:
            await _grade(session, clock, principal, draft.year, day, draft.document, entry)
        except HubError as fault:
            issues.append(FieldIssue(f"items.{place}.grade", fault.code, fault.detail))
    if issues:
        raise InvalidInput(issues)
    return len(draft.items)


async def correct_review(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member_id: UUID,
    year: int,
    draft: ReviewCorrection,
    if_match: str,
) -> MemberReview:
    """Load, check version, change the grade that stands; the earlier step stays on record.

    Raises NotFound, StaleVersion, InvalidInput.
    """
    member = await find_member(session, Scope.of(principal), member_id)
    review = await find_review(session, Scope.of(principal), member_id, year)
    check_version(if_match, review.row_version)
    day = _day(clock, year, draft.on_date)
    if day < review.on_date:
        raise InvalidInput([FieldIssue("on_date", "before_review", "更正日期早于原考核日期，请核对。")])
    await session.effective_on(day)
    review.grade, review.opinion, review.document = draft.grade.value, draft.opinion, draft.document
    review.updated_at = clock.now()
    await session.flush()  # the answer's ETag carries the new row version
    await _put_on_record(session, clock, principal, member, review, day)
    return review


def _day(clock: Clock, year: int, on_date: date | None) -> date:
    day = effective_day(on_date, clock, "on_date")
    if year > business_date(clock).year:
        raise InvalidInput([FieldIssue("year", "year_ahead", "考核年度还没有到，请核对。")])
    if day.year < year:
        raise InvalidInput([FieldIssue("on_date", "before_year", "考核日期早于考核年度，请核对。")])
    return day


async def _grade(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    year: int,
    day: date,
    document: str | None,
    entry: ReviewEntry,
) -> MemberReview:
    member = await find_member(session, Scope.of(principal), entry.member)
    next_member_status(member.status, MemberStep.ANNUAL_REVIEW)
    if await session.get(MemberReview, (member.alliance, member.id, year)) is not None:
        raise Conflict(f"“{member.name}”{year} 年度已有考核结果，如需更正请在该单位页面办理。", code="review_exists")
    now = clock.now()
    review = MemberReview(
        alliance=member.alliance,
        member=member.id,
        year=year,
        grade=entry.grade.value,
        on_date=day,
        opinion=entry.opinion,
        document=document,
        created_at=now,
        updated_at=now,
    )
    session.add(review)
    await session.flush()  # a member twice in one list is found by the next look
    await _put_on_record(session, clock, principal, member, review, day)
    return review


async def _put_on_record(
    session: WriteSession, clock: Clock, principal: Principal, member: Member, review: MemberReview, day: date
) -> None:
    await record_event(
        session,
        clock,
        principal,
        member,
        MemberStep.ANNUAL_REVIEW,
        member.status,
        day,
        opinion=review.opinion,
        document=review.document,
        year=review.year,
        grade=review.grade,
    )
