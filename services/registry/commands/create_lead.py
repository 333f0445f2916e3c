"""Record that a unit leads the alliance or one of its undertakings."""

from typing import Any, Final

from sqlalchemy import func, select

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import day_issues, facts, refuse, tell, unknown_members
from services.registry.queries.governance import names_on
from services.registry.schemas.governance import LeadCreate
from services.registry.tables import Lead, Member

FACTS: Final = ("member", "unit_name", "scope", "from_date", "pack", "article")


async def create_lead(session: WriteSession, clock: Clock, principal: Principal, draft: LeadCreate) -> Lead:
    """Check, insert, audit, tell. Raises InvalidInput."""
    scope = Scope.of(principal)
    names = await names_on(session, scope.alliance, Member, [draft.member], None)
    unit = draft.unit_name or (names.get(draft.member, "") if draft.member else "")
    issues = await unknown_members(session, scope, {"member": draft.member})
    issues += day_issues("from_date", draft.from_date, clock)
    if not draft.member and not unit:
        issues.append(FieldIssue("member", "unit_missing", "请选择成员单位，或填写单位名称。"))
    same = (Lead.unit_name == unit, Lead.scope == draft.scope, Lead.ended_on.is_(None))
    if unit and (await session.scalars(scope.select(Lead).where(*same))).first():
        issues.append(FieldIssue("scope", "lead_stands", "该单位已登记牵头这一事项。"))
    refuse(issues)
    columns = {"member": draft.member, "unit_name": unit, "scope": draft.scope, "from_date": draft.from_date}
    return await insert_lead(session, clock, principal, columns)


async def insert_lead(session: WriteSession, clock: Clock, principal: Principal, columns: dict[str, Any]) -> Lead:
    """Insert checked columns after those that are there."""
    scope, now = Scope.of(principal), clock.now()
    last = await session.scalar(scope.limit(select(func.max(Lead.position)), Lead))
    position = (last or 0) + 1
    key = {"alliance": principal.alliance, "id": new_id(), "position": position}
    lead = Lead(**key, created_at=now, updated_at=now, **columns)
    session.add(lead)
    await session.flush()  # the next one counts on from this position
    await audit(session, clock, principal, "lead.create", "lead", lead.id, after=facts(lead, FACTS))
    member = str(lead.member) if lead.member else None
    tell(session, clock, principal.alliance, "lead.created", lead.id, {"member": member, "scope": lead.scope})
    return lead
