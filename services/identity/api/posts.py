"""Posts and who holds them, by the security administrator."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.identity.auth import AccountsRead, PostsGrant
from services.identity.commands.create_post import create_post
from services.identity.commands.end_holding import end_holding
from services.identity.commands.grant_post import grant_post
from services.identity.commands.update_post import update_post
from services.identity.presenting import post_detail, post_read
from services.identity.queries.post_lists import PostFilter, holders_of, list_posts
from services.identity.queries.posts import get_post
from services.identity.schemas.posts import HoldingCreate, HoldingEnd, PostCreate, PostDetail, PostRead, PostUpdate
from services.identity.tables import Post
from services.kernel.audit import audit_read
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.etags import etag_of, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.permissions import Role
from services.kernel.sessions import InjectedClock, Writing

router = APIRouter(prefix="/posts", tags=["posts"])


def post_filter(
    q: Annotated[str | None, Query(max_length=50, description="岗位或单位名称中的一段")] = None,
    role: Role | None = None,
    division: Annotated[str | None, Query(pattern=r"^\d{6}$")] = None,
    member: UUID | None = None,
    active: bool | None = None,
    vacant: Annotated[bool | None, Query(description="今日无人任职")] = None,
) -> PostFilter:
    """The query of a list."""
    return PostFilter(q, role, division, member, active, vacant)


@router.get("", summary="查询岗位")
async def list_(
    principal: AccountsRead,
    session: Writing,
    clock: InjectedClock,
    asked: Annotated[PostFilter, Depends(post_filter)],
    page: Annotated[PageRequest, Depends(page_request)],
) -> Page[PostRead]:
    today = business_date(clock)
    posts, cursor, total = await list_posts(session, principal.alliance, asked, today, page)
    holders = await holders_of(session, principal.alliance, [post.id for post in posts], on=today)
    await audit_read(session, clock, principal, "post", rows=len(posts), query=asked.narrowing)
    items = [post_read(post, next(iter(holders.get(post.id, [])), None)) for post in posts]
    return Page(items=items, next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=PostRead, summary="设立岗位")
async def create(
    principal: PostsGrant, session: Writing, clock: InjectedClock, once: IdempotentCreate, draft: PostCreate
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    post = await create_post(session, clock, principal, draft)
    headers = {"Location": f"/api/identity/v1/posts/{post.id}", "ETag": etag_of(post.row_version)}
    return await once.answer(post_read(post, None), headers=headers)


@router.get("/{post_id}", summary="查看岗位和历任任职人")
async def get(
    post_id: UUID, principal: AccountsRead, session: Writing, clock: InjectedClock, response: Response
) -> PostDetail:
    post = await get_post(session, principal.alliance, post_id)
    await audit_read(session, clock, principal, "post", post_id, rows=1)
    set_etag(response, post.row_version)
    return await _detail(session, clock, post)


@router.patch("/{post_id}", summary="更名、撤销或恢复岗位")
async def update(
    post_id: UUID,
    principal: PostsGrant,
    session: Writing,
    clock: InjectedClock,
    draft: PostUpdate,
    seen: Annotated[str, Depends(if_match)],
    response: Response,
) -> PostDetail:
    post = await update_post(session, clock, principal, post_id, draft, seen)
    set_etag(response, post.row_version)
    return await _detail(session, clock, post)


@router.post("/{post_id}/holdings", status_code=201, response_model=PostDetail, summary="任职（可接替现任）")
async def create_holding(
    post_id: UUID,
    principal: PostsGrant,
    session: Writing,
    clock: InjectedClock,
    once: IdempotentCreate,
    draft: HoldingCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    await grant_post(session, clock, principal, post_id, draft)
    post = await get_post(session, principal.alliance, post_id)
    headers = {"Location": f"/api/identity/v1/posts/{post.id}", "ETag": etag_of(post.row_version)}
    return await once.answer(await _detail(session, clock, post), headers=headers)


@router.post("/{post_id}/holdings/{holding_id}/ending", summary="终止任职（尚未生效的为撤销）")
async def end(
    post_id: UUID,
    holding_id: UUID,
    principal: PostsGrant,
    session: Writing,
    clock: InjectedClock,
    draft: HoldingEnd,
) -> PostDetail:
    await end_holding(session, clock, principal, post_id, holding_id, draft)
    return await _detail(session, clock, await get_post(session, principal.alliance, post_id))


async def _detail(session: WriteSession, clock: Clock, post: Post) -> PostDetail:
    await session.flush()  # what was just changed is read back with the rest
    holders = await holders_of(session, post.alliance, [post.id])
    return post_detail(post, holders.get(post.id, []), business_date(clock))
