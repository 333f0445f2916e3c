"""`/open-claims`: what of a member's claims still goes on, for the registry before the member leaves."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.kernel.sessions import CallerScope, Reading
from services.subsidies.auth import SnapshotRead
from services.subsidies.queries.open_claims import open_claims_of
from services.subsidies.schemas.claims import OpenClaimRead

router = APIRouter(tags=["claims"])


@router.get("/open-claims", summary="一家单位在办的申报（供其他服务）")
async def open_claims(
    session: Reading,
    scope: CallerScope,
    _caller: SnapshotRead,
    member: Annotated[UUID, Query(description="成员单位")],
) -> list[OpenClaimRead]:
    return await open_claims_of(session, scope, member)
