"""Hand seats, leads and housed bodies from one member to another, as when two units become one."""

from services.kernel.database import WriteSession
from services.kernel.tenancy import Scope
from services.registry.queries.governance_touches import open_bodies, open_leads, open_seats
from services.registry.tables import Lead, Member


async def transfer(session: WriteSession, from_member: Member, to_member: Member) -> int:
    """Put the successor in the place of its predecessor; returns how many seats, leads and bodies that were.

    Who holds a seat stays: the person did not change. What the successor leads already, it leads once. The caller sets
    the session's effective day, from which this holds, and audits.
    """
    scope = Scope(from_member.alliance)
    seats = await open_seats(session, scope, from_member.id)
    for seat in seats:
        seat.member, seat.unit_name = to_member.id, None
    bodies = await open_bodies(session, scope, from_member.id)
    for body in bodies:
        body.host_member, body.host_name = to_member.id, None
    leads = await open_leads(session, scope, from_member.id)
    theirs = {lead.scope for lead in await open_leads(session, scope, to_member.id)}
    for lead in leads:
        await _hand_over(session, lead, to_member, already=lead.scope in theirs)
    await session.flush()
    return len(seats) + len(leads) + len(bodies)


async def _hand_over(session: WriteSession, lead: Lead, to_member: Member, *, already: bool) -> None:
    if already:
        await session.delete(lead)
    else:
        lead.member, lead.unit_name = to_member.id, to_member.name
