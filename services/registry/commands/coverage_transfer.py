"""Move the majors of one member, and the industries it leads in, to another: what a merger calls."""

from sqlalchemy import select

from services.kernel.database import WriteSession
from services.registry.tables import LeadEnterprise, Member, MemberMajor


async def transfer(session: WriteSession, from_member: Member, to_member: Member) -> int:
    """Move them from the session's effective day on; what the successor has already ends. Returns how many moved."""
    return await _majors(session, from_member, to_member) + await _leads(session, from_member, to_member)


async def _majors(session: WriteSession, from_member: Member, to_member: Member) -> int:
    own = select(MemberMajor).where(MemberMajor.alliance == from_member.alliance)
    theirs = (await session.scalars(own.where(MemberMajor.member == to_member.id))).all()
    known = {major.major_code for major in theirs}
    moved = 0
    for major in (await session.scalars(own.where(MemberMajor.member == from_member.id).with_for_update())).all():
        if major.major_code in known:
            await session.delete(major)
        else:
            major.member = to_member.id
            major.updated_at = to_member.updated_at
            moved += 1
    await session.flush()  # the moves are part of what the caller does next, such as ending the predecessor
    return moved


async def _leads(session: WriteSession, from_member: Member, to_member: Member) -> int:
    own = select(LeadEnterprise).where(LeadEnterprise.alliance == from_member.alliance)
    theirs = (await session.scalars(own.where(LeadEnterprise.member == to_member.id))).all()
    known = {lead.industry for lead in theirs}
    moved = 0
    for lead in (await session.scalars(own.where(LeadEnterprise.member == from_member.id).with_for_update())).all():
        await session.delete(lead)  # the member is part of its key
        if lead.industry not in known:
            key = {"alliance": lead.alliance, "industry": lead.industry, "member": to_member.id}
            session.add(LeadEnterprise(**key))
            moved += 1
    await session.flush()
    return moved
