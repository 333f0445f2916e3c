"""`/members/{id}/…`: what a member came from and became; its merger into another, its division into several."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.registry.api.parameters import AsOf
from services.registry.auth import RegistryDecide, RegistryRead, RegistryWrite
from services.registry.commands.divide_member import divide_member
from services.registry.commands.merge_members import merge_members
from services.registry.domain.successions import aliases_after_merger, names_of
from services.registry.queries.members import find_member
from services.registry.queries.successions import in_words, successions_of
from services.registry.queries.touches import touched_by
from services.registry.schemas.successions import (
    Division,
    MemberName,
    Merger,
    MergerPreview,
    Succeeded,
    Successions,
    TouchRead,
)

router = APIRouter(prefix="/members/{member_id}", tags=["members"])


@router.get("/successions", summary="查看合并和拆分的来历")
async def list_(
    member_id: UUID, session: Reading, scope: CallerScope, _caller: RegistryRead, as_of: AsOf = None
) -> Successions:
    await find_member(session, scope, member_id)
    return Successions(items=await successions_of(session, scope, member_id, as_of))


@router.get("/merger-preview", summary="查看合并会带来什么：随同转移的未了事项和名称")
async def preview(
    member_id: UUID,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryWrite,
    into: Annotated[UUID, Query(description="并入哪家成员单位")],
) -> MergerPreview:
    member, successor = await find_member(session, scope, member_id), await find_member(session, scope, into)
    known = names_of(successor)
    after = aliases_after_merger(member, successor)
    gained = [name for name in after if name not in known]
    return MergerPreview(
        predecessor=MemberName(id=member.id, name=member.name),
        successor=MemberName(id=successor.id, name=successor.name),
        touches=[TouchRead.model_validate(touch) for touch in await touched_by(session, scope, member_id)],
        gained_names=gained,
        lost_names=[name for name in names_of(member) if name not in (*known, *gained)],
    )


@router.post("/merger", status_code=201, response_model=Succeeded, summary="并入另一家成员单位")
async def merge(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryDecide,
    once: IdempotentCreate,
    draft: Merger,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made, moved = await merge_members(session, clock, principal, member_id, draft)
    return await once.answer(Succeeded(successions=await in_words(session, scope, [made]), moved=moved))


@router.post("/division", status_code=201, response_model=Succeeded, summary="拆分为几家单位")
async def divide(
    member_id: UUID,
    session: Writing,
    scope: CallerScope,
    clock: InjectedClock,
    principal: RegistryDecide,
    once: IdempotentCreate,
    draft: Division,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made, moved = await divide_member(session, clock, principal, member_id, draft)
    return await once.answer(Succeeded(successions=await in_words(session, scope, made), moved=moved))
