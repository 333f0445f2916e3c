"""`/leading-industries`: the leading industries with their lead enterprises, and which majors serve them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.registry.api.parameters import AsOf, Paging, Seen
from services.registry.api.workbook_upload import Effective
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.adopt_industries import adopt_industries
from services.registry.commands.change_industry import change_industry
from services.registry.commands.create_industry import create_industry
from services.registry.commands.end_industry import end_industry
from services.registry.commands.end_match import end_match
from services.registry.commands.match_industry import match_industry
from services.registry.queries.industries import find_industry, list_industries, list_matches
from services.registry.queries.major_reads import read_industries, read_matches, read_suggestions
from services.registry.schemas.coverage import (
    AdoptionRead,
    IndustryAdoption,
    IndustryRead,
    IndustryWrite,
    MatchCreate,
    MatchRead,
    SuggestionsRead,
)

router = APIRouter(prefix="/leading-industries", tags=["coverage"])


@router.get("", summary="查询主导产业")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    page: Paging,
    as_of: AsOf = None,
    q: Annotated[str | None, Query(max_length=50, description="名称中的一段")] = None,
) -> Page[IndustryRead]:
    found, cursor, total = await list_industries(session, scope, q, page, as_of)
    return Page(items=await read_industries(session, scope, found, as_of), next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=IndustryRead, summary="登记主导产业")
async def create(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: IndustryWrite,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await create_industry(session, clock, principal, draft)
    headers = {"Location": f"/api/registry/v1/leading-industries/{made.id}", "ETag": etag_of(made.row_version)}
    return await once.answer((await read_industries(session, scope, [made]))[0], headers=headers)


@router.post("/adoption", response_model=AdoptionRead, summary="登记政策文件列出的主导产业")
async def adopt(
    session: Writing, clock: InjectedClock, principal: RegistryWrite, once: IdempotentCreate, draft: IndustryAdoption
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    return await once.answer(await adopt_industries(session, clock, principal, draft.pack), 200)


@router.get("/matches", summary="查询专业与主导产业的对接")
async def matches(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    page: Paging,
    as_of: AsOf = None,
    industry: Annotated[UUID | None, Query(description="主导产业")] = None,
) -> Page[MatchRead]:
    found, cursor, total = await list_matches(session, scope, industry, page, as_of)
    return Page(items=await read_matches(session, scope, found, as_of), next_cursor=cursor, total=total)


@router.post("/matches", status_code=201, response_model=MatchRead, summary="确认一个专业（或一类专业）对接主导产业")
async def match(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: MatchCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await match_industry(session, clock, principal, draft)
    headers = {"Location": "/api/registry/v1/leading-industries/matches", "ETag": etag_of(made.row_version)}
    return await once.answer((await read_matches(session, scope, [made]))[0], headers=headers)


@router.delete("/matches/{match_id}", status_code=204, summary="取消对接")
async def unmatch(
    match_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    seen: Seen,
    effective_on: Effective = None,
) -> None:
    await end_match(session, clock, principal, match_id, effective_on, seen)


@router.get("/suggestions", summary="按名称共有的词建议的对接（确认后才计算）")
async def suggested(session: Reading, scope: CallerScope, _caller: RegistryRead) -> SuggestionsRead:
    return SuggestionsRead(items=await read_suggestions(session, scope))


@router.get("/{industry_id}", summary="查看一个主导产业")
async def get(
    industry_id: UUID,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    response: Response,
    as_of: AsOf = None,
) -> IndustryRead:
    found = await find_industry(session, scope, industry_id, as_of)
    if as_of is None:
        set_etag(response, found.row_version)
    return (await read_industries(session, scope, [found], as_of))[0]


@router.put("/{industry_id}", summary="修改主导产业")
async def update(
    industry_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: IndustryWrite,
    seen: Seen,
    response: Response,
) -> IndustryRead:
    industry = await change_industry(session, clock, principal, industry_id, draft, seen)
    set_etag(response, industry.row_version)
    return (await read_industries(session, scope, [industry]))[0]


@router.delete("/{industry_id}", status_code=204, summary="取消主导产业（连同龙头企业和对接）")
async def end(
    industry_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    seen: Seen,
    effective_on: Effective = None,
) -> None:
    await end_industry(session, clock, principal, industry_id, effective_on, seen)
