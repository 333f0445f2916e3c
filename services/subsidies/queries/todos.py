"""What waits for a caller: claims to review, mend or send, rejected rows, settlements to confirm."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from services.kernel.database import AnySession
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.subsidies.domain import ClaimState, ImportState, SettlementState
from services.subsidies.tables import Claim, RosterImport, Settlement

ROOT = "/api/subsidies/v1"


@dataclass(frozen=True)
class Todo:
    """One kind of thing that waits, how many of it, and since when the oldest does."""

    kind: str
    title: str
    detail: str
    count: int
    path: str
    since: datetime | None


async def todos(session: AnySession, scope: Scope, principal: Principal) -> list[Todo]:
    """Everything that waits for this caller; empty kinds are left out."""
    found = []
    if principal.may(Permission.SUBSIDIES_REVIEW):
        found.append(await _claims(session, scope, None, ClaimState.SUBMITTED, "claims_to_review", "待审核的申报"))
    if principal.may(Permission.SUBSIDIES_SETTLE):
        found.append(await _settlements(session, scope))
    if principal.may(Permission.SUBSIDIES_SUBMIT):
        own = principal.owner
        found.append(await _claims(session, scope, own, ClaimState.RETURNED, "claims_returned", "被退回的申报"))
        found.append(await _claims(session, scope, own, ClaimState.DRAFT, "claims_in_draft", "未提交的申报"))
        found.append(await _rejects(session, scope, own))
    return [todo for todo in found if todo.count]


async def _claims(
    session: AnySession, scope: Scope, owner: str | None, state: ClaimState, kind: str, title: str
) -> Todo:
    statement = scope.limit(select(func.count(), func.min(Claim.changed_at)), Claim).where(Claim.state == state.value)
    if owner is not None:
        statement = statement.where(Claim.owner == owner)
    count, since = (await session.execute(statement)).one()
    return Todo(kind, title, f"{count} 项{state.label}", count, f"{ROOT}/claims?state={state.value}", since)


async def _rejects(session: AnySession, scope: Scope, owner: str) -> Todo:
    """Imports whose rejected rows can still be fetched."""
    columns = (func.count(), func.coalesce(func.sum(RosterImport.rejected_rows), 0), func.min(RosterImport.finished_at))
    statement = scope.limit(select(*columns), RosterImport).where(
        RosterImport.owner == owner,
        RosterImport.state == ImportState.DONE.value,
        RosterImport.rejects_file_id.is_not(None),
    )
    count, rows, since = (await session.execute(statement)).one()
    detail = f"{count} 次导入共退回 {rows} 行，请改正后重新导入"
    return Todo("roster_rows_rejected", "名册中被退回的行", detail, count, f"{ROOT}/roster-imports", since)


async def _settlements(session: AnySession, scope: Scope) -> Todo:
    confirmed = select(Settlement.year).where(
        Settlement.alliance == scope.alliance, Settlement.state == SettlementState.CONFIRMED.value
    )
    statement = scope.limit(select(func.count(), func.min(Settlement.computed_at)), Settlement).where(
        Settlement.state == SettlementState.COMPUTED.value, Settlement.year.not_in(confirmed)
    )
    count, since = (await session.execute(statement)).one()
    path = f"{ROOT}/settlements?state={SettlementState.COMPUTED.value}"
    return Todo("settlements_to_confirm", "待确认的结算", f"{count} 次结算已计算", count, path, since)
