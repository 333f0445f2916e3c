"""What the commands on practice periods share: checks, the enterprise, and what goes to the audit."""

from typing import Any

from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.tenancy import Scope
from services.registry.commands.teacher_rows import tell_teacher
from services.registry.domain.teaching import period_issues
from services.registry.queries.members import names_of
from services.registry.schemas.teaching import PeriodWrite
from services.registry.tables import Member, PracticePeriod, Teacher

FIELDS = ("enterprise", "enterprise_name", "from_date", "until_date")


async def check_period(session: AnySession, scope: Scope, draft: PeriodWrite) -> None:
    """Raises InvalidInput with every fault; any member may be the enterprise, also one of another county."""
    issues = period_issues(draft.enterprise, draft.enterprise_name, draft.from_date, draft.until_date)
    if draft.enterprise and not await names_of(session, scope.alliance, {draft.enterprise}):
        issues.append(FieldIssue("enterprise", "member_unknown", "没有登记这家成员单位，请选择或改填企业名称。"))
    if issues:
        raise InvalidInput(issues)


def fill(period: PracticePeriod, draft: PeriodWrite) -> None:
    """Set every field."""
    for name in FIELDS:
        setattr(period, name, getattr(draft, name))


def facts(period: PracticePeriod) -> dict[str, Any]:
    """The fields as JSON for the audit."""
    plain = {name: getattr(period, name) for name in FIELDS}
    return {"period": str(period.id), **{name: None if v is None else str(v) for name, v in plain.items()}}


async def tell_practice(session: WriteSession, clock: Clock, teacher: Teacher) -> None:
    """Tell the unit and its county that a teacher's practice changed."""
    unit = await session.get_one(Member, (teacher.alliance, teacher.member))
    tell_teacher(session, clock, unit, teacher, "teacher.practice_changed")
