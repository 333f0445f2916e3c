"""`/class-headcounts`: the registry asks how many students a class has."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.kernel.clock import business_date
from services.kernel.sessions import CallerScope, InjectedClock, Reading
from services.subsidies.auth import SnapshotRead
from services.subsidies.queries.headcounts import headcount_of
from services.subsidies.schemas.rosters import HeadcountRead

router = APIRouter(tags=["rosters"])


@router.get("/class-headcounts", summary="一个班在某日的在籍人数（供其他服务）")
async def class_headcount(
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: SnapshotRead,
    school: Annotated[UUID, Query(description="办学学校的成员编号")],
    class_code: Annotated[str, Query(min_length=1, max_length=60, description="班级编号")],
    day: Annotated[date | None, Query(description="哪一天，默认今天")] = None,
) -> HeadcountRead:
    counted_on = day or business_date(clock)
    found = await headcount_of(session, scope, school, class_code, counted_on)
    return HeadcountRead(
        school=school,
        class_code=class_code,
        day=counted_on,
        headcount=found.headcount,
        taken_in_at=found.taken_in_at,
    )
