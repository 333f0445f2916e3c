"""Read the steps of members, yearly reviews, and what the exit of a member touches."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, desc, func, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.domain.life_cycle import MemberStep, ReviewGrade
from services.registry.domain.members import MemberStatus
from services.registry.tables import Member, MemberEvent, MemberReview


async def steps_of(session: AnySession, scope: Scope, member_id: UUID, as_of: date | None = None) -> list[MemberEvent]:
    """A member's steps, newest first; the caller has made sure that the scope sees the member."""
    table = at(MemberEvent, as_of)
    statement = scope.select(table).where(table.member == member_id)
    ordered = statement.order_by(desc(table.effective_on), desc(table.no))
    return list((await session.scalars(ordered)).all())


async def find_review(session: AnySession, scope: Scope, member_id: UUID, year: int) -> MemberReview:
    """The grade of a member and year. Raises NotFound."""
    own = (MemberReview.member == member_id, MemberReview.year == year)
    found = (await session.scalars(scope.select(MemberReview).where(*own))).one_or_none()
    if found is None:
        raise NotFound("该单位这一年度还没有考核结果。", code="review_not_found")
    return found


async def reviews_of(
    session: AnySession, scope: Scope, member_id: UUID, as_of: date | None = None
) -> list[MemberReview]:
    """A member's grades, newest year first."""
    table = at(MemberReview, as_of)
    statement = scope.select(table).where(table.member == member_id).order_by(desc(table.year))
    return list((await session.scalars(statement)).all())


@dataclass(frozen=True)
class ReviewFilter:
    """Conditions of one year's list; `ungraded` leaves those who have a grade out."""

    year: int
    category: str | None = None
    division: str | None = None
    grade: ReviewGrade | None = None
    ungraded: bool = False


async def list_reviews(
    session: AnySession, scope: Scope, asked: ReviewFilter, page: PageRequest, as_of: date | None
) -> tuple[list[Member], dict[UUID, MemberReview], str | None, int]:
    """The members of that day by name with their grades of one year, the next cursor, and how many match."""
    member, review = at(Member, as_of), at(MemberReview, as_of)
    joined = and_(review.alliance == member.alliance, review.member == member.id, review.year == asked.year)
    statement = scope.select(member).outerjoin(review, joined)
    if scope.member is not None:
        statement = statement.where(member.id == scope.member)  # a unit sees its own grade only
    if asked.category:
        statement = statement.where(member.category == asked.category)
    if asked.division:
        statement = statement.where(member.division == asked.division)
    if asked.grade:
        statement = statement.where(review.grade == asked.grade.value)
    left = member.status == MemberStatus.EXITED
    statement = (
        statement.where(review.grade.is_(None), ~left)
        if asked.ungraded
        else statement.where(review.grade.is_not(None) | ~left)
    )
    order = sort_column(page, {"name": member.sort_key, "category": member.category}, "name")
    members, cursor, total = await paginate(session, statement, page, order=order, tie=member.id)
    return members, await _grades(session, scope, asked.year, [one.id for one in members], as_of), cursor, total


async def _grades(
    session: AnySession, scope: Scope, year: int, members: list[UUID], as_of: date | None
) -> dict[UUID, MemberReview]:
    review = at(MemberReview, as_of)
    statement = scope.select(review).where(review.year == year, review.member.in_(members))
    return {found.member: found for found in (await session.scalars(statement)).all()}


async def overdue_rectifications(session: AnySession, scope: Scope) -> list[tuple[UUID, str, date]]:
    """The members that are still rectifying, with the deadline of their last order."""
    newest = (
        select(func.max(MemberEvent.deadline))
        .where(
            MemberEvent.alliance == Member.alliance,
            MemberEvent.member == Member.id,
            MemberEvent.step == MemberStep.RECTIFICATION.value,
        )
        .scalar_subquery()
    )
    statement = scope.limit(select(Member.id, Member.name, newest.label("deadline")), Member)
    rectifying = statement.where(Member.status == MemberStatus.RECTIFYING, newest.is_not(None))
    rows = await session.execute(rectifying.order_by(newest, Member.sort_key))
    return [(row.id, row.name, row.deadline) for row in rows]
