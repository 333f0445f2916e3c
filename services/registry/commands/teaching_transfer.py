"""Move the teachers of one member, and the practice in it, to another: what a merger calls."""

from sqlalchemy import select

from services.kernel.database import WriteSession
from services.registry.tables import Member, PracticePeriod, Teacher


async def transfer(session: WriteSession, from_member: Member, to_member: Member) -> int:
    """Move the teachers who have not left, from the session's effective day on, and practice that goes on.

    Practice that has ended stays with the enterprise in which it was. Returns how many moved.
    """
    teachers = select(Teacher).where(
        Teacher.alliance == from_member.alliance, Teacher.member == from_member.id, Teacher.left_on.is_(None)
    )
    periods = select(PracticePeriod).where(
        PracticePeriod.alliance == from_member.alliance,
        PracticePeriod.enterprise == from_member.id,
        PracticePeriod.until_date.is_(None),
    )
    moved = 0
    for teacher in (await session.scalars(teachers.with_for_update())).all():
        teacher.member = to_member.id
        teacher.updated_at = to_member.updated_at
        moved += 1
    for period in (await session.scalars(periods.with_for_update())).all():
        period.enterprise = to_member.id
        period.updated_at = to_member.updated_at
        moved += 1
    await session.flush()  # the moves are part of what the caller does next, such as ending the predecessor
    return moved
