"""Record what a member put into a collaboration."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.contribution_rows import contribution_facts, contribution_issues, told
from services.registry.commands.telling import tell_collaboration
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.schemas.contributions import ContributionWrite
from services.registry.tables import Contribution


async def add_contribution(
    session: WriteSession, clock: Clock, principal: Principal, collaboration_id: UUID, draft: ContributionWrite
) -> Contribution:
    """Load, check, insert, audit. Raises NotFound, InvalidInput."""
    scope = Scope.of(principal)
    collaboration = await find_collaboration(session, scope, collaboration_id)
    details = await details_of(session, scope, [collaboration])
    issues = await contribution_issues(session, principal, clock, collaboration, details, draft)
    if issues:
        raise InvalidInput(issues)
    now = clock.now()
    contribution = Contribution(
        alliance=principal.alliance,
        id=new_id(),
        collaboration=collaboration_id,
        created_by=principal.subject,
        created_at=now,
        updated_at=now,
        **draft.model_dump(),
    )
    session.add(contribution)
    await session.flush()  # its version goes into the answer's ETag
    after = contribution_facts(contribution)
    await audit(session, clock, principal, "contribution.add", "collaboration", collaboration_id, after=after)
    event, concerned, data = "contribution.added", details.members_of(collaboration_id), told(contribution)
    await tell_collaboration(session, clock, collaboration, concerned, event, data=data, thing=contribution.id)
    return contribution
