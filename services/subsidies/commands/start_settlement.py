"""Ask for the settlement of a year: a queued settlement and the job that computes it."""

from datetime import date

from sqlalchemy import text

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.ids import new_id
from services.kernel.jobs import enqueue
from services.kernel.principal import Principal
from services.subsidies.domain import SettlementState
from services.subsidies.queries.policy import current_policy
from services.subsidies.tables import Settlement

JOB_KIND = "settle"


async def start_settlement(
    session: WriteSession, clock: Clock, principal: Principal, *, year: int, snapshot_date: date
) -> Settlement:
    """Raises Conflict without a policy, InvalidInput for a snapshot date outside the year or the year after."""
    await current_policy(session, principal.alliance)
    if snapshot_date.year not in (year, year + 1):
        sentence = f"快照日应在 {year} 年或次年内。"
        raise InvalidInput([FieldIssue("snapshot_date", "snapshot_date_outside_year", sentence)])
    number = (await session.execute(text("SELECT nextval('settlement_number')"))).scalar_one()
    row = Settlement(
        alliance=principal.alliance,
        id=new_id(),
        no=number,
        year=year,
        snapshot_date=snapshot_date,
        state=SettlementState.QUEUED.value,
        created_at=clock.now(),
        created_by=principal.subject,
        created_by_name=principal.name,
    )
    row.job_id = await enqueue(session, clock, principal, "subsidies", JOB_KIND, {"settlement": str(row.id)})
    session.add(row)
    after = {"year": year, "snapshot_date": snapshot_date.isoformat()}
    await audit(session, clock, principal, "settlement.start", "settlement", row.id, after=after)
    return row
