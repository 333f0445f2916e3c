"""Running collaborations go on with another member in the place of one."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm.attributes import flag_modified

from services.kernel.database import WriteSession
from services.kernel.tenancy import Scope
from services.registry.queries.collaboration_touches import running_with
from services.registry.tables import Collaboration, Member, Participant


async def transfer(session: WriteSession, from_member: Member, to_member: Member) -> int:
    """Put `to_member` where `from_member` leads, hosts or takes part; returns in how many collaborations."""
    statement = running_with(Scope(from_member.alliance), from_member.id)
    running = (await session.scalars(statement.order_by(Collaboration.id).with_for_update())).all()
    for found in running:
        if found.host_member == from_member.id:
            found.host_member = to_member.id
        if found.lead_member == from_member.id:
            found.lead_member = to_member.id
        found.updated_at = to_member.updated_at
        flag_modified(found, "updated_at")  # its ETag moves on, also where only a participant changed
        await session.flush()
        await _hand_over(session, found, from_member.id, to_member.id)
    return len(running)


async def _hand_over(session: WriteSession, found: Collaboration, before: UUID, after: UUID) -> None:
    """The part of a participant, unless the other has one already; host and lead are not repeated among them."""
    same = (Participant.alliance == found.alliance, Participant.collaboration == found.id)
    standing = {one.member: one for one in await session.scalars(select(Participant).where(*same))}
    held = {found.host_member, found.lead_member}
    given = standing.get(before)
    gone = [member for member in standing if member == before or (member == after and after in held)]
    await session.execute(delete(Participant).where(*same, Participant.member.in_(gone)))
    if given is not None and after not in standing and after not in held:
        kept = {column.key: getattr(given, column.key) for column in Participant.__table__.columns}
        session.add(Participant(**{**kept, "member": after}))
        await session.flush()
