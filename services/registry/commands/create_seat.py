"""Create a seat in a body."""

from typing import Any
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import facts, refuse, tell
from services.registry.commands.seat_rows import FACTS, columns_of, draft_issues
from services.registry.queries.governance import find_body
from services.registry.schemas.governance import SeatCreate
from services.registry.tables import Seat


async def create_seat(
    session: WriteSession, clock: Clock, principal: Principal, body_id: UUID, draft: SeatCreate
) -> Seat:
    """Load the body, check, insert, audit, tell. Raises NotFound, Conflict for a dissolved body, InvalidInput."""
    scope = Scope.of(principal)
    body = await find_body(session, scope, body_id)
    if body.dissolved_on is not None:
        raise Conflict("这个机构已经撤销，不能再设席位。", code="body_dissolved")
    refuse(await draft_issues(session, scope, clock, draft))
    columns = {**columns_of(draft), "open_ended": False}
    return await insert_seat(session, clock, principal, body_id, columns)


async def insert_seat(
    session: WriteSession, clock: Clock, principal: Principal, body_id: UUID, columns: dict[str, Any]
) -> Seat:
    """Insert checked columns; a policy document's adoption does the same as the secretariat by hand."""
    now = clock.now()
    seat = Seat(alliance=principal.alliance, id=new_id(), body=body_id, created_at=now, updated_at=now, **columns)
    session.add(seat)
    await session.flush()  # the row version that the answer's ETag carries is made here
    await audit(session, clock, principal, "seat.create", "seat", seat.id, after=facts(seat, FACTS))
    tell(session, clock, principal.alliance, "seat.created", seat.id, {"body": str(body_id)})
    return seat
