"""The change feed."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from services.exchange.auth import FeedRead
from services.exchange.domain import EVENT_TYPE, Audience
from services.exchange.queries.changes import feed_page, types_seen
from services.exchange.schemas.changes import ChangeRead, ChangesRead, ChangeTypesRead
from services.kernel.sessions import Reading

router = APIRouter(tags=["changes"])
MOST_CHANGES = 500
Type = Annotated[str, StringConstraints(pattern=EVENT_TYPE, max_length=60)]


@router.get("/changes", summary="变更流：本单位可见的变更，按发生次序")
async def list_changes(
    session: Reading,
    principal: FeedRead,
    after: Annotated[str | None, Query(max_length=200, description="上次得到的 next_cursor；首次不带")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CHANGES, description="最多条数")] = 100,
    types: Annotated[list[Type] | None, Query(alias="type", max_length=50, description="只要这些类型，可重复")] = None,
) -> ChangesRead:
    page = await feed_page(
        session, principal.alliance, Audience.of(principal), after=after, limit=limit, types=types or ()
    )
    items = [ChangeRead.model_validate(change) for change in page.changes]
    return ChangesRead(items=items, next_cursor=page.next_cursor, has_more=page.has_more)


@router.get("/change-types", summary="已发生过的变更类型")
async def list_types(session: Reading, principal: FeedRead) -> ChangeTypesRead:
    return ChangeTypesRead(types=await types_seen(session, principal.alliance, Audience.of(principal)))
