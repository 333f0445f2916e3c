"""Teachers as the wire shows them: with unit, practice on the day, and the rule that applies."""

from collections.abc import Sequence
from datetime import date

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.domain.practice_months import (
    PracticeRule,
    Span,
    Standing,
    falls_short_on,
    practice_on,
    shown_months,
)
from services.registry.queries.members import names_of
from services.registry.queries.teaching import AppliedRule, TeacherFilter, all_own, periods_of, spans, standings_of
from services.registry.schemas.teaching import (
    PeriodRead,
    PracticeOverview,
    PracticeRead,
    PracticeRuleRead,
    SharedTeacher,
    TeacherRead,
    TeacherSummary,
)
from services.registry.tables import PracticePeriod, Teacher

PLAIN = ("id", "member", "name", "kind", "title", "specialty", "shared", "left_on")
OPEN = ("id", "member", "kind", "title", "specialty")


def rule_read(applied: AppliedRule | None) -> PracticeRuleRead | None:
    """The rule on the wire."""
    if applied is None:
        return None
    rule = {"months": applied.rule.months, "window_years": applied.rule.window_years}
    return PracticeRuleRead(**rule, pack=applied.pack, article=applied.article)


def practice_read(found: Sequence[Span], day: date, rule: PracticeRule) -> PracticeRead:
    """The practice on a day."""
    practice = practice_on(found, day, rule)
    return PracticeRead(
        months=shown_months(practice.months),
        required=rule.months,
        window_from=practice.window_from,
        standing=practice.standing,
    )


async def read_teachers(
    session: AnySession, scope: Scope, teachers: Sequence[Teacher], day: date, applied: AppliedRule | None
) -> list[TeacherSummary]:
    """Teachers for a list of one's own units."""
    names = await names_of(session, scope.alliance, {teacher.member for teacher in teachers})
    periods = await periods_of(session, scope, [teacher.id for teacher in teachers])
    return [
        TeacherSummary(
            **{name: getattr(teacher, name) for name in PLAIN},
            member_name=names[teacher.member],
            practice=practice_read(spans(periods.get(teacher.id, [])), day, applied.rule) if applied else None,
        )
        for teacher in teachers
    ]


async def read_shared(session: AnySession, scope: Scope, teachers: Sequence[Teacher]) -> list[SharedTeacher]:
    """Shared teachers, without their names."""
    names = await names_of(session, scope.alliance, {teacher.member for teacher in teachers})
    return [
        SharedTeacher(**{name: getattr(teacher, name) for name in OPEN}, member_name=names[teacher.member])
        for teacher in teachers
    ]


async def read_teacher(
    session: AnySession, scope: Scope, teacher: Teacher, day: date, applied: AppliedRule | None
) -> TeacherRead:
    """One teacher with the practice periods, and when what is on record will no longer be enough."""
    (summary,) = await read_teachers(session, scope, [teacher], day, applied)
    periods = (await periods_of(session, scope, [teacher.id])).get(teacher.id, [])
    if applied and summary.practice:
        summary.practice.falls_short_on = falls_short_on(spans(periods), day, applied.rule)
    return TeacherRead(
        **summary.model_dump(),
        rule=rule_read(applied),
        periods=await read_periods(session, scope, periods),
        row_version=teacher.row_version,
    )


async def read_periods(session: AnySession, scope: Scope, periods: Sequence[PracticePeriod]) -> list[PeriodRead]:
    """Practice periods with the names of their enterprises."""
    names = await names_of(session, scope.alliance, {one.enterprise for one in periods if one.enterprise})
    return [
        PeriodRead(
            id=one.id,
            enterprise=one.enterprise,
            enterprise_name=names[one.enterprise] if one.enterprise else one.enterprise_name or "",
            from_date=one.from_date,
            until_date=one.until_date,
            row_version=one.row_version,
        )
        for one in periods
    ]


async def read_overview(
    session: AnySession, scope: Scope, day: date, as_of: date | None, applied: AppliedRule | None
) -> PracticeOverview:
    """How many teachers of the caller's units stand how."""
    teachers = await all_own(session, scope, TeacherFilter(), day, as_of)
    counts = dict.fromkeys(Standing, 0)
    if applied:
        standings = await standings_of(session, scope, [teacher.id for teacher in teachers], day, applied)
        for standing in standings.values():
            counts[standing] += 1
    return PracticeOverview(
        as_of=day,
        rule=rule_read(applied),
        counts={str(key): n for key, n in counts.items()} if applied else {},
        total=len(teachers),
    )
