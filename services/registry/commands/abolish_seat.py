"""End a seat, and its holder's time in it."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import day_issues, refuse, tell
from services.registry.commands.seat_holdings import standing_on
from services.registry.queries.governance import find_seat, holdings_of
from services.registry.schemas.governance import SeatAbolition
from services.registry.tables import Seat, SeatHolding


async def abolish_seat(
    session: WriteSession, clock: Clock, principal: Principal, seat_id: UUID, draft: SeatAbolition, if_match: str
) -> Seat:
    """Lock, check version and day, end seat and holding, audit. Raises NotFound, Conflict, InvalidInput."""
    scope = Scope.of(principal)
    seat = await find_seat(session, scope, seat_id, lock=True)
    check_version(if_match, seat.row_version)
    if seat.abolished_on is not None:
        raise Conflict("这个席位已经撤销，不能再次撤销。", code="seat_abolished")
    holdings = await holdings_of(session, scope, seat_id)
    refuse(_issues(draft, seat, holdings, clock))
    standing = standing_on(holdings, draft.abolished_on)
    if standing is not None:
        standing.until_date = draft.abolished_on
        standing.end_reason = draft.reason
    await session.effective_on(draft.abolished_on)
    seat.abolished_on = draft.abolished_on
    seat.updated_at = clock.now()
    await session.flush()
    after = {"abolished_on": draft.abolished_on.isoformat()}
    await audit(session, clock, principal, "seat.abolish", "seat", seat_id, after=after, reason=draft.reason)
    tell(session, clock, principal.alliance, "seat.abolished", seat_id, {"body": str(seat.body), **after})
    return seat


def _issues(draft: SeatAbolition, seat: Seat, holdings: list[SeatHolding], clock: Clock) -> list[FieldIssue]:
    issues = day_issues("abolished_on", draft.abolished_on, clock, after=seat.established_on)
    if any(one.from_date >= draft.abolished_on for one in holdings):
        issues.append(FieldIssue("abolished_on", "later_holder", "这一天或之后还有任职登记，请选择更晚的日期。"))
    return issues
