"""Change what was recorded of a contribution."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.contribution_rows import contribution_facts, contribution_issues, told
from services.registry.commands.telling import tell_collaboration
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.queries.contributions import find_own_contribution
from services.registry.schemas.contributions import ContributionWrite
from services.registry.tables import Contribution


async def change_contribution(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    collaboration_id: UUID,
    contribution_id: UUID,
    draft: ContributionWrite,
    if_match: str,
) -> Contribution:
    """Load, check version and fields, change, audit. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    collaboration = await find_collaboration(session, scope, collaboration_id)
    contribution = await find_own_contribution(session, scope, collaboration_id, contribution_id)
    check_version(if_match, contribution.row_version)
    details = await details_of(session, scope, [collaboration])
    issues = await contribution_issues(session, principal, clock, collaboration, details, draft)
    if issues:
        raise InvalidInput(issues)
    before = contribution_facts(contribution)
    for name, value in draft.model_dump().items():
        setattr(contribution, name, value)
    after = contribution_facts(contribution)
    if before == after:
        return contribution
    contribution.updated_at = clock.now()
    await session.flush()  # the new version goes into the answer's ETag
    action, kind = "contribution.change", "collaboration"
    await audit(session, clock, principal, action, kind, collaboration_id, before=before, after=after)
    event, concerned, data = "contribution.changed", details.members_of(collaboration_id), told(contribution)
    await tell_collaboration(session, clock, collaboration, concerned, event, data=data, thing=contribution.id)
    return contribution
