"""Record a leading industry."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.industry_rows import FIELDS, check_industry, facts, set_enterprises, tell_industry
from services.registry.schemas.coverage import IndustryWrite
from services.registry.tables import LeadingIndustry


async def create_industry(
    session: WriteSession, clock: Clock, principal: Principal, draft: IndustryWrite
) -> LeadingIndustry:
    """Check, insert with the lead enterprises, audit. Raises InvalidInput."""
    await check_industry(session, Scope.of(principal), draft, None)
    await session.effective_on(effective_day(draft.effective_on, clock))
    now = clock.now()
    values = {name: getattr(draft, name) for name in FIELDS}
    industry = LeadingIndustry(alliance=principal.alliance, id=new_id(), created_at=now, updated_at=now, **values)
    session.add(industry)
    await session.flush()  # the enterprises refer to this row, and its version goes into the answer's ETag
    await set_enterprises(session, industry, draft.enterprises)
    await session.flush()  # the answer reads the enterprises back
    after = facts(industry, [str(member) for member in draft.enterprises])
    kind = "leading_industry"
    await audit(session, clock, principal, f"{kind}.create", kind, industry.id, after=after)
    tell_industry(session, clock, industry, f"{kind}.created")
    return industry
