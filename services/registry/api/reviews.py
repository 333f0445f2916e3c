"""`…/reviews`: the assessments of each year of a collaboration, and of a plate that a member holds."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession
from services.kernel.etags import etag_of, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.collaboration_views import review_read
from services.registry.auth import RegistryDecide, RegistryRead, RegistryWrite
from services.registry.commands.add_review import add_review
from services.registry.commands.decide_review import decide_review
from services.registry.commands.remove_review import remove_review
from services.registry.commands.review_subjects import reviewed_collaboration, reviewed_plate
from services.registry.domain.recognitions import due_years
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.queries.recognitions import find_recognition, reviews_of, rule_of
from services.registry.schemas.recognitions import DecisionCreate, ReviewCreate, ReviewRead, Reviews
from services.registry.tables import Recognition

router = APIRouter(tags=["recognitions"])
AsOf = Annotated[date | None, Query(description="看这一天的情况，默认今天")]
Reason = Annotated[str, Query(min_length=1, max_length=200, description="更正原因，记入审计")]


async def _reviews(
    session: AnySession,
    scope: Scope,
    clock: Clock,
    subject: UUID,
    grants: list[Recognition],
    kind: str | None,
    as_of: date | None,
) -> Reviews:
    day = as_of or business_date(clock)
    found = await reviews_of(session, scope, {subject}, day)
    rule = await rule_of(session, scope, kind, as_of)
    reviewed = {review.year for review in found}
    every = rule.review_every_years if rule else None
    due = {year for grant in grants for year in due_years(grant, every, reviewed, day)} if every else set()
    return Reviews(items=[review_read(review, day) for review in found], due_years=sorted(due))


@router.get("/collaborations/{collaboration_id}/reviews", summary="查看年度考核")
async def list_of_collaboration(
    collaboration_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    as_of: AsOf = None,
) -> Reviews:
    found = await find_collaboration(session, scope, collaboration_id, as_of)
    grants = (await details_of(session, scope, [found], as_of)).recognitions.get(collaboration_id, [])
    return await _reviews(session, scope, clock, collaboration_id, grants, found.kind, as_of)


@router.post(
    "/collaborations/{collaboration_id}/reviews", status_code=201, response_model=ReviewRead, summary="登记年度考核"
)
async def add_to_collaboration(
    collaboration_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: ReviewCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    reviewed = await reviewed_collaboration(session, scope, collaboration_id)
    review = await add_review(session, clock, principal, reviewed, draft)
    headers = {"Location": f"/api/registry/v1/collaborations/{collaboration_id}/reviews"}
    headers["ETag"] = etag_of(review.row_version)
    return await once.answer(review_read(review, business_date(clock)), headers=headers)


@router.post("/collaborations/{collaboration_id}/reviews/{review_id}/decision", summary="处理不合格的考核")
async def decide_of_collaboration(
    collaboration_id: UUID,
    review_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryDecide,
    scope: CallerScope,
    draft: DecisionCreate,
    seen: Annotated[str, Depends(if_match)],
    response: Response,
) -> ReviewRead:
    reviewed = await reviewed_collaboration(session, scope, collaboration_id)
    review = await decide_review(session, clock, principal, reviewed, review_id, draft, seen)
    set_etag(response, review.row_version)
    return review_read(review, business_date(clock))


@router.delete(
    "/collaborations/{collaboration_id}/reviews/{review_id}", status_code=204, summary="更正：删去登错的考核"
)
async def remove_of_collaboration(
    collaboration_id: UUID,
    review_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    reason: Reason,
    seen: Annotated[str, Depends(if_match)],
) -> None:
    reviewed = await reviewed_collaboration(session, scope, collaboration_id)
    await remove_review(session, clock, principal, reviewed, review_id, reason, seen)


@router.get("/recognitions/{recognition_id}/reviews", summary="查看成员单位奖牌的年度考核")
async def list_of_plate(
    recognition_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    as_of: AsOf = None,
) -> Reviews:
    grant = await find_recognition(session, scope, recognition_id, as_of)
    return await _reviews(session, scope, clock, grant.id, [grant], grant.kind, as_of)


@router.post(
    "/recognitions/{recognition_id}/reviews",
    status_code=201,
    response_model=ReviewRead,
    summary="登记成员单位奖牌的年度考核",
)
async def add_to_plate(
    recognition_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: ReviewCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    reviewed = await reviewed_plate(session, scope, recognition_id)
    review = await add_review(session, clock, principal, reviewed, draft)
    headers = {"Location": f"/api/registry/v1/recognitions/{recognition_id}/reviews"}
    headers["ETag"] = etag_of(review.row_version)
    return await once.answer(review_read(review, business_date(clock)), headers=headers)


@router.post("/recognitions/{recognition_id}/reviews/{review_id}/decision", summary="处理奖牌不合格的考核")
async def decide_of_plate(
    recognition_id: UUID,
    review_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryDecide,
    scope: CallerScope,
    draft: DecisionCreate,
    seen: Annotated[str, Depends(if_match)],
    response: Response,
) -> ReviewRead:
    reviewed = await reviewed_plate(session, scope, recognition_id)
    review = await decide_review(session, clock, principal, reviewed, review_id, draft, seen)
    set_etag(response, review.row_version)
    return review_read(review, business_date(clock))


@router.delete(
    "/recognitions/{recognition_id}/reviews/{review_id}", status_code=204, summary="更正：删去奖牌登错的考核"
)
async def remove_of_plate(
    recognition_id: UUID,
    review_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    reason: Reason,
    seen: Annotated[str, Depends(if_match)],
) -> None:
    reviewed = await reviewed_plate(session, scope, recognition_id)
    await remove_review(session, clock, principal, reviewed, review_id, reason, seen)
