"""Read leading industries, their lead enterprises and what was matched with them, on a day."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.policy_versions import newest_version
from services.kernel.tenancy import Scope
from services.registry.tables import IndustryMatch, LeadEnterprise, LeadingIndustry, PolicyVersion


async def list_industries(
    session: AnySession, scope: Scope, q: str | None, page: PageRequest, as_of: date | None
) -> tuple[list[LeadingIndustry], str | None, int]:
    """One page of leading industries in their order."""
    table = at(LeadingIndustry, as_of)
    statement = scope.select(table)
    if q:
        statement = statement.where(table.name.contains(q.strip(), autoescape=True))
    order = sort_column(page, {"position": table.position, "name": table.name}, "position")
    return await paginate(session, statement, page, order=order, tie=table.id)


async def all_industries(session: AnySession, scope: Scope, as_of: date | None = None) -> list[LeadingIndustry]:
    """Every leading industry in its order."""
    table = at(LeadingIndustry, as_of)
    return list((await session.scalars(scope.select(table).order_by(table.position, table.name, table.id))).all())


async def find_industry(
    session: AnySession, scope: Scope, industry: UUID, as_of: date | None = None
) -> LeadingIndustry:
    """One leading industry. Raises NotFound."""
    table = at(LeadingIndustry, as_of)
    found = (await session.scalars(scope.select(table).where(table.id == industry))).one_or_none()
    if found is None:
        raise NotFound("没有登记这个主导产业。", code="industry_not_found")
    return found


async def lead_enterprises(
    session: AnySession, scope: Scope, industries: Iterable[UUID], as_of: date | None = None
) -> list[LeadEnterprise]:
    """The lead enterprises of some industries."""
    table = at(LeadEnterprise, as_of)
    statement = scope.select(table).where(table.industry.in_([*industries]))
    return list((await session.scalars(statement.order_by(table.industry, table.member))).all())


async def list_matches(
    session: AnySession, scope: Scope, industry: UUID | None, page: PageRequest, as_of: date | None
) -> tuple[list[IndustryMatch], str | None, int]:
    """One page of matches by code."""
    table = at(IndustryMatch, as_of)
    statement = scope.select(table)
    if industry:
        statement = statement.where(table.industry == industry)
    order = sort_column(page, {"code": table.major_code}, "code")
    return await paginate(session, statement, page, order=order, tie=table.id)


async def all_matches(session: AnySession, scope: Scope, as_of: date | None = None) -> list[IndustryMatch]:
    """Every match by code."""
    table = at(IndustryMatch, as_of)
    return list((await session.scalars(scope.select(table).order_by(table.major_code, table.id))).all())


async def find_match(session: AnySession, scope: Scope, match: UUID) -> IndustryMatch:
    """One match. Raises NotFound."""
    found = (await session.scalars(scope.select(IndustryMatch).where(IndustryMatch.id == match))).one_or_none()
    if found is None:
        raise NotFound("没有这条对接关系。", code="match_not_found")
    return found


async def named_by(session: AnySession, scope: Scope, pack: str) -> list[dict[str, Any]]:
    """The industries that the newest version of a pack names (`code`, `name`, `article`). Raises NotFound."""
    applied = await newest_version(session, PolicyVersion, scope.alliance, pack)
    if applied is None:
        raise NotFound("这份政策文件还没有启用。", code="policy_not_applied")
    named: list[dict[str, Any]] = applied.structure.get("industries", [])
    return named
