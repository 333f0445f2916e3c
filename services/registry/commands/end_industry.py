"""Record that an industry is no longer a leading one; its enterprises and matches end with it."""

from datetime import date
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.industry_rows import facts, set_enterprises, tell_industry
from services.registry.queries.industries import find_industry
from services.registry.tables import IndustryMatch


async def end_industry(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    industry_id: UUID,
    effective_on: date | None,
    if_match: str,
) -> None:
    """Load, check, delete from the effective day with what hangs on it, audit. Raises NotFound, StaleVersion."""
    scope = Scope.of(principal)
    industry = await find_industry(session, scope, industry_id)
    check_version(if_match, industry.row_version)
    await session.effective_on(effective_day(effective_on, clock))
    former = await set_enterprises(session, industry, [])
    for match in await session.scalars(scope.select(IndustryMatch).where(IndustryMatch.industry == industry_id)):
        await session.delete(match)
    await session.flush()  # what refers to the row goes first
    await session.delete(industry)
    kind = "leading_industry"
    await audit(session, clock, principal, f"{kind}.end", kind, industry_id, before=facts(industry, former))
    tell_industry(session, clock, industry, f"{kind}.ended")
