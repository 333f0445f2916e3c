"""Decisions on which of two places of a document counts, and those that cite a resolution."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.kernel.citations import CitingDecisions, Resolutions
from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.targets.auth import TargetsAssess, TargetsRead
from services.targets.commands.decide_source import decide_source
from services.targets.presenting import citing_decision, source_decision_read
from services.targets.queries.policy import indicators_ever
from services.targets.queries.source_decisions import decisions_citing, replaced_among
from services.targets.schemas.source_decisions import SourceDecisionCreate, SourceDecisionRead

router = APIRouter(tags=["source-decisions"])


def _resolutions(request: Request) -> Resolutions:
    found: Resolutions = request.app.state.resolutions
    return found


@router.post(
    "/indicators/{code}/source-decisions",
    status_code=201,
    summary="确定按哪一处考核",
    response_model=SourceDecisionRead,
)
async def create_source_decision(
    code: str,
    given: SourceDecisionCreate,
    session: Writing,
    principal: TargetsAssess,
    clock: InjectedClock,
    resolutions: Annotated[Resolutions, Depends(_resolutions)],
    once: IdempotentCreate,
) -> Response:
    if (earlier := await once.replay()) is not None:
        return earlier
    decision = await decide_source(session, clock, principal, resolutions, code, given)
    headers = {"Location": f"/api/targets/v1/indicators/{code}"}
    return await once.answer(source_decision_read(decision, holds=True), 201, headers)


@router.get("/citing-decisions", summary="引用一项决议的决定")
async def list_citing_decisions(
    resolution: UUID, session: Reading, scope: CallerScope, principal: TargetsRead
) -> CitingDecisions:
    found = await decisions_citing(session, scope, resolution)
    replaced = await replaced_among(session, scope, found)
    known = await indicators_ever(session, principal.alliance)
    items = [citing_decision(d, known[d.indicator], replaced=d.id in replaced) for d in found]
    return CitingDecisions(items=items, total=len(items))
