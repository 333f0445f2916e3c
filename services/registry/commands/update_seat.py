"""Change a seat, from a day on; who holds it changes by succession."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import facts, fill, refuse, tell
from services.registry.commands.seat_rows import FACTS, columns_of, draft_issues
from services.registry.queries.governance import find_seat, holdings_of
from services.registry.schemas.governance import SeatUpdate
from services.registry.tables import Seat, SeatHolding


async def update_seat(
    session: WriteSession, clock: Clock, principal: Principal, seat_id: UUID, draft: SeatUpdate, if_match: str
) -> Seat:
    """Load, check version and fields, change, audit what changed. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    seat = await find_seat(session, scope, seat_id)
    check_version(if_match, seat.row_version)
    issues = await draft_issues(session, scope, clock, draft)
    refuse([*issues, *_holding_issues(draft, await holdings_of(session, scope, seat_id))])
    await session.effective_on(effective_day(draft.effective_on, clock))
    before = facts(seat, FACTS)
    changed = fill(seat, columns_of(draft))
    if not changed:
        return seat
    seat.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    kept = {name: before[name] for name in changed}
    await audit(session, clock, principal, "seat.update", "seat", seat_id, before=kept, after=facts(seat, changed))
    told = {"body": str(seat.body), "changed": sorted(changed)}
    tell(session, clock, principal.alliance, "seat.updated", seat_id, told)
    return seat


def _holding_issues(draft: SeatUpdate, holdings: list[SeatHolding]) -> list[FieldIssue]:
    first = min((one.from_date for one in holdings), default=None)
    if draft.established_on is None or first is None or draft.established_on <= first:
        return []
    return [FieldIssue("established_on", "after_first_holder", "设立日期晚于首任的任职日期，请核对。")]
