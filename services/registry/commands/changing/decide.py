"""What a person decides about a change set: apply, undo, discard. The work itself is a job."""

from datetime import date
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.changing.start import APPLY, UNDO, queue
from services.registry.domain.change_sets import ChangeState, move
from services.registry.queries.change_sets import find_change_set, may_be_undone
from services.registry.tables import ChangeSet


async def request_application(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    set_id: UUID,
    seen: str,
    effective_on: date | None,
    reason: str | None,
) -> ChangeSet:
    """Queue the application of a set that is ready. Raises NotFound, StaleVersion, Conflict, InvalidInput."""
    found = await _seen(session, principal, set_id, seen)
    found.state = move(found.state, ChangeState.APPLYING)
    if effective_on is not None:
        found.effective_on = effective_day(effective_on, clock)
    found.reason = reason or found.reason
    return await _queued(session, clock, principal, found, APPLY)


async def request_undoing(
    session: WriteSession, clock: Clock, principal: Principal, set_id: UUID, seen: str
) -> ChangeSet:
    """Queue the undoing of a set that was applied. Raises NotFound, StaleVersion, Conflict."""
    found = await _seen(session, principal, set_id, seen)
    found.state = move(found.state, ChangeState.UNDOING)
    if not await may_be_undone(session, found):
        raise Conflict("这批改动的明细已过保留期，不能再撤销；请逐条修改。", code="change_set_forgotten")
    return await _queued(session, clock, principal, found, UNDO)


async def discard(session: WriteSession, clock: Clock, principal: Principal, set_id: UUID, seen: str) -> ChangeSet:
    """Put a set away that was not applied. Raises NotFound, StaleVersion, Conflict."""
    found = await _seen(session, principal, set_id, seen)
    found.state = move(found.state, ChangeState.DISCARDED)
    found.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    await audit(session, clock, principal, "change_set.discard", "change_set", set_id)
    return found


async def _seen(session: WriteSession, principal: Principal, set_id: UUID, seen: str) -> ChangeSet:
    found = await find_change_set(session, Scope.of(principal), set_id)
    check_version(seen, found.row_version)
    return found


async def _queued(session: WriteSession, clock: Clock, principal: Principal, found: ChangeSet, kind: str) -> ChangeSet:
    found.job = await queue(session, clock, principal, kind, found)
    found.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    return found
