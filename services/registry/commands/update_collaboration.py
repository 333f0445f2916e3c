"""Change a collaboration."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.collaboration_rows import (
    draft_issues,
    facts,
    fill,
    holds_from,
    set_participants,
    touch,
)
from services.registry.commands.telling import tell_collaboration
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.schemas.collaborations import CollaborationUpdate
from services.registry.tables import Collaboration


async def update_collaboration(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    collaboration_id: UUID,
    draft: CollaborationUpdate,
    if_match: str,
    reason: str | None = None,
) -> Collaboration:
    """Load, check version and fields, change, audit. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    collaboration = await find_collaboration(session, scope, collaboration_id)
    check_version(if_match, collaboration.row_version)
    issues = await draft_issues(session, scope, clock, draft, collaboration_id)
    if issues:
        raise InvalidInput(issues)
    details = await details_of(session, scope, [collaboration])
    former = details.parts.get(collaboration.id, {})
    concerned = {*former, *draft.parts, *_holders(collaboration)}
    before = facts(collaboration, former)
    await session.effective_on(holds_from(draft, collaboration.status, clock))
    fill(collaboration, draft)
    after = facts(collaboration, draft.parts)
    if before == after:
        return collaboration
    touch(collaboration, clock)
    await set_participants(session, collaboration, draft.parts)
    await session.flush()  # the new row version goes into the answer's ETag
    done = (session, clock, principal, "collaboration.update", "collaboration", collaboration.id)
    await audit(*done, before=before, after=after, reason=reason)
    await tell_collaboration(session, clock, collaboration, concerned, "collaboration.updated")
    return collaboration


def _holders(collaboration: Collaboration) -> set[UUID]:
    return {member for member in (collaboration.host_member, collaboration.lead_member) if member}
