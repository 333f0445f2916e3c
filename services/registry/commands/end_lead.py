"""Record that a unit no longer leads something."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import day_issues, refuse, tell
from services.registry.queries.governance import find_lead
from services.registry.schemas.governance import LeadEnding
from services.registry.tables import Lead


async def end_lead(
    session: WriteSession, clock: Clock, principal: Principal, lead_id: UUID, draft: LeadEnding, if_match: str
) -> Lead:
    """Load, check version and day, date the end, audit. Raises NotFound, StaleVersion, Conflict, InvalidInput."""
    lead = await find_lead(session, Scope.of(principal), lead_id)
    check_version(if_match, lead.row_version)
    if lead.ended_on is not None:
        raise Conflict("这项牵头登记已经终止。", code="lead_ended")
    refuse(day_issues("ended_on", draft.ended_on, clock, after=lead.from_date))
    await session.effective_on(draft.ended_on)
    lead.ended_on = draft.ended_on
    lead.updated_at = clock.now()
    await session.flush()
    after = {"ended_on": draft.ended_on.isoformat()}
    await audit(session, clock, principal, "lead.end", "lead", lead_id, after=after, reason=draft.reason)
    tell(session, clock, principal.alliance, "lead.ended", lead_id, after)
    return lead
