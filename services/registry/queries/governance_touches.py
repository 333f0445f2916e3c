"""The seats and leads that a member has, and the bodies that it houses."""

from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.domain.touches import Touch
from services.registry.queries.governance import names_on
from services.registry.tables import Body, Lead, Seat


async def open_seats(session: AnySession, scope: Scope, member_id: UUID) -> list[Seat]:
    """The seats of the member that stand, in bodies that stand."""
    standing = scope.select(Seat).join(Body, (Body.alliance == Seat.alliance) & (Body.id == Seat.body))
    own = (Seat.member == member_id, Seat.abolished_on.is_(None), Body.dissolved_on.is_(None))
    return list((await session.scalars(standing.where(*own).order_by(Body.position, Seat.position, Seat.id))).all())


async def open_leads(session: AnySession, scope: Scope, member_id: UUID) -> list[Lead]:
    """What the member leads."""
    own = (Lead.member == member_id, Lead.ended_on.is_(None))
    return list((await session.scalars(scope.select(Lead).where(*own).order_by(Lead.position, Lead.id))).all())


async def open_bodies(session: AnySession, scope: Scope, member_id: UUID) -> list[Body]:
    """The bodies that stand and are housed by the member."""
    own = (Body.host_member == member_id, Body.dissolved_on.is_(None))
    return list((await session.scalars(scope.select(Body).where(*own).order_by(Body.position, Body.id))).all())


async def touched_by(session: AnySession, scope: Scope, member_id: UUID) -> list[Touch]:
    """Seats, leads and housed bodies, in this order."""
    seats = await open_seats(session, scope, member_id)
    names = await names_on(session, scope.alliance, Body, (seat.body for seat in seats), None)
    touches = [
        Touch("席位", seat.id, f"{names[seat.body]}{seat.title}", f"/governance/seats/{seat.id}") for seat in seats
    ]
    leads = await open_leads(session, scope, member_id)
    touches += [Touch("牵头", lead.id, lead.scope, "/governance/bodies") for lead in leads]
    bodies = await open_bodies(session, scope, member_id)
    return [*touches, *(Touch("机构设在该单位", one.id, one.name, f"/governance/bodies/{one.id}") for one in bodies)]
