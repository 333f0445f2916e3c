"""Change collaborations."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

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
from services.registry.commands.collaboration_trail import Done, tell_done
from services.registry.commands.rows_together import by_day, update_together
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.schemas.collaborations import CollaborationUpdate
from services.registry.tables import Collaboration

Change = tuple[Collaboration, CollaborationUpdate, date]
"""A collaboration, all of what it is to be, and from which day on."""


async def update_collaboration(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    collaboration_id: UUID,
    draft: CollaborationUpdate,
    if_match: str,
) -> Collaboration:
    """Load, check version and fields, change, audit. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    collaboration = await find_collaboration(session, scope, collaboration_id)
    check_version(if_match, collaboration.row_version)
    [issues] = await draft_issues(session, scope, clock, [(draft, collaboration_id)])
    if issues:
        raise InvalidInput(issues)
    day = holds_from(draft, collaboration.status, clock)
    done = await change_all(session, clock, scope, [(collaboration, draft, day)])
    await tell_done(session, clock, principal, done, None)
    return collaboration


async def change_all(session: WriteSession, clock: Clock, scope: Scope, changes: Sequence[Change]) -> list[Done]:
    """Change one row, or several that are locked, by drafts that were checked; the caller tells of them.

    What is no change is not written.
    """
    if not changes:
        return []
    details = await details_of(session, scope, [collaboration for collaboration, _, _ in changes])
    done: dict[UUID, Done] = {}
    for day, some in by_day(changes, lambda change: change[2]).items():
        await session.effective_on(day)
        changed = []
        for collaboration, draft, _ in some:
            former = details.parts.get(collaboration.id, {})
            concerned = {*former, *draft.parts, *_holders(collaboration)}
            before = facts(collaboration, former)
            fill(collaboration, draft)
            one = Done("update", collaboration, concerned, before, facts(collaboration, draft.parts))
            done[collaboration.id] = one
            if one.before != one.after:
                touch(collaboration, clock)
                changed.append((collaboration, draft.parts))
        await set_participants(session, scope.alliance, changed, details.parts)
        await update_together(session, Collaboration, [collaboration for collaboration, _ in changed])
        await session.flush()  # participants that are new
    return [done[collaboration.id] for collaboration, _, _ in changes]


def _holders(collaboration: Collaboration) -> set[UUID]:
    return {member for member in (collaboration.host_member, collaboration.lead_member) if member}
