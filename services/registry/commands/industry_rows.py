"""What the commands on leading industries share: checks, lead enterprises, and what goes to the audit."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.outbox import publish
from services.kernel.tenancy import Scope
from services.registry.queries.industries import lead_enterprises
from services.registry.schemas.coverage import IndustryWrite
from services.registry.tables import LeadEnterprise, LeadingIndustry, Member

FIELDS = ("name", "industry_codes", "position", "pack", "article")
ENTERPRISE = "enterprise"


async def check_industry(session: AnySession, scope: Scope, draft: IndustryWrite, own: UUID | None) -> None:
    """Raises InvalidInput with every fault: name taken, article without a pack, units that are no enterprises."""
    issues = []
    if draft.article and not draft.pack:
        issues.append(FieldIssue("pack", "pack_missing", "填写了条款，请同时填写政策包。"))
    same = scope.select(LeadingIndustry).where(LeadingIndustry.name == draft.name)
    if any(other.id != own for other in await session.scalars(same)):
        issues.append(FieldIssue("name", "name_taken", "已有同名的主导产业，请修改原记录。"))
    enterprises = scope.select(Member).where(Member.id.in_(draft.enterprises), Member.category == ENTERPRISE)
    found = {member.id for member in await session.scalars(enterprises)}
    if {*draft.enterprises} - found:
        issues.append(FieldIssue("enterprises", "enterprise_unknown", "龙头企业应是登记的企业成员，请从列表中选择。"))
    if issues:
        raise InvalidInput(issues)


async def set_enterprises(session: WriteSession, industry: LeadingIndustry, members: Collection[UUID]) -> list[str]:
    """Bring the lead enterprises to those given; returns the ids that were there before."""
    scope = Scope(industry.alliance)
    standing = {lead.member: lead for lead in await lead_enterprises(session, scope, [industry.id])}
    for member, lead in standing.items():
        if member not in members:
            await session.delete(lead)
    for member in members:
        if member not in standing:
            session.add(LeadEnterprise(alliance=industry.alliance, industry=industry.id, member=member))
    return sorted(str(member) for member in standing)


def facts(industry: LeadingIndustry, enterprises: Collection[str]) -> dict[str, Any]:
    """The fields as JSON for the audit."""
    return {**{name: getattr(industry, name) for name in FIELDS}, "enterprises": sorted(enterprises)}


def tell_industry(session: WriteSession, clock: Clock, industry: LeadingIndustry, event: str) -> None:
    """Tell everybody: what the leading industries are is no secret."""
    publish(
        session,
        clock,
        industry.alliance,
        event,
        object_kind="leading_industry",
        object_id=industry.id,
        data={"name": industry.name, "industry_codes": list(industry.industry_codes)},
    )
