"""`/recognitions` of collaborations and members, their withdrawal, and the rules of plates."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.clock import business_date
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.registry.api.collaboration_views import entries, recognition
from services.registry.api.parameters import AsOfToday, Paging
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.add_recognition import add_recognition
from services.registry.commands.recognition_subjects import subject_of, subject_of_collaboration, subject_of_member
from services.registry.commands.withdraw_recognition import withdraw_recognition
from services.registry.domain.collaborations import CollaborationKind
from services.registry.domain.recognitions import RecognitionLevel, RecognitionState
from services.registry.queries.recognitions import (
    RecognitionFilter,
    find_recognition,
    list_recognitions,
    plate_rules,
)
from services.registry.schemas.recognitions import (
    MemberRecognitionCreate,
    PlateRuleRead,
    PlateRules,
    RecognitionCreate,
    RecognitionEntry,
    RecognitionRead,
    RecognitionWithdrawal,
)

router = APIRouter(tags=["recognitions"])


def recognition_filter(
    clock: InjectedClock,
    kind: CollaborationKind | None = None,
    level: RecognitionLevel | None = None,
    state: RecognitionState | None = None,
    member: Annotated[UUID | None, Query(description="授予该成员单位的")] = None,
    collaboration: Annotated[UUID | None, Query(description="授予该合作载体的")] = None,
    plates: Annotated[bool, Query(description="只要会到期的")] = False,
    lapsing: Annotated[bool, Query(description="只要 90 天内到期的")] = False,
    review_due: Annotated[bool, Query(description="只要欠年度考核的")] = False,
    as_of: AsOfToday = None,
) -> RecognitionFilter:
    """The query of the list."""
    return RecognitionFilter(
        as_of or business_date(clock), kind, level, state, member, collaboration, plates, lapsing, review_due
    )


@router.get("/recognitions", summary="查询级别认定和奖牌")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Annotated[RecognitionFilter, Depends(recognition_filter)],
    page: Paging,
    as_of: AsOfToday = None,
) -> Page[RecognitionEntry]:
    found, cursor, total = await list_recognitions(session, scope, asked, page)
    items = await entries(session, scope, found, asked.day, as_of)
    return Page(items=items, next_cursor=cursor, total=total)


@router.post("/recognitions", status_code=201, response_model=RecognitionRead, summary="登记成员单位的认定")
async def recognise_member(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: MemberRecognitionCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    subject = await subject_of_member(session, scope, draft.member, draft.kind)
    grant = await add_recognition(session, clock, principal, subject, draft)
    headers = {"Location": f"/api/registry/v1/recognitions/{grant.id}"}
    return await once.answer(recognition(grant, business_date(clock)), headers=headers)


@router.get("/recognitions/plate-rules", summary="授牌规定：多久考核一次、几年到期")
async def read_plate_rules(
    session: Reading, scope: CallerScope, _caller: RegistryRead, as_of: AsOfToday = None
) -> PlateRules:
    rules = await plate_rules(session, scope, as_of)
    return PlateRules(items=[PlateRuleRead.model_validate(rule) for rule in rules])


@router.get("/recognitions/{recognition_id}", summary="查看一项认定")
async def get(
    recognition_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    as_of: AsOfToday = None,
) -> RecognitionEntry:
    found = await find_recognition(session, scope, recognition_id, as_of)
    return (await entries(session, scope, [found], as_of or business_date(clock), as_of))[0]


@router.post("/recognitions/{recognition_id}/withdrawal", summary="撤销一项认定")
async def withdraw_one(
    recognition_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: RecognitionWithdrawal,
) -> RecognitionRead:
    grant = await find_recognition(session, scope, recognition_id)
    subject = await subject_of(session, scope, grant)
    await withdraw_recognition(session, clock, principal, subject, grant, draft)
    return recognition(grant, business_date(clock))


@router.post(
    "/collaborations/{collaboration_id}/recognitions",
    status_code=201,
    response_model=RecognitionRead,
    summary="登记级别认定",
)
async def recognise(
    collaboration_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: RecognitionCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    subject = await subject_of_collaboration(session, scope, collaboration_id)
    grant = await add_recognition(session, clock, principal, subject, draft)
    headers = {"Location": f"/api/registry/v1/collaborations/{collaboration_id}"}
    return await once.answer(recognition(grant, business_date(clock)), headers=headers)


@router.post("/collaborations/{collaboration_id}/recognitions/{recognition_id}/withdrawal", summary="撤销级别认定")
async def withdraw(
    collaboration_id: UUID,
    recognition_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: RecognitionWithdrawal,
) -> RecognitionRead:
    subject = await subject_of_collaboration(session, scope, collaboration_id)
    grant = await find_recognition(session, scope, recognition_id, collaboration=collaboration_id)
    await withdraw_recognition(session, clock, principal, subject, grant, draft)
    return recognition(grant, business_date(clock))
