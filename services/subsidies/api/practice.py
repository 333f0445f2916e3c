"""The practice alliance (沙箱): a unit empties what it sent there."""

from fastapi import APIRouter

from services.kernel.practice import PracticeResetRead
from services.kernel.sessions import InjectedClock, Writing
from services.subsidies.api.dependencies import WithTools
from services.subsidies.auth import PracticeReset
from services.subsidies.commands.reset_practice import reset_practice

router = APIRouter(tags=["practice"])


@router.post("/practice/reset", summary="清空本单位在练习环境中报送的名册和申报")
async def reset(
    session: Writing, principal: PracticeReset, clock: InjectedClock, tools: WithTools
) -> PracticeResetRead:
    return PracticeResetRead(removed=await reset_practice(session, clock, principal, tools.files))
