"""Decisions on what lies above a pool, and what cites a resolution."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kernel.citations import CitingDecision, CitingDecisions
from services.kernel.clock import BUSINESS_ZONE
from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.subsidies.api.decision_reading import label_of, pool_decision_read
from services.subsidies.api.dependencies import WithTools
from services.subsidies.auth import SubsidiesConfirm, SubsidiesRead
from services.subsidies.commands.decide_pool import decide_pool
from services.subsidies.queries.pool_decisions import decisions_resting_on
from services.subsidies.queries.settlements import basis_of, find_settlement
from services.subsidies.schemas.pool_decisions import PoolDecisionCreate, PoolDecisionRead

router = APIRouter(tags=["settlements"])


@router.post(
    "/settlements/{settlement_id}/pool-decisions",
    status_code=201,
    summary="决定超出资金池的处理",
    response_model=PoolDecisionRead,
)
async def create_pool_decision(
    settlement_id: UUID,
    body: PoolDecisionCreate,
    session: Writing,
    scope: CallerScope,
    principal: SubsidiesConfirm,
    clock: InjectedClock,
    tools: WithTools,
    once: IdempotentCreate,
) -> Response:
    if replay := await once.replay():
        return replay
    settlement = await find_settlement(session, scope, principal, settlement_id)
    row = await decide_pool(session, clock, principal, tools.resolutions, settlement, body)
    _, policy = await basis_of(session, settlement)
    return await once.answer(pool_decision_read(row, policy.book))


@router.get("/citing-decisions", summary="以某项决议为依据的决定")
async def list_citing_decisions(
    session: Reading,
    scope: CallerScope,
    _principal: SubsidiesRead,
    resolution: Annotated[UUID, Query(description="决议")],
) -> CitingDecisions:
    items = []
    for citation in await decisions_resting_on(session, scope, resolution):
        decision, settlement = citation.decision, citation.settlement
        _, policy = await basis_of(session, settlement)
        items.append(
            CitingDecision(
                title=f"{settlement.year}年度结算：超出{policy.book.budget(decision.budget).name}的处理",
                detail=label_of(decision),
                href=f"/subsidies/settlements/{settlement.id}",
                on=decision.decided_at.astimezone(BUSINESS_ZONE).date(),
            )
        )
    return CitingDecisions(items=items, total=len(items))
