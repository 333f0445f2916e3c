"""The practice alliance (沙箱): a unit empties what it sent there."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.kernel.database import Database
from services.kernel.practice import PracticeResetRead
from services.kernel.sessions import InjectedClock, database_of
from services.subsidies.api.dependencies import WithTools
from services.subsidies.auth import PracticeReset
from services.subsidies.commands.reset_practice import reset_practice

router = APIRouter(tags=["practice"])


@router.post("/practice/reset", summary="清空本单位在练习环境中报送的名册和申报")
async def reset(
    database: Annotated[Database, Depends(database_of)],
    principal: PracticeReset,
    clock: InjectedClock,
    tools: WithTools,
) -> PracticeResetRead:
    """Its own transaction: files go only once their rows are gone for good. One that is left is swept later."""
    async with database.write(principal.alliance) as session:
        emptied = await reset_practice(session, clock, principal)
    for file_id in emptied.files:
        tools.files.delete(file_id)
    return PracticeResetRead(removed=emptied.counts)
