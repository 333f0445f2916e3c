"""Read teachers: those of one's own units, those that are shared, their practice and the rule that applies to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, or_, select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.registry_words import TEACHER_KINDS
from services.kernel.tenancy import Scope
from services.registry.domain.practice_months import PracticeRule, Span, Standing, practice_on
from services.registry.domain.touches import Touch
from services.registry.queries.kept_units import kept_by
from services.registry.queries.members import belonging
from services.registry.tables import Member, PolicyVersion, PracticePeriod, Teacher


@dataclass(frozen=True)
class TeacherFilter:
    """Conditions of a list; `standing` is how the practice stands on the day."""

    q: str | None = None
    member: UUID | None = None
    kind: str | None = None
    shared: bool | None = None
    standing: Standing | None = None


@dataclass(frozen=True)
class AppliedRule:
    """The rule of practice and where it is written."""

    rule: PracticeRule
    pack: str
    article: str


async def applied_rule(session: AnySession, scope: Scope) -> AppliedRule | None:
    """What the applied policy documents require of teachers' practice; of several, that of the one applied last."""
    statement = scope.select(PolicyVersion).order_by(PolicyVersion.applied_at, PolicyVersion.version)
    newest = {version.pack: version for version in await session.scalars(statement)}
    asked = [(found, found.structure.get("teacher_practice")) for found in newest.values()]
    found = [(version, rule) for version, rule in asked if rule]
    if not found:
        return None
    version, rule = max(found, key=lambda one: one[0].applied_at)
    return AppliedRule(PracticeRule(rule["months"], rule["window_years"]), version.pack, rule["article"])


def _matching(scope: Scope, asked: TeacherFilter, day: date, table: type[Teacher]) -> Select[Teacher]:
    """The teachers of a day who have not left."""
    statement = scope.select(table).where(or_(table.left_on.is_(None), table.left_on > day))
    if asked.member:
        statement = statement.where(table.member == asked.member)
    if asked.kind:
        statement = statement.where(table.kind == asked.kind)
    if asked.shared is not None:
        statement = statement.where(table.shared.is_(asked.shared))
    if asked.q:
        statement = statement.where(table.search_text.contains(asked.q.strip().lower(), autoescape=True))
    return statement


async def list_own(
    session: AnySession,
    scope: Scope,
    asked: TeacherFilter,
    page: PageRequest,
    day: date,
    as_of: date | None,
    rule: AppliedRule | None,
) -> tuple[list[Teacher], str | None, int]:
    """One page of the teachers of the caller's units by name."""
    table = at(Teacher, as_of)
    statement = _matching(scope, asked, day, table).where(kept_by(scope, table.member))
    if asked.standing and rule:
        standings = await standings_of(session, scope, await _ids(session, statement, table), day, rule)
        chosen = [teacher for teacher, standing in standings.items() if standing is asked.standing]
        statement = statement.where(table.id.in_(chosen))
    order = sort_column(page, {"name": table.sort_key, "kind": table.kind}, "name")
    return await paginate(session, statement, page, order=order, tie=table.id)


async def all_own(
    session: AnySession, scope: Scope, asked: TeacherFilter, day: date, as_of: date | None = None
) -> list[Teacher]:
    """Every teacher of the caller's units who matches, by name; how the practice stands is not looked at."""
    table = at(Teacher, as_of)
    statement = _matching(scope, asked, day, table).where(kept_by(scope, table.member))
    return list((await session.scalars(statement.order_by(table.sort_key, table.id))).all())


async def list_shared(
    session: AnySession, scope: Scope, asked: TeacherFilter, page: PageRequest, day: date, as_of: date | None
) -> tuple[list[Teacher], str | None, int]:
    """One page of the shared teachers of all units that belong to the alliance, by unit: a name does not order them."""
    table, units = at(Teacher, as_of), at(Member, as_of)
    belong = select(units.id).where(units.alliance == scope.alliance, belonging(units, day))
    shared = TeacherFilter(member=asked.member, kind=asked.kind, shared=True)
    statement = _matching(scope, shared, day, table).where(table.member.in_(belong))
    if asked.q:
        statement = statement.where(table.specialty.contains(asked.q.strip(), autoescape=True))
    order = sort_column(page, {"member": table.member}, "member")
    return await paginate(session, statement, page, order=order, tie=table.id)


async def find_own(session: AnySession, scope: Scope, teacher: UUID, as_of: date | None = None) -> Teacher:
    """A teacher of the caller's units. Raises NotFound."""
    table = at(Teacher, as_of)
    statement = scope.select(table).where(table.id == teacher, kept_by(scope, table.member))
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound("没有这位教师，或其所在单位不归您维护。", code="teacher_not_found")
    return found


async def _ids(session: AnySession, statement: Select[Teacher], table: type[Teacher]) -> list[UUID]:
    return list((await session.scalars(statement.with_only_columns(table.id))).all())


async def periods_of(
    session: AnySession, scope: Scope, teachers: Iterable[UUID]
) -> Mapping[UUID, list[PracticePeriod]]:
    """The practice periods on record of some teachers, newest first."""
    table = PracticePeriod
    statement = scope.select(table).where(table.teacher.in_([*teachers]))
    periods: dict[UUID, list[PracticePeriod]] = {}
    for period in await session.scalars(statement.order_by(table.from_date.desc(), table.id)):
        periods.setdefault(period.teacher, []).append(period)
    return periods


def spans(periods: Iterable[PracticePeriod]) -> list[Span]:
    """Periods as the rules take them."""
    return [Span(period.from_date, period.until_date) for period in periods]


async def standings_of(
    session: AnySession, scope: Scope, teachers: Iterable[UUID], day: date, rule: AppliedRule
) -> dict[UUID, Standing]:
    """How the practice of each teacher stands on a day."""
    ids = [*teachers]
    periods = await periods_of(session, scope, ids)
    return {one: practice_on(spans(periods.get(one, [])), day, rule.rule).standing for one in ids}


async def find_period(session: AnySession, scope: Scope, teacher: UUID, period: UUID) -> PracticePeriod:
    """A practice period of a teacher. Raises NotFound."""
    same = (PracticePeriod.teacher == teacher, PracticePeriod.id == period)
    found = (await session.scalars(scope.select(PracticePeriod).where(*same))).one_or_none()
    if found is None:
        raise NotFound("这位教师没有这段企业实践。", code="period_not_found")
    return found


async def touched_by(session: AnySession, scope: Scope, member: UUID) -> list[Touch]:
    """The teachers of a member who have not left, and practice in it that goes on; without the persons' names."""
    teachers = scope.select(Teacher).where(Teacher.member == member, Teacher.left_on.is_(None))
    periods = scope.select(PracticePeriod).where(
        PracticePeriod.enterprise == member, PracticePeriod.until_date.is_(None)
    )
    return [
        *(
            Touch("师资", one.id, f"{TEACHER_KINDS[one.kind]}教师 {one.specialty or ''}".strip(), f"/teachers/{one.id}")
            for one in await session.scalars(teachers.order_by(Teacher.sort_key, Teacher.id))
        ),
        *(
            Touch("企业实践", one.id, f"{one.from_date.isoformat()} 起的教师企业实践", f"/teachers/{one.teacher}")
            for one in await session.scalars(periods.order_by(PracticePeriod.from_date, PracticePeriod.id))
        ),
    ]
