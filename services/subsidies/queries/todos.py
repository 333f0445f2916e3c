"""What waits for a caller: claims to review, mend or send, rejected rows, settlements to confirm; and what was done."""

from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from services.kernel.database import AnySession
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.kernel.todos import Todo
from services.subsidies.domain import ClaimState, ImportState, SettlementState
from services.subsidies.queries.pool_decisions import standing_decisions
from services.subsidies.rules.scenarios import LABELS, ScenarioCode
from services.subsidies.tables import Claim, PoolDecision, RosterImport, Settlement

State = Literal["open", "done"]
SHORT_BUDGETS: Final = "$.pools[*] ? (@.above_fen > 0).budget"


async def todos(session: AnySession, scope: Scope, principal: Principal) -> list[Todo]:
    """Everything that waits for this caller or that the caller has finished; empty kinds are left out."""
    found: list[Todo | None] = []
    if principal.may(Permission.SUBSIDIES_REVIEW):
        found.append(await _claims(session, scope, None, ClaimState.SUBMITTED, "claims_to_review", "审核奖补申报"))
        found.append(
            await _claims(session, scope, None, ClaimState.ACCEPTED, "claims_accepted", "审核奖补申报", "done")
        )
    if principal.may(Permission.SUBSIDIES_CONFIRM):
        found += await _settlements(session, scope)
        found += await _shortfalls(session, scope)
    if principal.may(Permission.SUBSIDIES_SUBMIT):
        own = principal.owner
        found.append(await _claims(session, scope, own, ClaimState.RETURNED, "claims_returned", "修改被退回的申报"))
        found.append(await _claims(session, scope, own, ClaimState.DRAFT, "claims_in_draft", "提交草稿中的申报"))
        found.append(await _rejects(session, scope, own))
    return [todo for todo in found if todo is not None]


async def _count(session: AnySession, scope: Scope, table: Any, *conditions: ColumnElement[bool]) -> int:
    statement = scope.limit(select(func.count()), table).where(*conditions)
    count: int = (await session.execute(statement)).scalar_one()
    return count


async def _claims(
    session: AnySession, scope: Scope, owner: str | None, state: ClaimState, kind: str, title: str, done: State = "open"
) -> Todo | None:
    own = [] if owner is None else [Claim.owner == owner]
    count = await _count(session, scope, Claim, Claim.state == state.value, *own)
    href = f"/subsidies/claims?state={state.value}"
    return _todo(kind, title, f"{count} 项{state.label}", href, done) if count else None


async def _rejects(session: AnySession, scope: Scope, owner: str) -> Todo | None:
    """Imports whose rejected rows can still be fetched."""
    columns = (func.count(), func.coalesce(func.sum(RosterImport.rejected_rows), 0))
    statement = scope.limit(select(*columns), RosterImport).where(
        RosterImport.owner == owner,
        RosterImport.state.in_((ImportState.DONE.value, ImportState.REFUSED.value)),
        RosterImport.rejects_file_id.is_not(None),
    )
    count, rows = (await session.execute(statement)).one()
    detail = f"{count} 次导入共退回 {rows} 行，请改正后重新导入"
    return (
        _todo("roster_rows_rejected", "改正名册中被退回的行", detail, "/subsidies/rosters", "open") if count else None
    )


async def _settlements(session: AnySession, scope: Scope) -> list[Todo | None]:
    confirmed = Settlement.state == SettlementState.CONFIRMED.value
    years = select(Settlement.year).where(Settlement.alliance == scope.alliance, confirmed)
    waiting = (Settlement.state == SettlementState.COMPUTED.value, Settlement.year.not_in(years))
    computed, done = (
        await _count(session, scope, Settlement, *waiting),
        await _count(session, scope, Settlement, confirmed),
    )
    href = "/subsidies/settlements"
    return [
        _todo("settlements_to_confirm", "确认结算", f"{computed} 次结算已计算，待确认", href, "open")
        if computed
        else None,
        _todo("settlements_confirmed", "确认结算", f"{done} 次结算已确认", href, "done") if done else None,
    ]


async def _shortfalls(session: AnySession, scope: Scope) -> list[Todo | None]:
    """One for each confirmed year with something above a pool, done once every such budget was decided on."""
    budgets = func.jsonb_path_query_array(Settlement.totals, cast(SHORT_BUDGETS, JSONPATH), type_=JSONB)
    confirmed = Settlement.state == SettlementState.CONFIRMED.value
    statement = scope.limit(select(Settlement.id, Settlement.year, budgets), Settlement).where(confirmed)
    rows = (await session.execute(statement.order_by(Settlement.year))).all()
    standing = await standing_decisions(session, scope.alliance, [row.id for row in rows])
    decided = {(decision.settlement, decision.budget): decision for decision in standing}
    return [
        _shortfall(settlement, year, [decided.get((settlement, budget)) for budget in short])
        for settlement, year, short in rows
        if short
    ]


def _shortfall(settlement: UUID, year: int, decisions: list[PoolDecision | None]) -> Todo:
    made = [LABELS[ScenarioCode(decision.scenario)] for decision in decisions if decision is not None]
    waiting = len(decisions) - len(made)
    return Todo(
        id=f"pool_to_decide:{settlement}",
        kind="pool_to_decide",
        title=f"决定超出资金池的处理（{year}年度）",
        detail=f"{waiting} 项资金不足以支付，待决定" if waiting else f"已决定：{'、'.join(made)}",
        state="open" if waiting else "done",
        href=f"/subsidies/settlements/{settlement}",
    )


def _todo(kind: str, title: str, detail: str, href: str, state: State) -> Todo:
    return Todo(id=kind, kind=kind, title=title, detail=detail, state=state, href=href)
