"""`/snapshot` and `/citations` for services; `/todos`, `/citing-decisions`, `/policies/…/articles/…` for people."""

from datetime import datetime, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from services.kernel.citations import CitedResolution, CitingDecisions
from services.kernel.clock import BUSINESS_ZONE, business_date
from services.kernel.errors import NotFound
from services.kernel.etags import etag_of
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading
from services.kernel.todos import TodoList
from services.registry.api.parameters import AsOf, Paging
from services.registry.auth import RegistryRead, SnapshotRead, UnitsRead
from services.registry.queries.agreement_todos import agreement_todos
from services.registry.queries.citing_decisions import citing_decisions
from services.registry.queries.life_cycle_todos import life_cycle_todos
from services.registry.queries.meetings import cited_resolution
from services.registry.queries.members import MemberFilter, list_members
from services.registry.queries.others import divisions_of, find_article
from services.registry.queries.plate_todos import plate_todos
from services.registry.queries.snapshot import read_snapshot
from services.registry.queries.todos import todos_of
from services.registry.schemas.others import ArticleRead, DivisionsRead, UnitRead
from services.registry.schemas.others import SnapshotRead as SnapshotBody

router = APIRouter()


@router.get("/snapshot", tags=["snapshot"], summary="全部成员和载体的快照（供其他服务）", response_model=SnapshotBody)
async def snapshot(
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: SnapshotRead,
    response: Response,
    if_none_match: Annotated[str | None, Header()] = None,
    as_of: AsOf = None,
) -> Any:
    version, content = await read_snapshot(session, scope, as_of)
    tag = etag_of(version)
    if tag in [given.strip().removeprefix("W/") for given in (if_none_match or "").split(",")]:
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    moment = clock.now() if as_of is None else datetime.combine(as_of, time.min, BUSINESS_ZONE)
    return {"version": version, "as_of": moment, **content}


@router.get("/citations/{resolution_id}", tags=["snapshot"], summary="一项决议，供其他服务的决定引用")
async def citation(resolution_id: UUID, session: Reading, scope: CallerScope, _caller: SnapshotRead) -> CitedResolution:
    found = await cited_resolution(session, scope, resolution_id)
    if found is None:
        raise NotFound("没有这项决议。", code="resolution_not_found")
    return found


@router.get("/citing-decisions", tags=["governance"], summary="依据一项决议的入会、整改、退出和考核处理决定")
async def citing(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    resolution: Annotated[UUID, Query(description="决议；不在册的没有依据它的决定")],
) -> CitingDecisions:
    return await citing_decisions(session, scope, resolution)


@router.get("/todos", tags=["todos"], summary="我的待办")
async def todos(session: Reading, scope: CallerScope, principal: RegistryRead, clock: InjectedClock) -> TodoList:
    of_plates = await plate_todos(session, scope, principal, business_date(clock))
    of_agreements = await agreement_todos(session, scope, principal, business_date(clock))
    of_lives = await life_cycle_todos(session, scope, principal, business_date(clock))
    items = await todos_of(session, scope, principal)
    return TodoList(items=[*items, *of_lives, *of_plates, *of_agreements])


@router.get("/units", tags=["members"], summary="在集团内的成员单位的名称，供选择单位")
async def units(
    session: Reading,
    scope: CallerScope,
    _caller: UnitsRead,
    clock: InjectedClock,
    page: Paging,
    q: Annotated[str | None, Query(max_length=50, description="名称、拼音或代码的一段")] = None,
    as_of: AsOf = None,
) -> Page[UnitRead]:
    asked = MemberFilter(q=q, belonging_on=as_of or business_date(clock))
    rows, cursor, total = await list_members(session, scope, asked, page, as_of)
    return Page(items=[UnitRead.model_validate(row) for row in rows], next_cursor=cursor, total=total)


@router.get("/divisions", tags=["members"], summary="可选的区划和功能区")
async def divisions(session: Reading, scope: CallerScope, _caller: UnitsRead) -> DivisionsRead:
    return await divisions_of(session, scope)


@router.get("/policies/{pack}/articles/{article:path}", tags=["policies"], summary="政策文件的一条（转述）")
async def article(
    pack: str,
    article: str,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
) -> ArticleRead:
    return await find_article(session, scope, pack, article)
