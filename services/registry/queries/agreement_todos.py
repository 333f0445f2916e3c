"""What waits for the secretariat in agreements: those that end within 7, 30 and 90 days and that nobody renewed."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.kernel.database import AnySession
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.todos import Todo
from services.registry.domain.agreements import WARNING_DAYS, warning_level
from services.registry.queries.agreements import AgreementFilter, matching
from services.registry.tables import Agreement


async def agreement_todos(session: AnySession, scope: Scope, principal: Principal, day: date) -> list[Todo]:
    """One for each level of warning at which agreements stand, the most urgent first; for who may write."""
    if not principal.may(Permission.REGISTRY_WRITE):
        return []
    asked = AgreementFilter(day, expiring_within=max(WARNING_DAYS), unrenewed=True)
    found = (await session.scalars(matching(scope, Agreement, asked))).all()
    ends = [one.until_date for one in found if one.until_date is not None]
    by_level = {level: [end for end in ends if warning_level(end, day) == level] for level in WARNING_DAYS}
    return [_todo(level, by_level[level]) for level in sorted(by_level) if by_level[level]]


def _todo(level: int, ends: Sequence[date]) -> Todo:
    """`due_on` is the last day on which the first of them still holds."""
    return Todo(
        id=f"agreements-expiring-{level}",
        kind="agreements-expiring",
        title=f"{len(ends)} 份协议将在 {level} 天内到期",
        detail="请与签约单位商定续签或到期终止，并登记结果。",
        due_on=min(ends) - timedelta(days=1),
        state="open",
        href=f"/agreements?expiring_within={level}&unrenewed=true",
    )
