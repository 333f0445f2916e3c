"""Read recognitions of collaborations and members, the rules of plates, and reviews, on a day."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, and_, cast, exists, extract, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.domain.recognitions import LAPSE_NOTICE
from services.registry.queries.collaboration_parts import takes_part
from services.registry.tables import Collaboration, CollaborationReview, Member, PlateRule, Recognition

SORTABLE: Final[dict[str, InstrumentedAttribute[Any]]] = {
    "granted_on": Recognition.granted_on,
    "lapses_on": Recognition.lapses_order,
}


def standing_on(table: type[Recognition], day: date) -> ColumnElement[bool]:
    """`domain.recognitions.stands` as a condition."""
    return and_(
        table.granted_on <= day,
        or_(table.withdrawn_on.is_(None), table.withdrawn_on > day),
        or_(table.lapses_on.is_(None), table.lapses_on > day),
    )


def kind_of() -> ColumnElement[str | None]:
    """As what a recognition is: the kind of its collaboration, or its own; the statement joins the collaboration."""
    return func.coalesce(Collaboration.kind, Recognition.kind)


@dataclass(frozen=True)
class RecognitionFilter:
    """Conditions of the list of recognitions on a day; `lapsing` finds plates that lapse within the notice,
    `review` those that lack a yearly review, `plates` those that lapse at all.
    """

    day: date
    kind: str | None = None
    level: str | None = None
    state: str | None = None
    member: UUID | None = None
    collaboration: UUID | None = None
    plates: bool = False
    lapsing: bool = False
    review_due: bool = False


def _states(day: date) -> dict[str, ColumnElement[bool]]:
    """`domain.recognitions.state_of` as conditions."""
    end = func.least(Recognition.withdrawn_on, Recognition.lapses_on)
    withdrawn = and_(Recognition.withdrawn_on <= day, Recognition.withdrawn_on == end)
    return {
        "standing": standing_on(Recognition, day),
        "withdrawn": withdrawn,
        "lapsed": and_(end <= day, or_(Recognition.withdrawn_on.is_(None), Recognition.withdrawn_on != end)),
    }


def matching(scope: Scope, asked: RecognitionFilter) -> Select[Recognition]:
    """The recognitions that the scope sees and the filter asks for, unsorted."""
    statement = visible_recognitions(scope).where(Recognition.granted_on <= asked.day)
    for column, value in (
        (kind_of(), asked.kind),
        (Recognition.level, asked.level),
        (Recognition.member, asked.member),
        (Recognition.collaboration, asked.collaboration),
    ):
        if value:
            statement = statement.where(column == value)
    if asked.state:
        statement = statement.where(_states(asked.day)[asked.state])
    if asked.plates:
        statement = statement.where(Recognition.lapses_on.is_not(None))
    if asked.lapsing:
        soon = Recognition.lapses_on <= asked.day + LAPSE_NOTICE
        statement = statement.where(soon, standing_on(Recognition, asked.day))
    return statement.where(_review_missing(asked.day)) if asked.review_due else statement


def visible_recognitions(scope: Scope) -> Select[Recognition]:
    """A county sees the recognitions of the collaborations it sees and of its own members."""
    joined = and_(Collaboration.alliance == Recognition.alliance, Collaboration.id == Recognition.collaboration)
    statement = scope.select(Recognition).outerjoin(Collaboration, joined)
    if scope.division is None:
        return statement
    own = scope.limit(select(Member.id), Member)
    return statement.where(or_(Recognition.member.in_(own), takes_part(Collaboration, own)))


def _review_missing(day: date) -> ColumnElement[bool]:
    """`domain.recognitions.due_years` is not empty."""
    rule = at(PlateRule, day)
    first = cast(extract("year", Recognition.granted_on), Integer) + rule.review_every_years
    due = func.generate_series(first, day.year, rule.review_every_years).table_valued("year").render_derived().lateral()
    review = CollaborationReview
    there = (
        exists()
        .where(
            review.alliance == Recognition.alliance,
            review.subject == func.coalesce(Recognition.collaboration, Recognition.id),
            review.year == due.c.year,
            review.reviewed_on <= day,
        )
        .correlate(Recognition, due)
    )
    lacking = (
        select(1)
        .select_from(rule)
        .join(due, ~there)
        .where(rule.alliance == Recognition.alliance, rule.kind == kind_of())
        .correlate(Recognition, Collaboration)
        .exists()
    )
    return and_(standing_on(Recognition, day), lacking)


async def list_recognitions(
    session: AnySession, scope: Scope, asked: RecognitionFilter, page: PageRequest
) -> tuple[list[Recognition], str | None, int]:
    """One page of recognitions, the next cursor, and how many match."""
    order = sort_column(page, SORTABLE, "granted_on")
    return await paginate(session, matching(scope, asked), page, order=order, tie=Recognition.id)


async def count_recognitions(session: AnySession, scope: Scope, asked: RecognitionFilter) -> int:
    """How many recognitions match."""
    found = matching(scope, asked).with_only_columns(func.count(Recognition.id))
    return (await session.execute(found)).scalar_one()


async def find_recognition(
    session: AnySession,
    scope: Scope,
    recognition_id: UUID,
    as_of: date | None = None,
    *,
    collaboration: UUID | None = None,
) -> Recognition:
    """One recognition that the scope sees, granted by the day, of the collaboration if named. Raises NotFound."""
    statement = visible_recognitions(scope).where(Recognition.id == recognition_id)
    if as_of is not None:
        statement = statement.where(Recognition.granted_on <= as_of)
    if collaboration is not None:
        statement = statement.where(Recognition.collaboration == collaboration)
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound("没有这项认定，或它不在您的管辖范围内。", code="recognition_not_found")
    return found


async def plate_rules(session: AnySession, scope: Scope, as_of: date | None) -> list[PlateRule]:
    """The rules of plates, as of a day."""
    table = at(PlateRule, as_of)
    return list((await session.scalars(scope.select(table).order_by(table.kind))).all())


async def rule_of(session: AnySession, scope: Scope, kind: str | None, as_of: date | None = None) -> PlateRule | None:
    """The rule of a kind, as of a day; none when its recognitions do not lapse."""
    table = at(PlateRule, as_of)
    return (await session.scalars(scope.select(table).where(table.kind == kind))).one_or_none()


async def reviews_of(session: AnySession, scope: Scope, subjects: set[UUID], day: date) -> list[CollaborationReview]:
    """The reviews of some collaborations or plates up to a day, newest first."""
    table = CollaborationReview
    statement = scope.select(table).where(table.subject.in_(subjects), table.reviewed_on <= day)
    return list((await session.scalars(statement.order_by(table.year.desc()))).all())


async def names_of_subjects(
    session: AnySession, scope: Scope, found: list[Recognition]
) -> dict[UUID, tuple[str, str, str | None]]:
    """For each recognition: `collaboration` or `member`, the name of it, and as what it is recognised."""
    joined = and_(Collaboration.alliance == Recognition.alliance, Collaboration.id == Recognition.collaboration)
    held = and_(Member.alliance == Recognition.alliance, Member.id == Recognition.member)
    name = func.coalesce(Collaboration.name, Member.name).label("name")
    statement = (
        select(Recognition.id, Recognition.member, name, kind_of().label("kind"))
        .outerjoin(Collaboration, joined)
        .outerjoin(Member, held)
        .where(Recognition.alliance == scope.alliance, Recognition.id.in_([grant.id for grant in found]))
    )
    rows = await session.execute(statement)
    return {row.id: ("member" if row.member else "collaboration", row.name, row.kind) for row in rows}
