"""Create collaborations."""

from collections.abc import Sequence
from datetime import date

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.collaboration_rows import (
    begins_on,
    draft_issues,
    facts,
    fill,
    set_participants,
)
from services.registry.commands.collaboration_trail import Done, tell_done
from services.registry.commands.rows_together import by_day, update_together
from services.registry.domain.collaborations import CollaborationStatus
from services.registry.schemas.collaborations import CollaborationCreate
from services.registry.tables import Collaboration


async def create_collaboration(
    session: WriteSession, clock: Clock, principal: Principal, draft: CollaborationCreate
) -> Collaboration:
    """Check, insert with participants, audit. Raises InvalidInput."""
    [issues] = await draft_issues(session, Scope.of(principal), clock, [(draft, None)])
    if issues:
        raise InvalidInput(issues)
    [made] = await enter_all(session, clock, principal.alliance, [(draft, begins_on(draft, clock))])
    await tell_done(session, clock, principal, [made], None)
    return made.collaboration


async def enter_all(
    session: WriteSession, clock: Clock, alliance: str, drafts: Sequence[tuple[CollaborationCreate, date]]
) -> list[Done]:
    """Put in drafts that were checked, each from its day on; the caller tells of them."""
    now = clock.now()
    made = [(Collaboration(alliance=alliance, id=new_id(), created_at=now, updated_at=now), *one) for one in drafts]
    for day, some in by_day(made, lambda one: one[2]).items():
        await session.effective_on(day)
        for collaboration, draft, _ in some:
            fill(collaboration, draft)
            if draft.ended_on is not None:  # it ran until then
                running = (CollaborationStatus.ACTIVE, None, None)
                collaboration.status, collaboration.ended_on, collaboration.end_reason = running
            session.add(collaboration)
        await session.flush()  # participants refer to these rows, and their versions go into the ETags
        await set_participants(
            session, alliance, [(collaboration, draft.parts) for collaboration, draft, _ in some], {}
        )
        await session.flush()  # before the next day
    ended = [(collaboration, draft, draft.ended_on) for collaboration, draft, _ in made if draft.ended_on is not None]
    for day, some_ended in by_day(ended, lambda one: one[2]).items():
        await session.effective_on(day)
        for collaboration, draft, _ in some_ended:
            fill(collaboration, draft)
        await update_together(session, Collaboration, [collaboration for collaboration, _, _ in some_ended])
    return [Done("create", one, {*draft.parts}, after=facts(one, draft.parts)) for one, draft, _ in made]
