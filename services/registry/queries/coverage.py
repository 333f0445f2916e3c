"""The facts of coverage on a day, and what of this room a member is part of."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.kernel.database import AnySession
from services.kernel.history import at
from services.kernel.tenancy import Scope
from services.registry.domain.coverage import CoverageFacts, LeadLink, Match, Programme, UnitFacts
from services.registry.domain.touches import Touch
from services.registry.queries.industries import all_industries, all_matches, lead_enterprises
from services.registry.queries.majors import MajorFilter, all_majors
from services.registry.queries.members import belonging
from services.registry.tables import Collaboration, LeadEnterprise, LeadingIndustry, Member, MemberMajor, Participant

SCHOOLS = ("higher_vocational", "secondary_vocational", "technician")
RUNNING = "active"


@dataclass(frozen=True)
class Named:
    """The facts of a day, with the industries and the names of members and majors that they mention."""

    facts: CoverageFacts
    industries: list[LeadingIndustry]
    members: dict[UUID, str]


async def coverage_facts(session: AnySession, scope: Scope, day: date, as_of: date | None) -> Named:
    """Everything that the coverage of a day is computed from, as far as the scope sees; who left does not count.

    `as_of` is None for today, which reads the tables themselves.
    """
    table = at(Member, as_of)
    members = list((await session.scalars(scope.select(table).where(belonging(table, day)))).all())
    names = {member.id: member.name for member in members}
    schools = {member.id for member in members if member.category in SCHOOLS}
    industries = await all_industries(session, scope, as_of)
    leads = await lead_enterprises(session, scope, [one.id for one in industries], as_of)
    majors = await all_majors(session, scope, MajorFilter(), as_of)
    programmes = [Programme(m.member, m.major_code, m.name) for m in majors if m.member in names]
    matches = await all_matches(session, scope, as_of)
    facts = CoverageFacts(
        programmes=sorted(programmes, key=lambda p: (names[p.school], p.major_code)),
        industries=[one.id for one in industries],
        matches=[Match(one.major_code, one.industry) for one in matches],
        leads=_in_order(leads, [one.id for one in industries], names),
        partners=await _partners(session, scope, schools, as_of),
        units=[UnitFacts(member.division, member.category) for member in members],
    )
    return Named(facts, industries, names)


def _in_order(leads: list[LeadEnterprise], industries: list[UUID], names: dict[UUID, str]) -> list[LeadLink]:
    known = [LeadLink(lead.industry, lead.member) for lead in leads if lead.member in names]
    return sorted(known, key=lambda link: (industries.index(link.industry), names[link.enterprise]))


async def _partners(
    session: AnySession, scope: Scope, schools: set[UUID], as_of: date | None
) -> dict[UUID, frozenset[UUID]]:
    """The schools with which each member has a part in the same running collaboration."""
    parts: dict[UUID, set[UUID]] = {}
    table, participant = at(Collaboration, as_of), at(Participant, as_of)
    running = (table.alliance == scope.alliance, table.status == RUNNING)
    columns = (table.id, table.host_member, table.lead_member)
    for found in await session.execute(select(*columns).where(*running)):
        parts[found.id] = {one for one in (found.host_member, found.lead_member) if one}
    rows = select(participant.collaboration, participant.member).where(participant.alliance == scope.alliance)
    for row in await session.execute(rows):
        if row.collaboration in parts:
            parts[row.collaboration].add(row.member)
    partners: dict[UUID, set[UUID]] = {}
    for together in parts.values():
        for member in together:
            partners.setdefault(member, set()).update((together & schools) - {member})
    return {member: frozenset(found) for member, found in partners.items()}


async def touched_by(session: AnySession, scope: Scope, member: UUID) -> list[Touch]:
    """The majors that a member offers and the industries it leads in: what a merger moves and an exit leaves behind."""
    majors = scope.select(MemberMajor).where(MemberMajor.member == member).order_by(MemberMajor.major_code)
    leads = select(LeadingIndustry).join(LeadEnterprise, LeadEnterprise.industry == LeadingIndustry.id)
    of_member = (LeadEnterprise.alliance == scope.alliance, LeadEnterprise.member == member)
    leads = scope.limit(leads, LeadingIndustry).where(*of_member).order_by(LeadingIndustry.position)
    return [
        *(
            Touch("专业", major.id, f"{major.major_code} {major.name}", f"/members/{member}")
            for major in await session.scalars(majors)
        ),
        *(
            Touch("龙头企业", industry.id, f"主导产业：{industry.name}", "/coverage/industries")
            for industry in await session.scalars(leads)
        ),
    ]
