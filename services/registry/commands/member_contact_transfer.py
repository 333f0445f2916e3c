"""The contacts of a member become another's."""

from sqlalchemy import select

from services.kernel.database import WriteSession
from services.registry.tables import Member, MemberContact


async def transfer(session: WriteSession, from_member: Member, to_member: Member) -> int:
    """Move every contact by post; returns how many."""
    own = (MemberContact.alliance == from_member.alliance, MemberContact.member == from_member.id)
    contacts = (await session.scalars(select(MemberContact).where(*own).with_for_update())).all()
    for contact in contacts:
        contact.member = to_member.id
        contact.updated_at = to_member.updated_at
    await session.flush()
    return len(contacts)
