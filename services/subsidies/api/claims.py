"""Claims: open, read, and each step of their life; and the rules under which they are made."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.clock import business_date
from services.kernel.errors import Forbidden
from services.kernel.etags import check_version, etag_of, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.principal import Principal
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.subsidies.api.dependencies import WithNames, WithRegistry
from services.subsidies.api.reading import claim_read, rules_read
from services.subsidies.auth import SubsidiesRead, SubsidiesReview, SubsidiesSubmit
from services.subsidies.commands.decide_claim import record_step
from services.subsidies.commands.open_claim import open_claim
from services.subsidies.commands.submit_claim import submit_claim
from services.subsidies.domain import ClaimAction, ClaimState
from services.subsidies.queries.claims import decisions_of, find_claim, page_of_claims
from services.subsidies.queries.names import Names
from services.subsidies.queries.policy import current_policy, find_policy
from services.subsidies.schemas.claims import ClaimCreate, ClaimRead, ReturnOpinion, RulesRead, StepOpinion
from services.subsidies.tables import Claim

router = APIRouter(tags=["claims"])
IfMatch = Annotated[str, Depends(if_match)]


@router.get("/rules", summary="现行奖补项目")
async def list_rules(
    session: Reading,
    principal: SubsidiesRead,
    clock: InjectedClock,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> RulesRead:
    today = business_date(clock)
    return rules_read(await current_policy(session, principal.alliance), year or today.year, today)


@router.post("/claims", status_code=201, summary="新建申报（可同时提交）", response_model=ClaimRead)
async def create_claim(
    body: ClaimCreate,
    session: Writing,
    principal: SubsidiesSubmit,
    clock: InjectedClock,
    registry: WithRegistry,
    once: IdempotentCreate,
) -> Response:
    if replay := await once.replay():
        return replay
    claim = await open_claim(
        session, clock, principal, registry, year=body.year, rule=body.rule, collaboration=body.collaboration
    )
    if body.submit:
        claim = await submit_claim(session, clock, principal, claim, None)
    headers = {"Location": f"/api/subsidies/v1/claims/{claim.id}", "ETag": etag_of(claim.row_version)}
    policy = await current_policy(session, principal.alliance)
    return await once.answer(claim_read(claim, policy, Names(registry), principal), 201, headers)


@router.get("/claims", summary="申报列表")
async def list_claims(
    session: Reading,
    scope: CallerScope,
    principal: SubsidiesRead,
    names: WithNames,
    page: Annotated[PageRequest, Depends(page_request)],
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    rule: Annotated[str | None, Query(max_length=63)] = None,
    state: ClaimState | None = None,
    owner: Annotated[str | None, Query(max_length=60)] = None,
) -> Page[ClaimRead]:
    rows, cursor, total = await page_of_claims(session, scope, page, year=year, rule=rule, state=state, owner=owner)
    policy = await find_policy(session, principal.alliance)
    items = [claim_read(row, policy, names, principal) for row in rows]
    return Page(items=items, next_cursor=cursor, total=total)


@router.get("/claims/{claim_id}", summary="一项申报及其办理过程")
async def read_claim(
    claim_id: UUID,
    session: Reading,
    scope: CallerScope,
    principal: SubsidiesRead,
    names: WithNames,
    response: Response,
) -> ClaimRead:
    claim = await find_claim(session, scope, claim_id)
    set_etag(response, claim.row_version)
    policy = await find_policy(session, principal.alliance)
    return claim_read(claim, policy, names, principal, await decisions_of(session, scope, claim_id))


async def _own_claim(claim_id: UUID, session: Writing, scope: CallerScope, principal: SubsidiesSubmit) -> Claim:
    claim = await find_claim(session, scope, claim_id, lock=True)
    if claim.owner != principal.owner:
        raise Forbidden("只能由申报单位自己办理。", code="claim_of_others")
    return claim


async def _any_claim(claim_id: UUID, session: Writing, scope: CallerScope, _principal: SubsidiesReview) -> Claim:
    return await find_claim(session, scope, claim_id, lock=True)


OwnClaim = Annotated[Claim, Depends(_own_claim)]
ReviewedClaim = Annotated[Claim, Depends(_any_claim)]


async def _answer(session: Writing, claim: Claim, principal: Principal, response: Response, names: Names) -> ClaimRead:
    set_etag(response, claim.row_version)
    return claim_read(claim, await find_policy(session, principal.alliance), names, principal)


@router.post("/claims/{claim_id}/submission", summary="提交申报")
async def submit(
    claim: OwnClaim,
    version: IfMatch,
    session: Writing,
    principal: SubsidiesSubmit,
    clock: InjectedClock,
    names: WithNames,
    response: Response,
    body: StepOpinion | None = None,
) -> ClaimRead:
    check_version(version, claim.row_version)
    await submit_claim(session, clock, principal, claim, body.opinion if body else None)
    return await _answer(session, claim, principal, response, names)


@router.post("/claims/{claim_id}/withdrawal", summary="撤回申报")
async def withdraw(
    claim: OwnClaim,
    version: IfMatch,
    session: Writing,
    principal: SubsidiesSubmit,
    clock: InjectedClock,
    names: WithNames,
    response: Response,
    body: StepOpinion | None = None,
) -> ClaimRead:
    check_version(version, claim.row_version)
    opinion = body.opinion if body else None
    await record_step(session, clock, principal, claim, ClaimAction.WITHDRAW, opinion=opinion)
    return await _answer(session, claim, principal, response, names)


@router.post("/claims/{claim_id}/acceptance", summary="受理申报")
async def accept(
    claim: ReviewedClaim,
    version: IfMatch,
    session: Writing,
    principal: SubsidiesReview,
    clock: InjectedClock,
    names: WithNames,
    response: Response,
    body: StepOpinion | None = None,
) -> ClaimRead:
    check_version(version, claim.row_version)
    opinion = body.opinion if body else None
    await record_step(session, clock, principal, claim, ClaimAction.ACCEPT, opinion=opinion)
    return await _answer(session, claim, principal, response, names)


@router.post("/claims/{claim_id}/return", summary="退回申报，说明原因")
async def return_claim(
    claim: ReviewedClaim,
    version: IfMatch,
    session: Writing,
    principal: SubsidiesReview,
    clock: InjectedClock,
    names: WithNames,
    response: Response,
    body: ReturnOpinion,
) -> ClaimRead:
    check_version(version, claim.row_version)
    await record_step(session, clock, principal, claim, ClaimAction.RETURN, opinion=body.opinion)
    return await _answer(session, claim, principal, response, names)
