"""Decide that a major, or every major whose code begins so, serves a leading industry."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput, NotFound
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.outbox import publish
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.queries.industries import find_industry
from services.registry.schemas.coverage import MatchCreate
from services.registry.tables import IndustryMatch


async def match_industry(
    session: WriteSession, clock: Clock, principal: Principal, draft: MatchCreate
) -> IndustryMatch:
    """Check, insert, audit. Raises InvalidInput."""
    scope = Scope.of(principal)
    try:
        await find_industry(session, scope, draft.industry)
    except NotFound as absent:
        raise InvalidInput([FieldIssue("industry", "industry_unknown", absent.detail)]) from absent
    same = (IndustryMatch.major_code == draft.major_code, IndustryMatch.industry == draft.industry)
    if (await session.scalars(scope.select(IndustryMatch).where(*same))).first() is not None:
        raise InvalidInput([FieldIssue("major_code", "match_taken", "这个代码已对接这个产业，不用重复登记。")])
    await session.effective_on(effective_day(draft.effective_on, clock))
    now = clock.now()
    values = {"major_code": draft.major_code, "industry": draft.industry, "reason": draft.reason}
    match = IndustryMatch(alliance=principal.alliance, id=new_id(), created_at=now, updated_at=now, **values)
    session.add(match)
    await session.flush()  # the row version that the answer's ETag carries is made here
    after = {**values, "industry": str(draft.industry)}
    await audit(session, clock, principal, "industry_match.create", "industry_match", match.id, after=after)
    told = {"major_code": draft.major_code, "industry": str(draft.industry)}
    publish(
        session,
        clock,
        principal.alliance,
        "industry_match.created",
        object_kind="industry_match",
        object_id=match.id,
        data=told,
    )
    return match
