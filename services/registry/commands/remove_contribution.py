"""Take back a contribution that was entered wrongly; what it said stays in the audit, with the reason."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.contribution_rows import contribution_facts, told
from services.registry.commands.telling import tell_collaboration
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.queries.contributions import find_own_contribution


async def remove_contribution(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    collaboration_id: UUID,
    contribution_id: UUID,
    reason: str,
    if_match: str,
) -> None:
    """Load, check version, delete, audit. Raises NotFound, StaleVersion."""
    scope = Scope.of(principal)
    collaboration = await find_collaboration(session, scope, collaboration_id)
    contribution = await find_own_contribution(session, scope, collaboration_id, contribution_id)
    check_version(if_match, contribution.row_version)
    before, data = contribution_facts(contribution), told(contribution)
    await session.delete(contribution)
    action, kind = "contribution.remove", "collaboration"
    await audit(session, clock, principal, action, kind, collaboration_id, before=before, reason=reason)
    concerned = (await details_of(session, scope, [collaboration])).members_of(collaboration_id)
    event = "contribution.removed"
    await tell_collaboration(session, clock, collaboration, concerned, event, data=data, thing=contribution_id)
