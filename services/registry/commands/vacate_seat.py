"""The holder of a seat leaves, and nobody follows yet."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import refuse, tell
from services.registry.commands.seat_holdings import order_issues, standing_on, touch
from services.registry.queries.governance import find_seat, holdings_of
from services.registry.schemas.governance import VacancyCreate
from services.registry.tables import Seat


async def vacate_seat(
    session: WriteSession, clock: Clock, principal: Principal, seat_id: UUID, draft: VacancyCreate
) -> Seat:
    """Lock, check, end what stands, audit, tell. Raises NotFound, Conflict when nobody holds the seat, InvalidInput."""
    scope = Scope.of(principal)
    seat = await find_seat(session, scope, seat_id, lock=True)
    holdings = await holdings_of(session, scope, seat_id)
    issues: list[FieldIssue] = order_issues("until_date", draft.until_date, seat, holdings)
    refuse(issues)
    standing = standing_on(holdings, draft.until_date)
    if standing is None:
        raise Conflict("这个席位在这一天本来就空缺，请核对日期。", code="seat_vacant")
    standing.until_date = draft.until_date
    standing.end_reason = draft.reason
    touch(seat, clock)
    await session.flush()
    after = {"until_date": draft.until_date.isoformat()}
    before = {"holding": str(standing.id)}
    action, kind = "seat.vacate", "seat"
    await audit(session, clock, principal, action, kind, seat_id, before=before, after=after, reason=draft.reason)
    tell(session, clock, principal.alliance, "seat.vacated", seat_id, {"body": str(seat.body), **after})
    return seat
