"""Create a collaboration."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.collaboration_rows import begins_on, draft_issues, facts, fill, set_participants
from services.registry.commands.telling import tell_collaboration
from services.registry.domain.collaborations import CollaborationStatus
from services.registry.schemas.collaborations import CollaborationCreate
from services.registry.tables import Collaboration


async def create_collaboration(
    session: WriteSession, clock: Clock, principal: Principal, draft: CollaborationCreate, reason: str | None = None
) -> Collaboration:
    """Check, insert with participants, audit. Raises InvalidInput."""
    issues = await draft_issues(session, Scope.of(principal), clock, draft, None)
    if issues:
        raise InvalidInput(issues)
    await session.effective_on(begins_on(draft, clock))
    now = clock.now()
    collaboration = Collaboration(alliance=principal.alliance, id=new_id(), created_at=now, updated_at=now)
    fill(collaboration, draft)
    if draft.ended_on is not None:
        collaboration.status, collaboration.ended_on, collaboration.end_reason = CollaborationStatus.ACTIVE, None, None
    session.add(collaboration)
    await session.flush()  # participants refer to this row, and its version goes into the ETag
    await set_participants(session, collaboration, draft.parts)
    if draft.ended_on is not None:  # it ran until then
        await session.effective_on(draft.ended_on)
        fill(collaboration, draft)
        await session.flush()  # as above
    done = (session, clock, principal, "collaboration.create", "collaboration", collaboration.id)
    await audit(*done, after=facts(collaboration, draft.parts), reason=reason)
    await tell_collaboration(session, clock, collaboration, {*draft.parts}, "collaboration.created")
    return collaboration
