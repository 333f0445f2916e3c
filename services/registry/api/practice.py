"""`/practice`: fill the practice alliance with what is on record, and empty there what one's unit keeps."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from services.kernel.alliances import is_practice
from services.kernel.database import Database
from services.kernel.errors import Conflict
from services.kernel.practice import PracticeCaller, PracticeResetRead
from services.kernel.sessions import InjectedClock, Writing, database_of
from services.registry.auth import RegistryWrite
from services.registry.commands.copy_to_practice import copy_to_practice
from services.registry.commands.reset_practice import reset_practice

router = APIRouter(prefix="/practice", tags=["practice"])


class PracticeMembersRead(BaseModel):
    """What the practice alliance now has of the alliance's own records."""

    model_config = ConfigDict(from_attributes=True)

    alliance: str
    members: int
    collaborations: int
    bodies: int
    seats: int
    majors: int
    industries: int


@router.post("/members", summary="把成员单位、合作载体、机构席位、专业和产业复制到练习环境（不含人员）")
async def copy_members(
    session: Writing,
    principal: RegistryWrite,
    clock: InjectedClock,
    database: Annotated[Database, Depends(database_of)],
) -> PracticeMembersRead:
    if is_practice(principal.alliance):
        raise Conflict("请在正式环境中执行：练习环境的名单取自正式登记。", code="in_practice_alliance")
    return PracticeMembersRead.model_validate(await copy_to_practice(database, session, clock, principal))


@router.post("/reset", summary="清空本单位在练习环境中登记的专业、师资和联系人；秘书处还清空机构、会议和产业")
async def reset(session: Writing, principal: PracticeCaller, clock: InjectedClock) -> PracticeResetRead:
    return PracticeResetRead(removed=await reset_practice(session, clock, principal))
