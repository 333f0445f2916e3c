"""Teachers with their practice as rows of the workbook: one for each period, or one for who has none."""

from collections.abc import Mapping
from datetime import date, timedelta

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.kernel.workbooks import Value
from services.registry.queries.members import names_of
from services.registry.queries.teaching import TeacherFilter, all_own, applied_rule, periods_of, standings_of
from services.registry.tables import PracticePeriod, Teacher

DAY = timedelta(days=1)


async def teacher_cells(
    session: AnySession, scope: Scope, asked: TeacherFilter, day: date, as_of: date | None = None
) -> list[Mapping[str, Value]]:
    """The rows of the caller's own teachers who match on the day, also by how their practice stands."""
    teachers = await all_own(session, scope, asked, day, as_of)
    rule = await applied_rule(session, scope)
    if asked.standing and rule:
        standings = await standings_of(session, scope, [teacher.id for teacher in teachers], day, rule)
        teachers = [teacher for teacher in teachers if standings[teacher.id] is asked.standing]
    periods = await periods_of(session, scope, [teacher.id for teacher in teachers])
    mentioned = {one.enterprise for found in periods.values() for one in found if one.enterprise}
    names = await names_of(session, scope.alliance, mentioned | {teacher.member for teacher in teachers})
    rows: list[Mapping[str, Value]] = []
    for teacher in teachers:
        own = _own_cells(teacher, names[teacher.member])
        found = periods.get(teacher.id, [])
        rows += [{**own, **_period_cells(one, names.get(one.enterprise) if one.enterprise else None)} for one in found]
        rows += [] if found else [own]
    return rows


def _own_cells(teacher: Teacher, unit: str) -> dict[str, Value]:
    plain: dict[str, Value] = {name: getattr(teacher, name) for name in ("name", "kind", "title", "specialty")}
    return {"unit": unit, **plain, "shared": "yes" if teacher.shared else "no"}


def _period_cells(period: PracticePeriod, member: str | None) -> dict[str, Value]:
    last = period.until_date - DAY if period.until_date else None
    return {"enterprise": member or period.enterprise_name, "from_date": period.from_date, "last_date": last}
