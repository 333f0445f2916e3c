"""What the commands on contributions share: for whom the caller may speak, what is checked, what goes to the audit."""

from typing import Any

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.queries.collaborations import Details
from services.registry.queries.kept_units import kept_among
from services.registry.schemas.contributions import ContributionWrite
from services.registry.tables import Collaboration, Contribution


async def contribution_issues(
    session: AnySession,
    principal: Principal,
    clock: Clock,
    collaboration: Collaboration,
    details: Details,
    draft: ContributionWrite,
) -> list[FieldIssue]:
    """A unit that takes no part or is not the caller's, and a day that has not come."""
    issues = []
    taking_part = details.members_of(collaboration.id) | {collaboration.host_member, collaboration.lead_member}
    if draft.member not in taking_part:
        issues.append(FieldIssue("member", "member_without_part", "该单位没有参加这个合作载体，请先登记为合作方。"))
    elif draft.member not in await kept_among(session, Scope.of(principal), {draft.member}):
        issues.append(FieldIssue("member", "member_not_own", "只能登记本单位（本县区单位）的投入。"))
    if draft.on_date > business_date(clock):
        issues.append(FieldIssue("on_date", "date_in_future", "投入日期晚于今天，请核对。"))
    return issues


def contribution_facts(contribution: Contribution) -> dict[str, Any]:
    """The fields as JSON for the audit."""
    names = ("id", "member", "kind", "description", "value", "on_date", "evidence")
    values = {name: getattr(contribution, name) for name in names}
    return {name: str(value) if value is not None else None for name, value in values.items()}


def told(contribution: Contribution) -> dict[str, Any]:
    """What an event says of a contribution."""
    value = str(contribution.value) if contribution.value is not None else None
    return {"contribution_kind": contribution.kind, "member": str(contribution.member), "value": value}
