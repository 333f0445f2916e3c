"""Change a leading industry and its lead enterprises."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.industry_rows import FIELDS, check_industry, facts, set_enterprises, tell_industry
from services.registry.queries.industries import find_industry
from services.registry.schemas.coverage import IndustryWrite
from services.registry.tables import LeadingIndustry


async def change_industry(
    session: WriteSession, clock: Clock, principal: Principal, industry_id: UUID, draft: IndustryWrite, if_match: str
) -> LeadingIndustry:
    """Load, check, change from the effective day, audit. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    industry = await find_industry(session, scope, industry_id)
    check_version(if_match, industry.row_version)
    await check_industry(session, scope, draft, industry_id)
    await session.effective_on(effective_day(draft.effective_on, clock))
    before: dict[str, Any] = {name: getattr(industry, name) for name in FIELDS}
    for name in FIELDS:
        setattr(industry, name, getattr(draft, name))
    former = await set_enterprises(session, industry, draft.enterprises)
    after = facts(industry, [str(member) for member in draft.enterprises])
    before["enterprises"] = former
    if before == after:
        return industry
    industry.updated_at = clock.now()
    flag_modified(industry, "updated_at")  # the enterprises count as a part of it, also when the clock stood still
    await session.flush()  # the new row version goes into the answer's ETag
    kind = "leading_industry"
    await audit(session, clock, principal, f"{kind}.update", kind, industry.id, before=before, after=after)
    tell_industry(session, clock, industry, f"{kind}.updated")
    return industry
