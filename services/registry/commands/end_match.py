"""Take back that a major serves a leading industry; earlier days still show it."""

from datetime import date
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.outbox import publish
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.queries.industries import find_match


async def end_match(
    session: WriteSession, clock: Clock, principal: Principal, match_id: UUID, effective_on: date | None, if_match: str
) -> None:
    """Load, check version, delete from the effective day, audit. Raises NotFound, StaleVersion, InvalidInput."""
    match = await find_match(session, Scope.of(principal), match_id)
    check_version(if_match, match.row_version)
    await session.effective_on(effective_day(effective_on, clock))
    before = {"major_code": match.major_code, "industry": str(match.industry), "reason": match.reason}
    await session.delete(match)
    await audit(session, clock, principal, "industry_match.end", "industry_match", match_id, before=before)
    told = {"major_code": match.major_code, "industry": str(match.industry)}
    publish(
        session,
        clock,
        principal.alliance,
        "industry_match.ended",
        object_kind="industry_match",
        object_id=match_id,
        data=told,
    )
